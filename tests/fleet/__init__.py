# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible on many hosts at once, each in another state: what is said of one and done to it depends on that one alone."""

from tests import collection

collection.put_in_place()
