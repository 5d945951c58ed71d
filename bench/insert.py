"""What it costs to store an answer when there are many already: the action's own transaction."""

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import answers
from deploy.train import ROOT
from store import clock, config
from tests.postgres import Postgres
from tests.talk import City, Talk

FEW, MANY = 1_000, 200_000
PEOPLE = 40


@dataclass(frozen=True)
class Insert:
    """Medians of the transaction that stores one answer, in milliseconds."""

    kind: str
    few: float
    many: float


def measure(server: Postgres) -> list[Insert]:
    """On both kinds of database."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as name:
        folder = Path(name)
        return [
            _measure("PostgreSQL", folder, server.database(), server.database()),
            _measure("SQLite", folder, f"sqlite:///{folder}/few.db", f"sqlite:///{folder}/many.db"),
        ]


def _measure(kind: str, folder: Path, few: str, many: str) -> Insert:
    cities = City(folder, config.driver(few)), City(folder, config.driver(many))
    for city, stored in zip(cities, (FEW, MANY), strict=True):
        answers.fill(city.database, city.bot.city, city.bot.round.id, stored, clock.now())
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(PEOPLE):  # in turns: what else the machine does hits both
        for city, taken in zip(cities, times, strict=True):
            talk = city.talk(str(number)).at_need()
            taken += [_store(talk, text) for text in ("Mehr Bäume an der Straße", "4", "Linden wären schön")]
    for city in cities:
        city.close()
    return Insert(kind, *map(statistics.median, times))


def _store(talk: Talk, text: str) -> float:
    talk.receive(text)
    taken = talk.take()
    began = time.perf_counter()
    talk.perform(taken)
    lasted = 1000 * (time.perf_counter() - began)
    talk.deliver(taken)
    return lasted
