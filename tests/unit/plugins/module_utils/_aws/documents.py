# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of ~/.aws/config, and what is refused."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._aws import config
from ansible_collections.longlived.tcp.plugins.module_utils._aws.text import AwsConfigError

ON = {"tcp_keepalive": True}


def parse(text):
    return config.parse(None if text is None else text.encode("utf-8"), "config")


def refusal(function, *arguments):
    with pytest.raises(AwsConfigError) as caught:
        function(*arguments)
    return str(caught.value)
