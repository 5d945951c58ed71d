"""Backups: all that the database holds at one moment, by its own tools, and the way back into an empty database.

Secret and deletion journal are no part of it: the one would say who said what, the other has to be newer.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from alembic.util import CommandError
from psycopg.conninfo import make_conninfo

from dialogue.errors import Misconfigured
from store import database, erasure, inbox, keys, outbox
from store.database import Database
from store.tables import participations

MAGIC = {"sqlite": b"SQLite format 3\0", "postgresql": b"PGDMP"}
"""How a backup of each kind begins."""
ENDINGS = {"sqlite": "sqlite", "postgresql": "pgdump"}
DEBIAN = "/usr/lib/postgresql/{version}/bin/{name}"


def write(url: str, file: Path) -> None:
    """Writes a backup, readable by its owner alone, whole or not at all. Nobody has to wait for it.

    Raises Misconfigured (file_taken, folder_missing, database_missing, program_missing, backup_failed).
    """
    if file.exists():
        raise Misconfigured("file_taken", name=str(file))
    if not file.parent.is_dir():
        raise Misconfigured("folder_missing", name=str(file.parent))
    with _whole(file) as part:
        (_sqlite_copy if _kind(url) == "sqlite" else _pg_dump)(url, part)


def restore(url: str, file: Path, journal: Path, secret: bytes, now: datetime) -> int:
    """Brings a backup into an empty database, whole or not at all: newest form, deletions of since. How many these are.

    Raises Misconfigured (backup_missing, backup_foreign, journal_missing, journal_invalid, database_taken,
    program_missing, backup_failed, backup_newer, secret_foreign).
    """
    kind = _kind(url)
    if not file.is_file():
        raise Misconfigured("backup_missing", name=str(file))
    with file.open("rb") as opened:
        if not opened.read(16).startswith(MAGIC[kind]):
            raise Misconfigured("backup_foreign", name=str(file), given=kind)
    if not journal.is_file():
        raise Misconfigured("journal_missing", name=str(journal))
    if database.holds_something(url):
        raise Misconfigured("database_taken", name=sa.make_url(url).render_as_string())
    bring = _into_sqlite if kind == "sqlite" else _into_postgresql
    erased = 0

    def revive(brought: str) -> None:
        nonlocal erased
        erased = _revive(brought, journal, secret, now)

    bring(url, file, revive)
    return erased


def ending(url: str) -> str:
    """How the name of a backup of this database ends."""
    return ENDINGS[_kind(url)]


def _revive(url: str, journal: Path, secret: bytes, now: datetime) -> int:
    """Makes of what was then what can go on now; how many were erased again."""
    try:
        database.migrate(url)
    except CommandError:  # a revision that this program doesn't know
        raise Misconfigured("backup_newer") from None
    with closing(Database(url)) as opened:
        with opened.write() as connection:
            _check_secret(connection, secret)
            outbox.leave_gap(connection)
            erased = erasure.reapply(connection, journal, now)
            inbox.ask_again(connection, now)
        opened.forget()
    return erased


def _check_secret(connection: sa.Connection, secret: bytes) -> None:
    """With another secret everybody would be somebody new, and nobody could delete what they said."""
    known = sa.select(participations.c.mark, participations.c.code).where(participations.c.code.is_not(None))
    row = connection.execute(known.limit(1)).first()
    if row and keys.code_hash(secret, keys.resume_code(secret, row.mark)) != row.code:
        raise Misconfigured("secret_foreign", name="SECRET_FILE")


def _kind(url: str) -> str:
    return sa.make_url(url).get_backend_name()


# --- SQLite


def _sqlite_copy(url: str, part: Path) -> None:
    """One transaction that only reads: who writes meanwhile doesn't wait, and isn't in it. Nothing deleted is in it."""
    file = sa.make_url(url).database
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=rw", uri=True, isolation_level=None)) as connection:
            connection.execute("VACUUM INTO ?", (str(part),))
        with closing(sqlite3.connect(part)) as copy:
            whole = copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    except sqlite3.Error as error:
        if not Path(file or "").exists():
            raise Misconfigured("database_missing", name=str(file)) from None
        raise Misconfigured("backup_failed", given=str(error)) from None
    if not whole:
        raise Misconfigured("backup_failed", given="PRAGMA integrity_check")


def _into_sqlite(url: str, file: Path, revive: Callable[[str], None]) -> None:
    """The file gets its name when all is done."""
    target = Path(sa.make_url(url).database or "")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _whole(target) as part:
        shutil.copyfile(file, part)
        revive(f"sqlite:///{part}")


# --- PostgreSQL


def tool(url: str, name: str) -> str:
    """The tool of the server's own version, or a newer one. Raises Misconfigured (program_missing)."""
    version = database.server_version(url)
    for found in (DEBIAN.format(version=version, name=name), shutil.which(name)):
        if found and os.access(found, os.X_OK):
            told = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
            number = re.search(r"\d+", told)
            if number and int(number[0]) >= version:
                return found
    raise Misconfigured("program_missing", name=name, given=f"postgresql-client-{version}")


def _pg_dump(url: str, part: Path) -> None:
    _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={part}")


def _into_postgresql(url: str, file: Path, revive: Callable[[str], None]) -> None:
    """What fails behind the tool's own transaction leaves the database as empty as it was."""
    _run(url, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(file))
    try:
        revive(url)
    except BaseException:
        database.empty(url)
        raise


def _run(url: str, name: str, *options: str) -> None:
    """Runs a tool of PostgreSQL on the database. Its password goes by a file: everybody can read a command line."""
    address = sa.make_url(url)
    given = dict(address.get_dialect()().create_connect_args(address)[1])
    program = tool(url, name)
    with tempfile.TemporaryDirectory() as folder:
        if password := given.pop("password", None):
            given["passfile"] = passfile = f"{folder}/password"
            line = "*:*:*:*:" + re.sub(r"([\\:])", r"\\\1", str(password))
            with open(os.open(passfile, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as opened:
                opened.write(line + "\n")
        command = [program, "--no-password", f"--dbname={make_conninfo('', **given)}", *options]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        # Only its first line: further ones may quote a row.
        raise Misconfigured("backup_failed", given=(done.stderr.splitlines() or [name])[0])


# --- files


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """A file beside the one that is meant, for its owner alone; it takes its place when the block has ended well."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        yield Path(name)
        os.fsync(descriptor)
        os.rename(name, file)
        folder = os.open(file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    finally:
        os.close(descriptor)
        for left in (name, f"{name}-wal", f"{name}-shm"):
            Path(left).unlink(missing_ok=True)
