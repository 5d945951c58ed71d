"""A real PostgreSQL server for the tests: made anew, on a free port of this machine, gone afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
import psycopg

ACCOUNT = "postgres"
"""Debian's package makes it: the server refuses to run as root."""


class Postgres:
    """A running server. Each database of it is empty and nobody else's."""

    def __init__(self, programs: Path, folder: Path, port: int, durable: bool = False) -> None:
        self._programs, self._folder, self._port, self._durable = programs, folder, port, durable
        self._numbers = count(1)

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        with self.admin() as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return self._address(name)

    def guarded(self, role: str, password: str) -> str:
        """The address of a new, empty database for a role of its own, which has to show its password."""
        name = psycopg.conninfo.conninfo_to_dict(self.database())["dbname"]
        with self.admin() as connection:
            connection.execute(f"CREATE ROLE {role} LOGIN")  # type: ignore[arg-type]
            connection.execute(f"ALTER DATABASE {name} OWNER TO {role}")  # type: ignore[arg-type]
        rules = self._folder / "data" / "pg_hba.conf"
        rules.write_text(f"host all {role} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        self.set_password(role, password)
        return f"postgresql://{role}:{password}@127.0.0.1:{self._port}/{name}"

    def set_password(self, role: str, password: str) -> None:
        """From now on the role has this password, and no other."""
        with self.admin() as connection:
            connection.execute(f"ALTER ROLE {role} PASSWORD '{password}'")  # type: ignore[arg-type]
            connection.execute("SELECT pg_reload_conf()")

    def start(self) -> None:
        """Starts it and waits until it answers."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300"
        # As docs/operations.md asks for it.
        options += " -c log_min_error_statement=panic"
        if not self._durable:
            # Whether a disk keeps its promise is not for tests to find out; killed processes lose nothing by it.
            # What is called committed before it is written stays unwritten for long: a crash shows it.
            options += " -c fsync=off -c wal_writer_delay=10s"
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self._folder / "log"), "start")

    def stop(self, mode: str = "fast") -> None:
        """Stops it; «immediate» as a crash would."""
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def kill(self) -> None:
        """kill -9 of the process that watches over all others, in the middle of whatever they do."""
        watcher = psutil.Process(self.pid)
        others = watcher.children()
        watcher.kill()
        # They notice, and end; before that no new one may begin on their files.
        _, left = psutil.wait_procs([watcher, *others], timeout=30)
        assert not left

    def initialise(self) -> None:
        """Makes the files of the server."""
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")

    def admin(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection that may do anything; to be used in a `with`."""
        return psycopg.connect(self._address("postgres"), autocommit=True)

    @property
    def pid(self) -> int:
        """The process that watches over all others."""
        first, *_ = (self._folder / "data" / "postmaster.pid").read_text().splitlines()
        return int(first)

    @property
    def log(self) -> Path:
        """The file of what the server has logged."""
        return self._folder / "log"

    def _address(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/{name}"

    def _run(self, program: str, *options: str) -> None:
        command = [str(self._programs / program), "-D", str(self._folder / "data"), *options]
        account = ["runuser", "-u", ACCOUNT, "--"] if os.geteuid() == 0 else []
        # Its output goes to a file: a server that inherited a pipe would hold it open.
        with (self._folder / "start.log").open("ab") as log:
            subprocess.run([*account, *command], cwd=self._folder, stdout=log, stderr=log, check=True, timeout=120)


@contextmanager
def running(programs: Path, port: int, durable: bool = False) -> Iterator[Postgres]:
    """A server that lives as long as the block; a durable one waits for the disk, as a real one does."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, ACCOUNT)
    server = Postgres(programs, folder, port, durable)
    try:
        server.initialise()
        server.start()
        yield server
        server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
