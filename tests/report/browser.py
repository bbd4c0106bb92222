# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report's page in headless Chromium, used as a person uses it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

PROGRAM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=1400,900",
)  # fmt: skip


class Page:
    """An opened page; what a person does and sees."""

    def __init__(self, driver: webdriver.Chrome, path: Path) -> None:
        self.driver = driver
        self.open(path)

    def open(self, path: Path, address: str = "") -> None:
        self.driver.get("about:blank")
        self.driver.get(f"file://{path}{address}")
        self.until(lambda: self.driver.execute_script("return document.body.dataset.ready"))

    def until(self, condition: Any, seconds: float = 30) -> None:
        WebDriverWait(self.driver, seconds, 0.02).until(lambda _driver: condition())

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        self.find(selector).click()

    def type(self, text: str) -> None:
        field = self.find("#query")
        field.clear()
        field.send_keys(text or " ")

    def tiles(self) -> dict[str, int]:
        return {
            str(one.get_attribute("data-tile")): int(one.find_element(By.TAG_NAME, "b").text.replace(",", ""))
            for one in self.all("#tiles button")
        }

    def rows(self) -> list[list[str]]:
        """What the table shows, as text."""
        script = "return [...document.querySelectorAll('#view tbody tr')].map(row => [...row.cells].map(cell => cell.innerText))"
        found: list[list[str]] = self.driver.execute_script(script)
        return found

    def hosts(self) -> list[str]:
        return [row[0] for row in self.rows()]

    def add(self, *paths: Path) -> str:
        """Choose further files; the note that follows."""
        before = self.find("#note").text
        self.find("#file").send_keys("\n".join(map(str, paths)))
        self.until(lambda: self.find("#note").text not in ("", before))
        return self.find("#note").text

    def measures(self, name: str) -> list[float]:
        """Milliseconds by the page's own marks."""
        found: list[float] = self.driver.execute_script(
            f"return performance.getEntriesByName({json.dumps(name)}).map(one => one.duration || one.startTime)"
        )
        return found

    def complaints(self) -> list[str]:
        """What the browser's console says, as of a policy that is violated."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]


@contextmanager
def started(directory: Path) -> Iterator[webdriver.Chrome]:
    options = Options()
    assert PROGRAM
    options.binary_location = PROGRAM
    for argument in (*ARGUMENTS, f"--user-data-dir={directory / 'profile'}"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(directory / "downloads")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()
