# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role as users run it: on the controller, once, whatever the play's hosts are; a look, a run, and nothing left to do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.files import files

from tests.collection import CHECKOUT

from .clusters import AMI, CLUSTER_CONFIG, cluster

PLAY = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.include_role": {"name": "longlived.tcp.eks_keepalive"}}]}]

# Hosts that cannot be reached, with a way to become root that does not work, and a localhost that is another machine.
INVENTORY = """\
[web]
web1 ansible_host=192.0.2.1
web2 ansible_host=192.0.2.2
[all:vars]
ansible_become=true
ansible_become_user=nobody
ansible_become_exe=/nonexistent
ansible_python_interpreter=/nonexistent
[unused]
localhost ansible_connection=ssh ansible_host=192.0.2.3
"""


class Controller:
    """A directory with a playbook, and ansible-playbook."""

    def __init__(self, place: Path, collections: Path) -> None:
        self.place, self.out = place, place / "out"
        self._collections = collections
        (place / "play.yml").write_text(json.dumps(PLAY))
        (place / "inventory").write_text(INVENTORY)
        (place / "elsewhere").mkdir()

    def run(self, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        given = {"output_dir": "out", "kubernetes_version": "1.28", "node_os": "al2023", **variables}
        extra = {f"eks_keepalive_{name}": value for name, value in given.items()}
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(self._collections),
            "ANSIBLE_CONFIG": str(CHECKOUT / "tests" / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.place / "ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_STDOUT_CALLBACK": "default",
            "COLUMNS": "10000",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [sys.executable, "-m", "ansible", "playbook", "--inventory", "../inventory", "--limit", "web", "../play.yml"]
        return subprocess.run(
            [*command, "--extra-vars", json.dumps(extra), *arguments],
            cwd=self.place / "elsewhere",  # paths are relative to the playbook
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def done(self, *arguments: str, **variables: Any) -> str:
        done = self.run(*arguments, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, **variables: Any) -> str:
        done = self.run(**variables)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        # Ansible itself checks the argument specification for each host.
        (failure,) = {re.sub(r"\[.*?\]", "", each, count=1) for each in re.findall(r"fatal: .*", done.stdout)}
        return failure

    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.out.iterdir()}


@pytest.fixture
def controller(tmp_path: Path, collections: Path) -> Controller:
    return Controller(tmp_path, collections)


def changed(output: str) -> list[int]:
    return [int(count) for count in re.findall(r"changed=(\d+)", output)]


def test_a_look_a_run_and_nothing_left_to_do(controller: Controller) -> None:
    variables = {"provisioner": "eksctl", "node_os": "al2", "ami": AMI, "cluster_name": "production", "region": "eu-central-1", "intvl": 30}
    look = controller.done("--check", "--diff", **variables)
    assert changed(look) == [2, 0]
    assert "+    ami: ami-0123456789abcdef0\n" in look
    assert not controller.out.exists()

    assert changed(controller.done(**variables)) == [2, 0]
    wanted = cluster(node_os="al2", provisioner="eksctl", ami=AMI)
    assert controller.files() == {file.name: file.text for file in files(wanted)}

    assert changed(controller.done("--diff", **variables)) == [0, 0]
    assert changed(controller.done("--check", **variables)) == [0, 0]


def test_files_that_are_no_longer_needed_go_and_others_stay(controller: Controller) -> None:
    controller.done()
    (controller.out / "theirs.yaml").write_text(controller.files()["namespace.yaml"])
    (controller.out / "user-data.sh").write_text("#!/bin/sh\n")
    assert {"namespace.yaml", "node-config.yaml"} < set(controller.files())

    assert changed(controller.done("--check", kubernetes_version="1.31"))[0] > 0
    assert {"namespace.yaml", "node-config.yaml"} < set(controller.files())

    controller.done(kubernetes_version="1.31")
    assert sorted(controller.files()) == ["README.md", "kustomization.yaml", "pod-template-patch.yaml", "theirs.yaml", "user-data.sh"]
    assert changed(controller.done(kubernetes_version="1.31")) == [0, 0]


def test_a_path_decides_the_values(controller: Controller) -> None:
    controller.done(path=["nat_gateway"], node_os="bottlerocket", kubernetes_version="1.31")
    patch = yaml.safe_load(controller.files()["pod-template-patch.yaml"])
    values = [each["value"] for each in patch["spec"]["template"]["spec"]["securityContext"]["sysctls"]]
    assert values == ["233", "20", "9"]
    assert '"net.ipv4.tcp_keepalive_time" = "233"' in controller.files()["user-data.toml"]


def test_an_existing_file_is_merged_into_and_stays_as_it_is(controller: Controller) -> None:
    pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    text = CLUSTER_CONFIG + "# {{ not a template }}\n"
    (controller.place / "ours.yaml").write_text(text)
    variables = {"provisioner": "eksctl", "cluster_config": "ours.yaml", "node_groups": ["modern"]}
    controller.done(**variables)
    assert (controller.place / "ours.yaml").read_text() == text
    made = controller.files()["cluster-config.yaml"]
    assert "name: production # ours\n" in made
    assert made.endswith("# {{ not a template }}\n")
    assert "net.ipv4.tcp_keepalive_probes" in yaml.safe_load(made)["managedNodeGroups"][0]["overrideBootstrapCommand"]
    assert changed(controller.done(**variables)) == [0, 0]
    # The result may be given as well.
    assert changed(controller.done(**{**variables, "cluster_config": "out/cluster-config.yaml"})) == [0, 0]


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"kubernetes_version": "1.31", "host_network": True, "pod_security_version": "v1.28", "tiem": 45},
        [
            "The role has no variable eks_keepalive_tiem: did you mean eks_keepalive_time?",
            "a pod with hostNetwork may set no net.* sysctl",
            "label pod-security.kubernetes.io/enforce-version to v1.29 or later",
        ],
    ),
    ({"node_os": "al2", "kubernetes_version": "1.33"}, ["There is no EKS AMI of Amazon Linux 2 for Kubernetes 1.33"]),
    ({"node_os": "al2", "provisioner": "eksctl", "cluster_name": "a", "region": "eu-central-1"}, ["only together with an AMI"]),
    ({"kubernetes_version": 1.30}, ["write it in quotes, as in '1.30'"]),
    ({"time": 0}, ["eks_keepalive_time is 0, and must be a whole number from 1 to 32767 seconds."]),
    ({"path": ["alb"]}, ["alb takes no notice of TCP keepalive probes"]),
    ({"node_os": "ubuntu"}, ["value of eks_keepalive_node_os must be one of: al2, al2023, bottlerocket"]),
    ({"provisioner": "eksctl", "cluster_config": "rocket.yaml", "node_os": "bottlerocket"}, ["Bottlerocket runs no bootstrap command"]),
]


@pytest.mark.parametrize(("variables", "says"), REFUSED)
def test_refuses_before_anything_is_written(controller: Controller, variables: dict[str, Any], says: list[str]) -> None:
    rocket = {"name": "rocket", "amiFamily": "Bottlerocket", "overrideBootstrapCommand": "true"}
    (controller.place / "rocket.yaml").write_text(yaml.safe_dump({"kind": "ClusterConfig", "managedNodeGroups": [rocket]}))
    failure = controller.refused(**variables)
    for part in says:
        assert part in failure
    assert not controller.out.exists()


def test_a_file_of_somebody_else_is_not_replaced(controller: Controller) -> None:
    controller.out.mkdir()
    (controller.out / "README.md").write_text("# Mine\n")
    assert "README.md would be replaced, but was not made by this role: move it away" in controller.refused()
    assert controller.files() == {"README.md": "# Mine\n"}
