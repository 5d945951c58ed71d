"""What is compared: Mitsprache as `make run` starts it, and a bare Rasa. Each under the supervisor, in a new folder."""

import hashlib
import os
import socket
import sqlite3
import subprocess
import time
import uuid
from abc import ABC, abstractmethod
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

NEEDS = ("Wir brauchen einen Spielplatz für die Kinder", "Der Bus soll abends öfter fahren")
SAYS = ("Deutsch", "ja", "ja", "Betzenberg", NEEDS[0], "ja", NEEDS[1], "nein")
"""What one person types, after the begin."""


class Failed(Exception):
    """A turn without the reply that it should have."""


class Talk(ABC):
    """One new person."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    @abstractmethod
    async def says(self, text: str | None) -> bool:
        """One full turn, None being the begin; whether the reply was the last word. Raises Failed."""

    async def _asks(self, method: str, path: str, **more: Any) -> Any:
        answer = await self._http.request(method, path, **more)
        if not answer.is_success:
            raise Failed
        return answer.json()


class Side(ABC):
    """Processes of one kind, and how to talk to them."""

    name: str
    talk: type[Talk]

    def __init__(self, data: Path) -> None:
        self.data = data
        ports = dict(zip(("BOT_PORT", "RASA_PORT", "ACTIONS_PORT"), map(str, _free_ports(3)), strict=True))
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.settings = local.settings({**kept, **ports, "DATA_DIR": str(data), "LOG_LEVEL": "INFO"})
        self._services = self.prepare()
        self._supervisor = Supervisor(self._services, data, lambda _line: None)
        self.url = f"http://127.0.0.1:{self._services[-1].port}"

    @abstractmethod
    def prepare(self) -> list[Service]:
        """The processes to start, with everything there that they need; the last one is talked to."""

    @abstractmethod
    def stored(self) -> int:
        """How many needs lie in the database."""

    def start(self) -> float:
        """Seconds from nothing until all processes are healthy."""
        began = time.perf_counter()
        self._supervisor.start()
        self._supervisor.wait_healthy(180)
        return time.perf_counter() - began

    def stop(self) -> None:
        """Ends the processes."""
        self._supervisor.stop()

    @property
    def pids(self) -> dict[str, int]:
        """The running processes."""
        return {service.name: self._supervisor.pid_of(service.name) for service in self._services}


class OurTalk(Talk):
    """Through the web channel: a message in, then its reply out of the log by long poll."""

    _token, _seen = "", 0

    async def says(self, text: str | None) -> bool:
        if text is None:
            self._token = (await self._asks("POST", "/api/session", json={"languages": ["de"]}))["token"]
        headers = {"Authorization": f"Bearer {self._token}"}
        if text is not None:
            await self._asks("POST", "/api/messages", json={"id": str(uuid.uuid4()), "text": text}, headers=headers)
        log = await self._asks("GET", f"/api/messages?after={self._seen}&wait=20", headers=headers)
        if not log["messages"]:
            raise Failed
        last = log["messages"][-1]
        self._seen = last["number"]
        return bool(last["end"] == "finished")


class Ours(Side):
    """Mitsprache on SQLite."""

    name, talk = "Mitsprache", OurTalk

    def prepare(self) -> list[Service]:
        return local.services(self.settings, local.prepare(self.settings))

    def stored(self) -> int:
        return _count(self.data / "mitsprache.db", "select count(*) from answers where question = 'need' and text <> ''")


class BareTalk(Talk):
    """Through Rasa's REST channel, which answers with the reply."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        super().__init__(http)
        self._sender = str(uuid.uuid4())

    async def says(self, text: str | None) -> bool:
        body = {"sender": self._sender, "message": text or "hallo"}
        replies = await self._asks("POST", "/webhooks/rest/webhook", json=body)
        if not replies:
            raise Failed
        return bool(replies[-1]["text"].startswith("Vielen Dank"))


class Bare(Side):
    """Rasa and its action server as they come, both keeping their data in SQLite."""

    name, talk = "bare Rasa", BareTalk

    def prepare(self) -> list[Service]:
        given = self.settings
        environ = {
            **given.environ,
            **{name: str(self.data / file) for name, file in (("BARE_TRACKER", "tracker.db"), ("BARE_NEEDS", "needs.db"))},
            "SANIC_HOST": "127.0.0.1",
            "RASA_TELEMETRY_ENABLED": "false",
            "RASA_CACHE_DIRECTORY": str(CACHE / "cache"),
            "CUDA_VISIBLE_DEVICES": "",
        }
        model = _model(environ)
        run = ("run", "--model", str(model), "--endpoints", "endpoints.yml", "--credentials", "credentials.yml")
        where = ("-i", "127.0.0.1", "-p", str(given.rasa_port))
        sdk = (str(local.PYTHON), "-m", "rasa_sdk", "--actions", "actions", "-p", str(given.actions_port))
        actions, rasa = f"{environ['ACTIONS_URL']}/health", f"{environ['RASA_URL']}/"
        return [
            Service("actions", sdk, BARE, given.actions_port, "ACTIONS_PORT", actions, environ=environ),
            Service("rasa", (*_RASA, *run, *where), BARE, given.rasa_port, "RASA_PORT", rasa, environ=environ),
        ]

    def stored(self) -> int:
        return _count(self.data / "needs.db", "select count(*) from needs where need <> ''")


_RASA = (str(local.RASA_PYTHON), "-m", "rasa")


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


def _count(file: Path, query: str) -> int:
    if not file.exists():
        return 0
    connection = sqlite3.connect(file, timeout=15)
    try:
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
