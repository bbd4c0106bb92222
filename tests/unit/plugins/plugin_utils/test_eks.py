# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an EKS cluster needs: just these files, and refusals that say why and what to do instead."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks import SYSCTLS, EksError, described, misspelt, not_needed, refusals
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks_files import MARK, NAMES, File, files, foreign, leftovers

AMI = "ami-0123456789abcdef0"

# What every pod needs.
PODS = ["README.md", "pod-template-patch.yaml", "kustomization.yaml"]


def cluster(**changes: Any) -> Any:
    """A cluster that needs nothing but the pods' files, with these changes."""
    given: dict[str, Any] = {
        "kubernetes_version": "1.31",
        "node_os": "al2023",
        "provisioner": "none",
        "values": {"time": 45, "intvl": 30, "probes": 9},
        "cluster_name": "production",
        "region": "eu-central-1",
    }
    for name in ("cluster_config", "node_config"):
        if isinstance(changes.get(name), str):
            changes[name] = {"path": f"{name}.yaml", "text": changes[name]}
    return described({**given, **changes})


def text_of(made: list[File], name: str) -> str:
    return next(file.text for file in made if file.name == name)


NEEDED: list[tuple[str, str, str, list[str]]] = [
    ("1.28", "al2", "eksctl", ["namespace.yaml", "cluster-config.yaml"]),
    ("1.28", "al2", "karpenter", ["namespace.yaml", "ec2nodeclass.yaml"]),
    ("1.28", "al2", "launch_template", ["namespace.yaml", "user-data.mime"]),
    ("1.28", "al2", "none", ["namespace.yaml", "user-data.sh"]),
    ("1.28", "al2023", "eksctl", ["namespace.yaml", "cluster-config.yaml"]),
    ("1.28", "al2023", "karpenter", ["namespace.yaml", "ec2nodeclass.yaml"]),
    ("1.28", "al2023", "launch_template", ["namespace.yaml", "user-data.mime"]),
    ("1.28", "al2023", "none", ["namespace.yaml", "node-config.yaml"]),
    ("1.28", "bottlerocket", "eksctl", ["namespace.yaml", "cluster-config.yaml"]),
    ("1.28", "bottlerocket", "karpenter", ["namespace.yaml", "ec2nodeclass.yaml"]),
    ("1.28", "bottlerocket", "launch_template", ["namespace.yaml", "user-data.toml"]),
    ("1.28", "bottlerocket", "none", ["namespace.yaml", "user-data.toml"]),
    # From 1.29 on every kubelet and every namespace allows it.
    ("1.29", "al2", "eksctl", []),
    ("1.29", "al2", "launch_template", []),
    ("1.29", "al2023", "eksctl", []),
    ("1.29", "al2023", "karpenter", []),
    ("v1.29.3-eks-1234567", "al2023", "none", []),
    # Bottlerocket's settings are the only place for the node's own values.
    ("1.29", "bottlerocket", "eksctl", ["cluster-config.yaml"]),
    ("1.35", "bottlerocket", "karpenter", ["ec2nodeclass.yaml"]),
    ("1.35", "bottlerocket", "none", ["user-data.toml"]),
]


@pytest.mark.parametrize(("version", "node_os", "provisioner", "expected"), NEEDED)
def test_just_the_files_that_are_needed(version: str, node_os: str, provisioner: str, expected: list[str]) -> None:
    made = files(cluster(kubernetes_version=version, node_os=node_os, provisioner=provisioner, ami=AMI))
    assert [file.name for file in made] == PODS + expected
    assert set(PODS + expected) <= set(NAMES)


@pytest.mark.parametrize(("version", "node_os", "provisioner", "expected"), NEEDED)
def test_the_readme_names_every_file_and_only_these(version: str, node_os: str, provisioner: str, expected: list[str]) -> None:
    made = files(cluster(kubernetes_version=version, node_os=node_os, provisioner=provisioner, ami=AMI))
    readme = text_of(made, "README.md")
    assert [name for name in NAMES if f"[{name}]" in readme] == [name for name in NAMES if name in {file.name for file in made[1:]}]
    for what, why in not_needed(cluster(kubernetes_version=version, node_os=node_os)):
        assert f"- {what}: {why}\n" in readme
    assert ("A kubelet flag" in readme) == (not expected or expected[0] != "namespace.yaml")
    assert ("`longlived.tcp.keepalive`" in readme) == (node_os != "bottlerocket")


GIVEN = "kind: ClusterConfig\n"
REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"kubernetes_version": "1.24"}, ["eks_keepalive_kubernetes_version is 1.24", "PodSecurityPolicy", "upgrade the cluster to 1.25"]),
    ({"kubernetes_version": "1.3"}, ["eks_keepalive_kubernetes_version is 1.3", "in quotes, as in '1.30'"]),
    ({"kubernetes_version": "newest"}, ["eks_keepalive_kubernetes_version is newest", "such as '1.31'"]),
    ({"node_os": "ubuntu"}, ["eks_keepalive_node_os is ubuntu", "al2, al2023, bottlerocket"]),
    ({"provisioner": "kops"}, ["eks_keepalive_provisioner is kops", "eksctl, karpenter, launch_template, none"]),
    ({"ami": "latest"}, ["eks_keepalive_ami is latest", "such as ami-"]),
    ({"cluster_name": "a; reboot"}, ["eks_keepalive_cluster_name is a; reboot"]),
    ({"region": "Frankfurt"}, ["eks_keepalive_region is Frankfurt"]),
    ({"namespace": "Jobs"}, ["eks_keepalive_namespace is Jobs"]),
    ({"node_groups": ["a b"]}, ["eks_keepalive_node_groups has a b"]),
    ({"host_network": True}, ["eks_keepalive_host_network is true", "may set no net.* sysctl", "role keepalive"]),
    ({"host_network": True, "node_os": "bottlerocket"}, ["may set no net.* sysctl", "by the Bottlerocket settings"]),
    ({"pod_security_version": "v1.28"}, ["eks_keepalive_pod_security_version is v1.28", "enforce-version to v1.29 or later"]),
    ({"pod_security_version": "1.25"}, ["eks_keepalive_pod_security_version is 1.25", "or to latest"]),
    ({"pod_security_version": "old"}, ["eks_keepalive_pod_security_version is old"]),
    (
        {"node_os": "al2", "kubernetes_version": "1.33"},
        ["no EKS AMI of Amazon Linux 2 for Kubernetes 1.33", "1.32 was the last", "eks_keepalive_ami"],
    ),
    (
        {"node_os": "al2", "kubernetes_version": "1.28", "provisioner": "eksctl"},
        ["only together with an AMI", "eks_keepalive_ami", "use al2023 or bottlerocket"],
    ),
    ({"cluster_config": GIVEN}, ["eks_keepalive_cluster_config is a file of eksctl's", "eks_keepalive_provisioner is none"]),
    ({"node_config": GIVEN, "node_os": "bottlerocket"}, ["eks_keepalive_node_config is read by nodeadm", "leave it out"]),
    ({"node_config": GIVEN, "cluster_config": GIVEN, "provisioner": "eksctl"}, ["put it there, and give the ClusterConfig only"]),
    ({"kubernetes_version": "1.28", "provisioner": "eksctl", "region": ""}, ["eks_keepalive_region is needed for the nodes of eksctl"]),
    ({"kubernetes_version": "1.28", "provisioner": "karpenter", "cluster_name": ""}, ["eks_keepalive_cluster_name is needed"]),
    (
        {"kubernetes_version": "1.28", "provisioner": "launch_template", "node_os": "al2", "ami": AMI, "cluster_name": ""},
        ["eks_keepalive_cluster_name is needed"],
    ),
]


@pytest.mark.parametrize(("changes", "says"), REFUSED)
def test_refuses_with_the_reason_and_the_remedy(changes: dict[str, Any], says: list[str]) -> None:
    (sentence,) = refusals(cluster(**changes))
    for part in says:
        assert part in sentence
    assert sentence.endswith(".")
    with pytest.raises(EksError, match=r"eks_keepalive_|AMI"):
        files(cluster(**changes))


ALLOWED: list[dict[str, Any]] = [
    {"pod_security_version": "latest"},
    {"pod_security_version": "v1.29"},
    # Before 1.29 the namespace is privileged, whichever version its label pins.
    {"pod_security_version": "v1.25", "kubernetes_version": "1.28"},
    {"node_os": "al2", "kubernetes_version": "1.33", "ami": AMI},
    {"node_os": "al2", "kubernetes_version": "1.32", "provisioner": "eksctl"},
    {"node_os": "al2", "kubernetes_version": "1.28", "provisioner": "karpenter"},
    {"provisioner": "eksctl", "cluster_name": "", "region": ""},
]


@pytest.mark.parametrize("changes", ALLOWED)
def test_refuses_nothing_that_works(changes: dict[str, Any]) -> None:
    assert refusals(cluster(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"node_so": "al2"}, "correct node_so"),
        ({"node_os": None}, "correct node_os"),
        ({"values": {"time": 45}}, "with time, intvl and probes"),
        ({"values": {"time": 0, "intvl": 30, "probes": 9}}, "eks_keepalive_time is 0, and must be a whole number from 1 to 32767 seconds"),
        ({"values": {"time": 45, "intvl": 30, "probes": "many"}}, "eks_keepalive_probes is many"),
    ],
)
def test_a_description_is_complete(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(EksError, match=says):
        cluster(**changes)


KNOWN = ["eks_keepalive_node_os", "eks_keepalive_time"]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (KNOWN, []),
        (["eks_keepalive_tiem"], ["The role has no variable eks_keepalive_tiem: did you mean eks_keepalive_time?"]),
        (["eks_keepalive_xyz"], [f"The role has no variable eks_keepalive_xyz: it knows {', '.join(KNOWN)}."]),
    ],
)
def test_misspelt_variables(names: list[str], says: list[str]) -> None:
    assert misspelt(names, KNOWN) == says


# --- merging -------------------------------------------------------------------------------------

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


# --- what lies in the directory ------------------------------------------------------------------


@pytest.mark.parametrize(("version", "node_os", "provisioner", "expected"), NEEDED)
def test_every_file_is_known_again(tmp_path: Path, version: str, node_os: str, provisioner: str, expected: list[str]) -> None:
    made = files(cluster(kubernetes_version=version, node_os=node_os, provisioner=provisioner, ami=AMI))
    for file in made:
        (tmp_path / file.name).write_text(file.text)
    (tmp_path / "theirs.yaml").write_text(made[0].text)
    assert foreign(str(tmp_path), made) == []
    assert leftovers(str(tmp_path), made) == []
    assert sorted(leftovers(str(tmp_path), [])) == sorted(str(tmp_path / file.name) for file in made)


def test_a_file_that_is_not_ours_is_neither_replaced_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Mine\n")
    (tmp_path / "namespace.yaml").write_text("# Theirs, with a quotation below.\n" * 10 + f"# {MARK}\n")
    assert foreign(str(tmp_path), files(cluster())) == [str(tmp_path / "README.md")]
    assert leftovers(str(tmp_path), files(cluster())) == []
