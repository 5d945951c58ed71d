"""What an image would hold, without an engine; and Compose's file as it is when its variables are filled in.

`python -m tests.images` tells how large that is. What it can't tell is the base of both images, and in the services'
one the programs for PostgreSQL's backups.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import yaml

from deploy import local, train

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


def installed(lock: Path, venv: Path) -> dict[str, int]:
    """The packages of the lock as they lie in this environment, with their bytes; the largest first."""
    wanted = set(re.findall(r"^([\w.-]+)==", lock.read_text("utf-8"), re.MULTILINE))
    (site,) = venv.glob("lib/python*/site-packages")
    found = {one.metadata["Name"].lower().replace("_", "-").replace(".", "-"): one for one in _there(site)}
    sizes = {name: _bytes(_files(one)) for name, one in found.items() if name in wanted}
    return dict(sorted(sizes.items(), key=lambda one: -one[1]))


def _there(site: Path) -> Iterable[Distribution]:
    return distributions(path=[str(site)])


def _files(one: Distribution) -> set[Path]:
    """What was installed, and its bytecode."""
    files = {Path(str(file.locate())) for file in one.files or ()}
    return files | {Path(cache_from_source(file)) for file in files if file.suffix == ".py"}


def _bytes(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files if file.is_file())


def main() -> None:
    """For each image: its packages, ten of them by name, and what is ours."""
    for image, project, lock in (("services", "", "deploy"), ("rasa", "rasa_project", "rasa_project")):
        packages = installed(ROOT / lock / "requirements.lock", ROOT / project / ".venv")
        with tempfile.TemporaryDirectory() as folder:
            ours = _bytes(build(ROOT / "deploy" / f"{image}.Dockerfile", Path(folder)).rglob("*"))
        parts = {f"{len(packages)} packages": sum(packages.values()), "our code, words and data": ours}
        if image == "rasa":
            parts["the model"] = train.ensure().stat().st_size
        named = {f"  {name}": size for name, size in list(packages.items())[:10]}
        for what, size in {f"image {image}": sum(parts.values()), **parts, "of the packages": 0, **named}.items():
            print(f"{what:34}{f'{size / 1e6:8.1f} MB' if size else ''}".rstrip())
        print()


if __name__ == "__main__":
    main()
