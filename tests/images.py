"""What a container would be, without an engine: the files that a Dockerfile copies, and a service as Compose says."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from deploy import local
from deploy.supervisor import Service

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


PORTS = {"bot": 8080, "worker": 8080, "rasa": 5005, "actions": 5055, "redis": 6379}
"""Of the services inside of their containers."""


class Container:
    """A service as Compose would start it, from the files of its image, but on this machine and with its own ports."""

    def __init__(
        self,
        name: str,
        service: dict[str, Any],
        folder: Path,
        secrets: Path,
        ports: dict[str, int],
        environ: dict[str, str],
    ) -> None:
        self.name, self.service, self.secrets, self.ports = name, service, secrets, ports
        self.folder, self.place = folder, folder / ("rasa_project" if name == "rasa" else "")
        given = {key: self._here(str(value)) for key, value in self.service["environment"].items() if value != ""}
        hosts = dict.fromkeys(("BOT_HOST", "ACTIONS_HOST", "RASA_HOST"), "127.0.0.1")
        self.environ = {"PATH": f"{folder / '.venv' / 'bin'}:{os.environ['PATH']}", **given, **hosts, **environ}

    def _here(self, text: str) -> str:
        for name, port in self.ports.items():
            text = text.replace(f"//{name}:{PORTS[name]}", f"//127.0.0.1:{port}")
        return text.replace(SECRETS, f"{self.secrets}/")

    def process(self, *command: str, port: str) -> Service:
        """To be kept running; its health is what Compose asks. `port`: the setting of its port."""
        address = next(part for part in self.health() if "http" in part)
        token = {"Authorization": f"Bearer {(self.secrets / 'rasa_token').read_text().strip()}"}
        environ = {**self.environ, port: str(self.ports[self.name])}
        headers = token if self.name == "rasa" else {}
        return Service(self.name, command, self.place, self.ports[self.name], port, address, headers, environ)

    def health(self) -> list[str]:
        """The words behind the program of the health check, for this machine."""
        here = f"127.0.0.1:{self.ports[self.name]}"
        words = (re.sub(r"127\.0\.0\.1:\d+", here, word) for word in self.service["healthcheck"]["test"][2:])
        return [word.replace(SECRETS, f"{self.secrets}/") for word in words]
