# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files for pods and their namespace: valid for every version of Kubernetes, and as kubectl and kustomize apply them."""

from __future__ import annotations

import copy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.cluster import SYSCTLS

from .clusters import MINORS, VALUES, text_for

POD = {"containers": [{"name": "main", "image": "busybox"}], "securityContext": {"runAsUser": 1000}, "restartPolicy": "Never"}
RUNNING = {**POD, "restartPolicy": "Always"}
TEMPLATE = {"metadata": {"labels": {"app": "it"}}, "spec": RUNNING}
SELECTED = {"selector": {"matchLabels": {"app": "it"}}, "template": TEMPLATE}
JOB = {"template": {**TEMPLATE, "spec": POD}}

# The kinds of workload that kustomize is told to patch: where each has its pods' spec.
WORKLOADS = {
    "Deployment": ("apps/v1", ("spec", "template", "spec")),
    "StatefulSet": ("apps/v1", ("spec", "template", "spec")),
    "DaemonSet": ("apps/v1", ("spec", "template", "spec")),
    "Job": ("batch/v1", ("spec", "template", "spec")),
    "CronJob": ("batch/v1", ("spec", "jobTemplate", "spec", "template", "spec")),
}

SPECS: dict[str, dict[str, Any]] = {
    "Deployment": SELECTED,
    "StatefulSet": {**SELECTED, "serviceName": "it"},
    "DaemonSet": SELECTED,
    "Job": JOB,
    "CronJob": {"schedule": "@daily", "jobTemplate": {"spec": JOB}},
}

WANTED = [{"name": name, "value": str(value)} for name, value in zip(SYSCTLS, VALUES.values(), strict=True)]


def workload(kind: str) -> dict[str, Any]:
    return copy.deepcopy({"apiVersion": WORKLOADS[kind][0], "kind": kind, "metadata": {"name": "it"}, "spec": SPECS[kind]})


def patched(value: Any, patch: Any) -> Any:
    """Strategic merge as far as it is needed here: mappings are merged, and this list is replaced."""
    if not isinstance(value, dict) or not isinstance(patch, dict):
        return patch
    return {**value, **{key: patched(value.get(key), part) for key, part in patch.items()}}


def pod_of(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document
    for name in WORKLOADS[document["kind"]][1]:
        found = found[name]
    return found


def component_patch(minor: int, kind: str) -> Any:
    (patch,) = [
        each["patch"] for each in yaml.safe_load(text_for("kustomization.yaml", minor))["patches"] if each["target"]["kind"] == kind
    ]
    found = yaml.safe_load(patch)
    del found["metadata"]
    return found


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
@pytest.mark.parametrize("minor", MINORS)
def test_the_patch_makes_valid_pods(minor: int, kind: str) -> None:
    document = patched(workload(kind), yaml.safe_load(text_for("pod-template-patch.yaml", minor)))
    assert pod_of(document)["securityContext"] == {"runAsUser": 1000, "sysctls": WANTED}
    kubernetes_validate.validate(document, f"1.{minor}", strict=True)


@pytest.mark.parametrize("kind", WORKLOADS)
@pytest.mark.parametrize("minor", MINORS)
def test_the_component_makes_valid_pods(minor: int, kind: str) -> None:
    document = patched(workload(kind), component_patch(minor, kind))
    assert pod_of(document)["securityContext"] == {"runAsUser": 1000, "sysctls": WANTED}
    kubernetes_validate.validate(document, f"1.{minor}", strict=True)


@pytest.mark.parametrize("minor", [minor for minor in MINORS if minor < 29])
def test_the_namespace(minor: int) -> None:
    document = yaml.safe_load(text_for("namespace.yaml", minor))
    kubernetes_validate.validate(document, f"1.{minor}", strict=True)
    assert document["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "privileged"}


def test_a_value_that_is_no_text_would_be_found() -> None:
    document = workload("Deployment")
    pod_of(document)["securityContext"]["sysctls"] = [{"name": SYSCTLS[0], "value": 45}]
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, "1.31", strict=True)


# --- the real kubectl, which needs no cluster for this -------------------------------------------


def kubectl(*arguments: str) -> list[dict[str, Any]]:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    done = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_kubectl_patch_takes_the_patch(kind: str, tmp_path: Path) -> None:
    (tmp_path / "workload.yaml").write_text(yaml.safe_dump(workload(kind)))
    (tmp_path / "patch.yaml").write_text(text_for("pod-template-patch.yaml", 31))
    files = ["--filename", str(tmp_path / "workload.yaml"), "--patch-file", str(tmp_path / "patch.yaml")]
    (document,) = kubectl("patch", "--local", "--output", "yaml", *files)
    assert pod_of(document)["securityContext"] == {"runAsUser": 1000, "sysctls": WANTED}


@pytest.mark.parametrize("kinds", [list(WORKLOADS), ["Deployment"], []])
def test_kustomize_takes_the_component(kinds: list[str], tmp_path: Path) -> None:
    (tmp_path / "keepalive").mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / "keepalive" / "kustomization.yaml").write_text(text_for("kustomization.yaml", 31))
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "it"}, "spec": {"ports": [{"port": 80}]}}
    (tmp_path / "app" / "all.yaml").write_text(yaml.safe_dump_all([service, *map(workload, kinds)]))
    (tmp_path / "app" / "kustomization.yaml").write_text("resources: [all.yaml]\ncomponents: [../keepalive]\n")
    built = {document["kind"]: document for document in kubectl("kustomize", str(tmp_path / "app"))}
    assert built.pop("Service") == service
    assert sorted(built) == sorted(kinds)
    for document in built.values():
        assert document["metadata"] == {"name": "it"}
        assert pod_of(document)["securityContext"] == {"runAsUser": 1000, "sysctls": WANTED}
