# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of appliances: every row can be planned for, or says why not."""

from __future__ import annotations

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.plugin_utils._path.appliances import APPLIANCES
from ansible_collections.longlived.tcp.plugins.plugin_utils._path.plan import plan


@pytest.mark.parametrize("name", APPLIANCES)
def test_a_row_is_complete(name: str) -> None:
    one = APPLIANCES[name]
    assert one.title and one.source and one.at_expiry
    assert one.fixed or one.varies or one.least <= one.idle_timeout <= one.most


@pytest.mark.parametrize("name", APPLIANCES)
def test_a_row_can_be_planned_for_or_is_refused(name: str) -> None:
    if APPLIANCES[name].counts_probes:
        assert plan([name])["idle_timeout"] == APPLIANCES[name].idle_timeout
    else:
        with pytest.raises(UserError, match="takes no notice of TCP keepalive probes"):
            plan([name])
