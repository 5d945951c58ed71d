"""What is compared: Mitsprache as `make run` starts it, and a bare Rasa. Each under the supervisor, in a new folder."""

import hashlib
import os
import socket
import sqlite3
import subprocess
import time
import uuid
from abc import ABC, abstractmethod
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy import local, train
from deploy.supervisor import CannotStart, Service, Supervisor, last_lines

BARE = Path(__file__).parent / "bare_rasa"
NLU = train.RASA_PROJECT / "data" / "nlu"
CACHE = train.ROOT / "var" / "bench"
KEPT = ("PATH", "HOME", "LANG")
"""All that the processes see of this shell: a DATABASE_URL that is set here must not get our invented answers."""


class Failed(Exception):
    """A turn without the reply that it should have."""


@dataclass
class Person:
    """Somebody who has just come: a name for Rasa; for Mitsprache a session, and what was read of the log."""

    sender: str = field(default_factory=lambda: str(uuid.uuid4()))
    headers: dict[str, str] = field(default_factory=dict)
    seen: int = 0


class Side(ABC):
    """Processes of one kind, and how to talk to them."""

    name: str
    needs: tuple[str, str]
    """Where the needs end up: file and query that counts them."""

    def __init__(self, data: Path) -> None:
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        names = ("BOT_PORT", "RASA_PORT", "ACTIONS_PORT")
        ports = {name: str(one.getsockname()[1]) for name, one in zip(names, sockets, strict=True)}
        for one in sockets:
            one.close()
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.data = data
        self.settings = local.settings({**kept, **ports, "DATA_DIR": str(data), "LOG_LEVEL": "INFO"})
        self._services = self.prepare()
        self.supervisor = Supervisor(self._services, data, lambda _line: None)
        self.url = f"http://127.0.0.1:{self._services[-1].port}"

    @abstractmethod
    def prepare(self) -> list[Service]:
        """The processes to start, with everything there that they need; the last one is talked to."""

    @abstractmethod
    async def says(self, http: httpx.AsyncClient, person: Person, text: str | None) -> bool:
        """One full turn, None being the begin; whether the reply was the thanks. Raises Failed."""

    def start(self) -> float:
        """Seconds from nothing until all processes are healthy."""
        began = time.perf_counter()
        self.supervisor.start()
        self.supervisor.wait_healthy(180)
        return time.perf_counter() - began

    def pids(self) -> dict[str, int]:
        """The running processes."""
        return {service.name: self.supervisor.pid_of(service.name) for service in self._services}

    def stored(self) -> int:
        """How many needs lie in the database."""
        file, query = self.needs
        if not (self.data / file).exists():
            return 0
        with closing(sqlite3.connect(self.data / file, timeout=15)) as connection:
            return int(connection.execute(query).fetchone()[0])


class Ours(Side):
    """Mitsprache on SQLite. A message goes in through the web channel; its reply is read by long poll."""

    name = "Mitsprache"
    needs = ("mitsprache.db", "select count(*) from answers where question = 'need' and text <> ''")

    def prepare(self) -> list[Service]:
        return local.services(self.settings, local.prepare(self.settings))

    async def says(self, http: httpx.AsyncClient, person: Person, text: str | None) -> bool:
        if text is None:
            session = await _asks(http, "POST", "/api/session", json={"languages": ["de"]})
            person.headers = {"Authorization": f"Bearer {session['token']}"}
        else:
            message = {"id": str(uuid.uuid4()), "text": text}
            await _asks(http, "POST", "/api/messages", json=message, headers=person.headers)
        address = f"/api/messages?after={person.seen}&wait=20"
        new = (await _asks(http, "GET", address, headers=person.headers))["messages"]
        if not new:
            raise Failed
        person.seen = new[-1]["number"]
        return bool(new[-1]["end"] == "finished")


class Bare(Side):
    """Rasa and its action server as they come, data in SQLite. The REST channel answers with the reply."""

    name = "bare Rasa"
    needs = ("needs.db", "select count(*) from needs where need <> ''")

    def prepare(self) -> list[Service]:
        given = self.settings
        environ = {
            **given.environ,
            "BARE_TRACKER": str(self.data / "tracker.db"),
            "BARE_NEEDS": str(self.data / self.needs[0]),
            "SANIC_HOST": "127.0.0.1",
            "RASA_TELEMETRY_ENABLED": "false",
            "RASA_CACHE_DIRECTORY": str(CACHE / "cache"),
            "CUDA_VISIBLE_DEVICES": "",
        }
        model = ("--model", str(_model(environ)), "--endpoints", "endpoints.yml", "--credentials", "credentials.yml")
        rasa = (*_RASA, "run", *model, "-i", "127.0.0.1", "-p", str(given.rasa_port))
        sdk = (str(local.PYTHON), "-m", "rasa_sdk", "--actions", "actions", "-p", str(given.actions_port))
        health = f"{environ['ACTIONS_URL']}/health"
        return [
            Service("actions", sdk, BARE, given.actions_port, "ACTIONS_PORT", health, environ=environ),
            Service("rasa", rasa, BARE, given.rasa_port, "RASA_PORT", f"{environ['RASA_URL']}/", environ=environ),
        ]

    async def says(self, http: httpx.AsyncClient, person: Person, text: str | None) -> bool:
        message = {"sender": person.sender, "message": text or "hallo"}
        replies = await _asks(http, "POST", "/webhooks/rest/webhook", json=message)
        if not replies:
            raise Failed
        return bool(replies[-1]["text"].startswith("Vielen Dank"))


_RASA = (str(local.RASA_PYTHON), "-m", "rasa")


async def _asks(http: httpx.AsyncClient, method: str, path: str, **more: Any) -> Any:
    answer = await http.request(method, path, **more)
    if not answer.is_success:
        raise Failed
    return answer.json()


def _model(environ: dict[str, str]) -> Path:
    """The model of the bare assistant, trained if its sources have changed."""
    sources = sorted([*BARE.rglob("*.yml"), *NLU.rglob("*.yml"), train.RASA_PROJECT / "requirements.lock"])
    model = CACHE / f"{hashlib.sha256(b''.join(path.read_bytes() for path in sources)).hexdigest()[:16]}.tar.gz"
    if model.exists():
        return model
    CACHE.mkdir(parents=True, exist_ok=True)
    log, fresh = CACHE / "train.log", CACHE / "unfinished" / model.name
    data = ("--config", "config.yml", "--domain", "domain.yml", "--data", "data", os.path.relpath(NLU, BARE))
    target = ("--out", str(fresh.parent), "--fixed-model-name", model.name.removesuffix(".tar.gz"))
    with log.open("wb") as out:
        code = subprocess.call((*_RASA, "train", *data, *target), cwd=BARE, env=environ, stdout=out, stderr=out)
    if code != 0 or not fresh.exists():
        raise CannotStart(f"The training of the bare assistant failed (exit code {code}). {last_lines(log)}")
    return fresh.rename(model)
