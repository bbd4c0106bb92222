# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's engine as a process: a line `{"host": ..., "task": ...}` in, a line with the result out."""

from __future__ import annotations

import json
import os
import sys

from ansible import context
from ansible.executor.task_queue_manager import TaskQueueManager
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.plugins.loader import init_plugin_loader
from ansible.vars.manager import VariableManager


def main(inventory_path: str) -> None:
    # Only the callback plugin may write where the results are read.
    os.environ["KEEPALIVE_RESULTS"] = str(os.dup(1))
    os.dup2(2, 1)
    init_plugin_loader()
    context.CLIARGS = ImmutableDict(connection="ssh", become_method="sudo", forks=1, diff=True, check=False, verbosity=0)
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[inventory_path])
    variables = VariableManager(loader=loader, inventory=inventory)
    for line in sys.stdin:
        asked = json.loads(line)
        play = Play().load(
            {"hosts": asked["host"], "gather_facts": False, "tasks": [asked["task"]]}, variable_manager=variables, loader=loader
        )
        queue = TaskQueueManager(inventory=inventory, variable_manager=variables, loader=loader, passwords={})
        try:
            queue.run(play)
        finally:
            queue.cleanup()


main(sys.argv[1])
