"""How fast staff get their file: the real command beside PostgreSQL's own COPY of the same rows."""

import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy.dialects import postgresql

from bench import answers
from deploy import local
from staff.export import query
from store import clock, config, packs
from store.database import Database
from tests.postgres import Postgres

SOME, ALL = 100_000, 1_000_000
LOOK_EVERY = 0.02


@dataclass(frozen=True)
class Export:
    """Rows a second, and the most memory that the process held, in MB."""

    rows: int
    rate: float
    copied: float
    peak: float


def measure(server: Postgres) -> list[Export]:
    """The same database twice: with some answers, then with all."""
    (local.ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=local.ROOT / "var") as folder:
        settings = local.settings({"DATA_DIR": folder, "DATABASE_URL": server.database()})
        local.prepare(settings)
        return [_measure(settings, total) for total in (SOME, ALL)]


def _measure(settings: local.Settings, total: int) -> Export:
    url, file = settings.environ["DATABASE_URL"], settings.data / "export.csv"
    database = Database(config.driver(url))
    city = packs.city(config.load(settings.environ).city)
    answers.fill(database, city, "needs", total, clock.now())
    database.close()
    rows, copied = _copy(url, city.id, settings.data / "copy.csv")
    command = (str(local.PYTHON), "-m", "staff", "export", "--round", "needs", "--format", "csv", "--out", str(file))
    taken, peak = _run(command, settings.environ)
    return Export(rows, rows / taken, rows / copied, peak)


def _copy(url: str, city: str, file: Path) -> tuple[int, float]:
    """The number of rows, and seconds."""
    asked = query(packs.round(city, "needs"))
    text = str(asked.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    with psycopg.connect(url) as connection, connection.cursor() as cursor, file.open("wb") as out:
        began = time.perf_counter()
        with cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT csv)") as copy:
            for block in copy:
                out.write(block)
        return cursor.rowcount, time.perf_counter() - began


def _run(command: tuple[str, ...], environ: Mapping[str, str]) -> tuple[float, float]:
    """Seconds from start to end, and the most memory."""
    began, peak = time.perf_counter(), 0.0
    with subprocess.Popen(command, cwd=local.ROOT, env=dict(environ), stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, _high_water(process.pid))
            time.sleep(LOOK_EVERY)
    if process.returncode != 0:
        raise RuntimeError(f"the export ended with {process.returncode}")
    return time.perf_counter() - began, peak


def _high_water(pid: int) -> float:
    """MB that the process has held at the most so far; unlike its resource usage it doesn't count what we held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM")), 0.0)
