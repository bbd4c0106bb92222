# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
INVENTORY ?=
ARGS ?=
ANSIBLE_CORE ?= ansible-core>=2.16.19
export PYTHON INVENTORY ARGS ANSIBLE_CORE

NOX = .nox/bootstrap/bin/nox

.PHONY: help
help:  ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

.PHONY: keepalive
keepalive:  ## Keep this host's idle connections alive (INVENTORY=hosts.ini for a fleet, ARGS="--check --diff" to look first)
	@scripts/keepalive

.PHONY: test
test: $(NOX)  ## Run every test that this machine can run, and name the others
	@scripts/report-not-run $(NOX)

.PHONY: quick
quick: $(NOX)  ## Run what needs neither root nor a test host
	@scripts/report-not-run $(NOX) --tags quick

.PHONY: fuzz
fuzz: $(NOX)  ## Compare with the real programs on generated files (KEEPALIVE_FUZZ_EXAMPLES=10000 for longer)
	@KEEPALIVE_FUZZ_EXAMPLES=$${KEEPALIVE_FUZZ_EXAMPLES:-2000} scripts/report-not-run $(NOX) --tags fuzz

.PHONY: hosts-down
hosts-down:  ## Take down every test host, also after a crash
	@$(PYTHON) -m tests.hosts down --all

.PHONY: clean
clean:  ## Remove what was set up in this checkout
	rm -rf .venv .nox

$(NOX): tests/requirements.txt
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make test: $(PYTHON) has no venv module: install it (on Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 2; }
	@rm -rf .nox/bootstrap
	@$(PYTHON) -m venv .nox/bootstrap
	@.nox/bootstrap/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $(NOX)
