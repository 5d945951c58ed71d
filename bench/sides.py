"""What is compared: Mitsprache as `make run` starts it, and a bare Rasa. Each under the supervisor, in a new folder."""

import hashlib
import os
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import aiohttp
import psycopg

from bench.cpu import Pids
from bench.talk import RestTalk, Talk, WebTalk
from deploy import local, train
from deploy.supervisor import CannotStart, Service, Supervisor, last_lines
from tests import postgres
from tests.faults import replicas
from tests.packages import program
from tests.postgres import Postgres
from tests.stack import free_ports

BARE = Path(__file__).parent / "bare_rasa"
CACHE = train.ROOT / "var" / "bench"
KEPT = ("PATH", "HOME", "LANG")
"""All that the processes see of this shell: a DATABASE_URL that is set here must not get our invented answers."""
UNLIMITED = dict.fromkeys(("LIMIT_PERSON", "LIMIT_ALL", "LIMIT_NEW"), "1000000 per second")
"""A load presses faster than any person."""


class Side(ABC):
    """Processes of one kind on a new database, and how to talk to them."""

    name: str
    talk: type[Talk]
    needs: str
    """The query that counts the needs in the database."""
    more: ClassVar[dict[str, str]] = {}
    """Settings of this side."""

    def __init__(self, data: Path, server: Postgres, **more: str) -> None:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        ports = dict(zip(("BOT_PORT", "RASA_PORT", "ACTIONS_PORT"), map(str, free_ports(3)), strict=True))
        self.data, self.server, self.database = data, server, server.database()
        place = {"DATA_DIR": str(data), "DATABASE_URL": self.database, "LOG_LEVEL": "INFO"}
        self.settings = local.settings({**kept, **ports, **place, **self.more, **more})
        self._services = self.prepare()
        self.supervisor = Supervisor(self._services, data, lambda _line: None)
        self.url = f"http://127.0.0.1:{self._services[-1].port}"
        self.started = 0.0
        """Seconds from nothing until all processes were healthy."""

    @abstractmethod
    def prepare(self) -> list[Service]:
        """The processes to start, with everything there that they need; the last one is talked to."""

    def start(self) -> None:
        """Returns when all processes are healthy."""
        began = time.perf_counter()
        self.supervisor.start()
        self.supervisor.wait_healthy(180)
        self.started = time.perf_counter() - began

    def person(self, http: aiohttp.ClientSession) -> Talk:
        """Somebody who has just come."""
        return self.talk(http, self.url)

    def pids(self) -> Pids:
        """The running processes by kind, and the database server's."""
        pids: Pids = {"postgres": [self.server.pid]}
        for service in self._services:
            kind, _, _number = service.name.partition("-")
            pids.setdefault(kind, []).append(self.supervisor.pid_of(service.name))
        return pids

    def stored(self) -> int:
        """How many needs lie in the database."""
        return self.count(self.needs)

    def backends(self) -> int:
        """How many connections its processes hold to the database."""
        return self.count("select count(*) from pg_stat_activity where datname = current_database()") - 1

    def count(self, query: str) -> int:
        """The figure that a query gives."""
        with psycopg.connect(self.database) as connection:
            row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0


class Ours(Side):
    """Mitsprache. A message goes in through the web channel; its reply is read from the stream of events."""

    name = "Mitsprache"
    talk = WebTalk
    needs = "select count(*) from answers where question = 'need' and text <> ''"
    more = UNLIMITED

    def prepare(self) -> list[Service]:
        return local.services(self.settings, local.prepare(self.settings))


class TwoRasas(Ours):
    """Mitsprache with two Rasa processes, between which a proxy chooses: as replicas behind one address would be."""

    name = "Mitsprache, two Rasas"

    def prepare(self) -> list[Service]:
        rasa, *others = super().prepare()
        front, second = free_ports(2)
        members = " ".join(f"server 127.0.0.1:{port};" for port in (rasa.port, second))
        server = replicas.SERVER.format(name="rasa", front=front, members=members)
        proxy = replicas.proxy(self.data / "proxy", server, front)
        known = {"RASA_URL": f"http://127.0.0.1:{front}"}
        another = replace(
            rasa,
            name="rasa-2",
            command=tuple(str(second) if word == str(rasa.port) else word for word in rasa.command),
            port=second,
            health=rasa.health.replace(f":{rasa.port}", f":{second}"),
        )
        health = rasa.health.replace(f":{rasa.port}", f":{front}")
        proxy = replace(proxy, health=health, headers=rasa.headers)
        return [rasa, another, proxy, *(replace(one, environ={**one.environ, **known}) for one in others)]


class Bare(Side):
    """Rasa and its action server as they come. The REST channel answers with the reply."""

    name = "bare Rasa"
    talk = RestTalk
    needs = "select count(*) from needs where need <> ''"
    config = "config-light.yml"

    def prepare(self) -> list[Service]:
        given = self.settings
        environ = {
            **given.environ,
            "SANIC_HOST": "127.0.0.1",
            "RASA_TELEMETRY_ENABLED": "false",
            "RASA_CACHE_DIRECTORY": str(CACHE / "cache"),
            "CUDA_VISIBLE_DEVICES": "",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        model = _model(self.config, environ)
        sources = ("--model", str(model), "--endpoints", "endpoints.yml", "--credentials", "credentials.yml")
        rasa = (*_RASA, "run", *sources, "-i", "127.0.0.1", "-p", str(given.rasa_port))
        sdk = (str(local.PYTHON), "-m", "rasa_sdk", "--actions", "actions", "-p", str(given.actions_port))
        health = f"{environ['ACTIONS_URL']}/health"
        return [
            Service("actions", sdk, BARE, given.actions_port, "ACTIONS_PORT", health, environ=environ),
            Service("rasa", rasa, BARE, given.rasa_port, "RASA_PORT", f"{environ['RASA_URL']}/", environ=environ),
        ]


class BareDefault(Bare):
    """The same with the pipeline and the policies that Rasa takes by itself: DIET, TED and rules."""

    name = "bare Rasa, default pipeline"
    config = "config-default.yml"


@contextmanager
def running(kind: type[Side], server: Postgres, **more: str) -> Iterator[Side]:
    """A side in a new folder, on the disk that `make run` uses, as long as the block lasts."""
    (train.ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=train.ROOT / "var") as folder:
        side = kind(Path(folder), server, **more)
        try:
            side.start()
            yield side
        finally:
            side.supervisor.stop()


@contextmanager
def server() -> Iterator[Postgres]:
    """A PostgreSQL that waits for its disk, as long as the block lasts; a signal that ends us ends it as well."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with postgres.running(Path(program("postgresql")), free_ports(1)[0], durable=True) as started:
        yield started


_RASA = (str(BARE / train.PYTHON), "-m", "rasa")


def _model(config: str, environ: dict[str, str]) -> Path:
    """The model of the bare assistant, trained if its sources have changed."""
    lock = BARE / "requirements.lock"
    sources = [BARE / config, BARE / "domain.yml", *sorted((BARE / "data").rglob("*.yml")), lock]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    model = CACHE / f"{digest[:16]}.tar.gz"
    if model.exists():
        return model
    CACHE.mkdir(parents=True, exist_ok=True)
    log, fresh = CACHE / "train.log", CACHE / "unfinished" / model.name
    data = ("--config", config, "--domain", "domain.yml", "--data", "data")
    target = ("--out", str(fresh.parent), "--fixed-model-name", model.name.removesuffix(".tar.gz"))
    with log.open("wb") as out:
        code = subprocess.call((*_RASA, "train", *data, *target), cwd=BARE, env=environ, stdout=out, stderr=out)
    if code != 0 or not fresh.exists():
        raise CannotStart(f"The training of the bare assistant failed (exit code {code}). {last_lines(log)}")
    return fresh.rename(model)
