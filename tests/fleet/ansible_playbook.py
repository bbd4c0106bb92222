# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook as a process that stays: most of what one host's run takes is importing Ansible, and there are many runs.

Reads lines `{"arguments": [...], "output": PATH, "results": PATH}`. Each is a run in a process of its own, forked from this
one, which has imported Ansible and done nothing else; its exit status is the line that is answered.
"""

from __future__ import annotations

import json
import os
import sys

from ansible.cli.playbook import main
from ansible.executor.playbook_executor import PlaybookExecutor
from ansible.executor.task_queue_manager import TaskQueueManager

# What a run imports only when it needs it.
IMPORTED = PlaybookExecutor, TaskQueueManager


def run(arguments: list[str], output: str, results: str) -> None:
    os.environ["FLEET_RESULTS"] = results
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    status = 1
    try:
        main(["ansible-playbook", *arguments])
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not by the end of the interpreter: what this process and its parent share is the parent's to remove.
        os._exit(status)


def serve() -> None:
    # Not Python's own reader: after a fork, two processes would have what it has read ahead.
    with os.fdopen(os.dup(0), "rb", buffering=0) as requests, os.fdopen(os.dup(1), "w") as answers:
        while line := requests.readline():
            child = os.fork()
            if child == 0:
                run(**json.loads(line))
            _pid, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


if __name__ == "__main__":
    serve()
