# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One synchronous invocation with boto3, which reads ~/.aws/config: `boto3_invoke.py ENDPOINT FUNCTION PATIENCE`."""

from __future__ import annotations

import json
import sys

import boto3
from botocore import exceptions
from botocore.config import Config


def ask(endpoint: str, function: str, patience: float) -> tuple[str, str]:
    once = Config(read_timeout=patience, connect_timeout=patience, retries={"total_max_attempts": 1})
    client = boto3.client("lambda", endpoint_url=endpoint, config=once)
    try:
        return "answer", client.invoke(FunctionName=function)["Payload"].read().decode()
    except exceptions.ReadTimeoutError as error:
        return "timeout", str(error)
    except (exceptions.ConnectionClosedError, exceptions.ConnectionError) as error:
        return "reset", str(error)


if __name__ == "__main__":
    outcome, detail = ask(sys.argv[1], sys.argv[2], float(sys.argv[3]))
    print(json.dumps({"outcome": outcome, "detail": detail}))
