"""What an image would hold, without an engine; and Compose's file as it is when its variables are filled in."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from deploy import local

ROOT = local.ROOT
COMPOSE = ROOT / "docker-compose.yml"
SECRETS = "/run/secrets/"
INNER = re.compile(r"\$\{([A-Z_]+)(?::([-+?])([^${}]*))?\}")


def compose(given: dict[str, str]) -> dict[str, Any]:
    """The file with its variables filled in, as Compose does it. Raises KeyError for one that has to be set."""

    def value(found: re.Match[str]) -> str:
        name, kind, other = found.groups()
        if kind == "+":
            return other if given.get(name) else ""
        return given.get(name) or (other if kind == "-" else given[name])

    def filled(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: filled(inner) for name, inner in part.items()}
        if isinstance(part, list):
            return [filled(inner) for inner in part]
        while isinstance(part, str) and INNER.search(part):
            part = INNER.sub(value, part)  # the innermost first
        return part

    found: dict[str, Any] = filled(yaml.safe_load(COMPOSE.read_text("utf-8")))
    return found


def build(dockerfile: Path, target: Path) -> Path:
    """Copies what the Dockerfile copies out of the checkout to where it says; gives the folder that is /app there."""
    app, here = target / "app", "/app"
    for line in dockerfile.read_text("utf-8").splitlines():
        word, _, rest = line.partition(" ")
        if word == "WORKDIR":
            here = rest
        if word == "COPY" and not rest.startswith("--from"):
            *sources, place = rest.split()
            for source in sources:
                _copy(ROOT / source, target / os.path.join(here, place).lstrip("/"), place.endswith("/"))
    return app


def _copy(source: Path, place: Path, into: bool) -> None:
    ignored = shutil.ignore_patterns(".venv", ".rasa", "models", "tests", "__pycache__", "*.mo")
    if source.is_dir():
        shutil.copytree(source, place, ignore=ignored, dirs_exist_ok=True)
    else:
        place = place / source.name if into else place
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, place)


PORTS = {"bot": 8080, "worker": 8080, "rasa": 5005, "actions": 5055, "postgres": 5432, "redis": 6379}
"""Of the services inside of their containers."""


def words(dockerfile: Path, word: str) -> list[str]:
    """What stands behind this word in the image's last part."""
    last = re.split(r"^FROM ", dockerfile.read_text("utf-8"), flags=re.MULTILINE)[-1]
    return re.findall(rf"^{word} (.+)$", last, re.MULTILINE)
