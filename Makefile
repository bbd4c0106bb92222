# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
INVENTORY ?=
JOBS ?= 3
ARGS ?=
SCALE ?= 45
NETEM ?=
ANSIBLE_CORE ?= ansible-core>=2.16.19
export PYTHON INVENTORY ARGS ANSIBLE_CORE

NOX = .nox/bootstrap/bin/nox
SESSIONS = .nox/bootstrap/bin/python scripts/sessions.py --jobs $(JOBS)

.PHONY: help
help:  ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

.PHONY: keepalive
keepalive:  ## Keep this host's idle connections alive (INVENTORY=hosts.ini for a fleet, ARGS="--check --diff" to look first)
	@scripts/keepalive keepalive

.PHONY: verify
verify:  ## Verify that this host's idle connections are kept alive, and change nothing (INVENTORY, ARGS as above)
	@scripts/keepalive verify

.PHONY: rollback
rollback:  ## Take out what "make keepalive" sets (INVENTORY, ARGS as above)
	@scripts/keepalive rollback

.PHONY: test
test: $(NOX)  ## Run every test that this machine can run, and name the others
	@$(SESSIONS)

.PHONY: quick
quick: $(NOX)  ## Run what needs neither root nor a test host
	@$(SESSIONS) --tags quick

.PHONY: release
release: $(NOX)  ## Run what a release goes through: sanity, ansible-lint, documentation, changelog, Galaxy's importer
	@$(SESSIONS) --tags release

.PHONY: fuzz
fuzz: $(NOX)  ## Compare with the real programs on generated files (KEEPALIVE_FUZZ_EXAMPLES=10000 for longer)
	@KEEPALIVE_FUZZ_EXAMPLES=$${KEEPALIVE_FUZZ_EXAMPLES:-2000} $(SESSIONS) --tags fuzz

.PHONY: lab
lab: $(NOX)  ## Real clients on paths that drop idle connections (SCALE=1 in earnest, some eleven minutes)
	@$(NOX) -s whole_lab -- --scale $(SCALE) --netem "$(NETEM)" $(if $(filter 1,$(SCALE)),--write)

.PHONY: benchmark
benchmark: $(NOX)  ## The playbooks beside what a user writes today (some 25 minutes on a quiet machine)
	@$(NOX) -s benchmark -- $(ARGS)

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
