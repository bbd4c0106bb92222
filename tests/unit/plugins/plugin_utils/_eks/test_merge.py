# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is merged into files that are there: comments and all else stay."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.cluster import SYSCTLS, EksError
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.files import MARK, files

from .clusters import cluster, text_of

NODE_CONFIG = """\
# ours
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  kubelet:
    config:
      maxPods: 20 # because
      # needed by the proxy
      allowedUnsafeSysctls:
      - "net.core.somaxconn"   # by ticket 5
    flags:
    - --node-labels=a=b
"""
ADDED = "".join(f"      - {name}\n" for name in SYSCTLS)

ALL_ALLOWED = "spec: {kubelet:   {config: {allowedUnsafeSysctls: [ 'net.*' ]}}}  # all\n"

# Below an empty line, and indented as a whole.
INDENTED = f"\n  kind: NodeConfig\n  {ALL_ALLOWED}"

NODE_CONFIGS: list[tuple[str, str]] = [
    (NODE_CONFIG, NODE_CONFIG.replace("# by ticket 5\n", "# by ticket 5\n" + ADDED)),
    # All that is needed is there: the very bytes stay.
    ("kind:   NodeConfig\n" + ALL_ALLOWED, "kind:   NodeConfig\n" + ALL_ALLOWED),
    (NODE_CONFIG.replace("net.core.somaxconn", "net.ipv4.tcp_keep*"), NODE_CONFIG.replace("net.core.somaxconn", "net.ipv4.tcp_keep*")),
    # The kubelet takes the flag, and not its configuration.
    (
        NODE_CONFIG.replace("--node-labels=a=b", "--allowed-unsafe-sysctls=net.core.somaxconn"),
        NODE_CONFIG.replace("--node-labels=a=b", f"--allowed-unsafe-sysctls=net.core.somaxconn,{','.join(SYSCTLS)}"),
    ),
    (
        "kind: NodeConfig # bare\n",
        "kind: NodeConfig # bare\nspec:\n  kubelet:\n    config:\n      allowedUnsafeSysctls:\n" + ADDED,
    ),
]


@pytest.mark.parametrize(("before", "after"), NODE_CONFIGS)
def test_a_node_config_keeps_its_comments(before: str, after: str) -> None:
    pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    made = files(cluster(kubernetes_version="1.28", node_config=before))
    mark, _newline, text = text_of(made, "node-config.yaml").partition("\n")
    assert mark.startswith("# Made by")
    assert text == after
    again = files(cluster(kubernetes_version="1.28", node_config=text_of(made, "node-config.yaml")))
    assert text_of(again, "node-config.yaml") == text_of(made, "node-config.yaml")


@pytest.mark.parametrize("name", ["user-data.mime", "node-config.yaml"])
@pytest.mark.parametrize("mark", ["", f"# {MARK}\n"])
def test_a_node_config_with_all_that_is_needed_gets_the_mark_once(name: str, mark: str) -> None:
    pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    provisioner = "launch_template" if name == "user-data.mime" else "none"
    made = files(cluster(kubernetes_version="1.28", provisioner=provisioner, node_config=mark + INDENTED))
    assert text_of(made, name).count(MARK) == 1
    assert f"# {MARK}\n{INDENTED}" in text_of(made, name)


CLUSTER_CONFIG = """\
# Our cluster
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig

metadata:
  name: production   # do not rename
  region: eu-central-1

managedNodeGroups:
  # Amazon Linux 2023 is eksctl's default
  - name: modern
    instanceType: m7g.large # cheap
  - name: modern-disks
    overrideBootstrapCommand: |
      # fast disks
      apiVersion: node.eks.aws/v1alpha1
      kind: NodeConfig
      spec:
        instance:
          localStorage:
            strategy: RAID0 # all of them
  - name: old
    ami: ami-0000000000000000a
    amiFamily: AmazonLinux2
  - name: rocket
    amiFamily: Bottlerocket
    bottlerocket:
      settings:
        motd: "hello"
        kernel:
          sysctl:
            net.ipv4.tcp_keepalive_time: 7200 # too long
nodeGroups:
  - name: own
    kubeletExtraConfig:
      maxPods: 30 # few
  - name: own-old
    amiFamily: AmazonLinux2
"""

MERGED: list[tuple[dict[str, Any], list[str], list[str]]] = [
    # What is asked for, what has to be there, and the groups that stay as they are.
    (
        {"node_os": "al2023"},
        ["kind: NodeConfig\n", "strategy: RAID0 # all of them\n        kubelet:\n", "maxPods: 30 # few\n      allowedUnsafeSysctls:\n"],
        ["old", "rocket", "own-old"],
    ),
    (
        {"node_os": "al2023", "node_groups": ["own"]},
        ["      allowedUnsafeSysctls:\n"],
        ["modern", "modern-disks", "old", "rocket", "own-old"],
    ),
    (
        {"node_os": "al2"},
        [
            "/etc/eks/bootstrap.sh production --kubelet-extra-args '--allowed-unsafe-sysctls=net.ipv4.tcp_keepalive_time,",
            "kubeletExtraConfig:\n",
        ],
        ["modern", "modern-disks", "rocket", "own"],
    ),
    (
        {"node_os": "bottlerocket"},
        ['net.ipv4.tcp_keepalive_time: "45" # too long\n', '"net.ipv4.tcp_keepalive_probes": "9"\n', "allowed-unsafe-sysctls:\n"],
        ["modern", "modern-disks", "old", "own", "own-old"],
    ),
    ({"node_os": "bottlerocket", "kubernetes_version": "1.30"}, ['"net.ipv4.tcp_keepalive_intvl": "30"\n'], ["modern", "old", "own"]),
]


def groups(text: str) -> dict[str, Any]:
    yaml = pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    document = yaml.YAML(typ="safe").load(text)
    return {group["name"]: group for kind in ("managedNodeGroups", "nodeGroups") for group in document[kind]}


@pytest.mark.parametrize(("changes", "parts", "untouched"), MERGED)
def test_a_cluster_config_keeps_its_comments_and_other_groups(changes: dict[str, Any], parts: list[str], untouched: list[str]) -> None:
    given: dict[str, Any] = {"kubernetes_version": "1.28", "provisioner": "eksctl", "cluster_name": "", **changes}
    text = text_of(files(cluster(cluster_config=CLUSTER_CONFIG, **given)), "cluster-config.yaml")
    for part in parts:
        assert part in text
    assert ("allowed-unsafe-sysctls:" in text) == (given["node_os"] == "bottlerocket" and given["kubernetes_version"] == "1.28")
    rest = iter(text.splitlines())
    for line in CLUSTER_CONFIG.replace(": 7200 #", ': "45" #' if given["node_os"] == "bottlerocket" else ": 7200 #").splitlines():
        assert line in rest, line  # in this order
    for name in untouched:
        assert groups(text)[name] == groups(CLUSTER_CONFIG)[name]
    # Once more, with the result: nothing is left to do.
    assert text_of(files(cluster(cluster_config=text, **given)), "cluster-config.yaml") == text


def with_old(line: str) -> str:
    return CLUSTER_CONFIG.replace("    ami: ami-0000000000000000a\n", line)


FLAG = f"--allowed-unsafe-sysctls={','.join(SYSCTLS)}"
OWN_SCRIPT = "    ami: ami-0000000000000000a\n    overrideBootstrapCommand: /etc/eks/bootstrap.sh production\n"

NOT_MERGED: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"node_os": "al2", "cluster_config": with_old("")},
        ["Node group old in cluster_config.yaml", "only together with an AMI", "eks_keepalive_ami"],
    ),
    ({"node_os": "al2", "cluster_config": with_old(OWN_SCRIPT)}, ["overrideBootstrapCommand of its own", FLAG, "--kubelet-extra-args"]),
    (
        {"node_os": "al2", "cluster_config": with_old("    launchTemplate: {id: lt-1}\n")},
        ["has a launchTemplate", "eks_keepalive_provisioner: launch_template"],
    ),
    (
        {
            "node_os": "bottlerocket",
            "cluster_config": CLUSTER_CONFIG.replace("    bottlerocket:\n", "    preBootstrapCommands: [a]\n    bottlerocket:\n"),
        },
        ["Node group rocket", "has preBootstrapCommands", "Bottlerocket runs no bootstrap command"],
    ),
    (
        {
            "node_os": "bottlerocket",
            "cluster_config": CLUSTER_CONFIG.replace("    bottlerocket:\n", "    overrideBootstrapCommand: a\n    bottlerocket:\n"),
        },
        ["has overrideBootstrapCommand", "remove it"],
    ),
    (
        {"node_os": "al2023", "node_groups": ["old"]},
        ["no node group old with amiFamily AmazonLinux2023", "it has modern, modern-disks, own"],
    ),
    (
        {"cluster_config": CLUSTER_CONFIG.replace("Bottlerocket", "AmazonLinux2"), "node_os": "bottlerocket"},
        ["no node group with amiFamily Bottlerocket"],
    ),
    ({"node_os": "al2", "cluster_config": CLUSTER_CONFIG.replace("production", "a; reboot")}, ["Node group old", "correct metadata.name"]),
    ({"cluster_config": "kind: Deployment\n"}, ["cluster_config.yaml is no ClusterConfig"]),
    ({"cluster_config": "a: [\n"}, ["cluster_config.yaml is no YAML document"]),
    ({"cluster_config": CLUSTER_CONFIG.replace("region:", 'version: "1.27"\n  region:')}, ["Kubernetes 1.27", "make them the same"]),
    (
        {"cluster_config": CLUSTER_CONFIG.replace("kind: NodeConfig", "kind: Pod")},
        ["overrideBootstrapCommand of node group modern-disks", "is no NodeConfig"],
    ),
]


@pytest.mark.parametrize(("changes", "says"), NOT_MERGED)
def test_refuses_what_cannot_be_merged(changes: dict[str, Any], says: list[str]) -> None:
    pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    with pytest.raises(EksError) as refusal:
        files(cluster(**{"kubernetes_version": "1.28", "provisioner": "eksctl", "cluster_config": CLUSTER_CONFIG, **changes}))
    for part in says:
        assert part in str(refusal.value)


def test_a_script_that_has_the_flag_stays_as_it_is() -> None:
    pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    given = with_old(
        f"    ami: ami-0000000000000000a\n    overrideBootstrapCommand: /etc/eks/bootstrap.sh production --kubelet-extra-args '{FLAG}'\n"
    )
    made = files(cluster(kubernetes_version="1.28", provisioner="eksctl", node_os="al2", node_groups=["old"], cluster_config=given))
    assert text_of(made, "cluster-config.yaml").partition("\n")[2] == given


def test_a_list_that_the_other_would_replace_is_taken_over() -> None:
    pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    own = "    overrideBootstrapCommand: 'kind: NodeConfig'\n    kubeletExtraConfig:\n      allowedUnsafeSysctls: [net.core.somaxconn]\n"
    given = CLUSTER_CONFIG.replace("    kubeletExtraConfig:\n", own)
    made = files(cluster(kubernetes_version="1.28", provisioner="eksctl", node_groups=["own"], cluster_config=given))
    assert "- net.core.somaxconn" in groups(text_of(made, "cluster-config.yaml"))["own"]["overrideBootstrapCommand"]


def test_without_ruamel_a_sentence_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("ruamel"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EksError, match="needs ruamel.yaml, which .* has not: install it there") as refusal:
        files(cluster(kubernetes_version="1.28", node_config=NODE_CONFIG))
    assert sys.executable in str(refusal.value)
    # A cluster that needs nothing in it does not need it either, and neither does one without such a file.
    files(cluster(kubernetes_version="1.29", node_config=NODE_CONFIG))
    files(cluster(kubernetes_version="1.28"))
