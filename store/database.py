"""The database: engine, transactions, migrations. SQLite in WAL mode or PostgreSQL, by its address alone."""

import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy.dialects import postgresql, sqlite

MIGRATIONS = Path(__file__).parent / "migrations"
WAIT_FOR_LOCK = 15
"""Seconds that a writer waits for another one before it gives up."""
MIGRATING = 2013
"""The name of the lock under which tables are changed: any number, as long as it stays the same."""
WAIT_FOR_SERVER = 5
"""Seconds in which a server has to take a connection."""
USED, IDLE = "used", 1.0
"""Seconds after which a connection that nobody used is looked at before it is used again."""


class Database:
    """One database. Writers begin at once as writers: a read that turns into a write would fail in SQLite."""

    def __init__(self, url: str) -> None:
        self._writer = _engine(url, "BEGIN IMMEDIATE")
        self._reader = _engine(url, "BEGIN", isolation="REPEATABLE READ")
        self.dialect = self._writer.dialect.name
        # In SQLite a transaction costs no way to a server.
        alone = {"isolation_level": "AUTOCOMMIT"} if self.dialect == "postgresql" else {}
        self._looker = self._reader.execution_options(**alone)

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that may write; committed when the block ends, rolled back when it raises."""
        with self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that only reads, on one snapshot."""
        with self._reader.begin() as connection:
            yield connection

    @contextmanager
    def look(self) -> Iterator[sa.Connection]:
        """For one statement that only reads; in PostgreSQL there is no transaction around it to begin and to end."""
        with self._looker.connect() as connection:
            yield connection

    def forget(self) -> None:
        """Overwrites what a deletion left in the write-ahead log, as far as no reader still needs it."""
        if self.dialect == "sqlite":
            connection = self._writer.raw_connection()
            try:
                cursor = connection.cursor()
                # A long export must not hold a person's turn up; the next tidying does it then.
                cursor.execute("PRAGMA busy_timeout = 1000")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.invalidate()  # with its short patience it must not serve a writer

    def ask(self) -> None:
        """Reads next to nothing; raises what the database raises, also when it has no tables yet."""
        with self.look() as connection:
            connection.execute(sa.text("SELECT version_num FROM alembic_version"))

    def close(self) -> None:
        """Gives all connections back."""
        self._writer.dispose()
        self._reader.dispose()


def insert_once(connection: sa.Connection, table: sa.Table, **values: Any) -> bool:
    """Inserts a row unless a unique constraint stands against it; whether it was inserted."""
    return insert_each_once(connection, table, [values]) == 1


def insert_each_once(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> int:
    """Inserts rows, but for those against which a unique constraint stands; how many were inserted."""
    return len(connection.execute(insertion(connection.dialect.name, table), rows).all()) if rows else 0


@cache
def insertion(dialect: str, table: sa.Table) -> Any:
    """Inserts a row unless a unique constraint stands against it; gives a row for each inserted one."""
    insert: Any = (postgresql if dialect == "postgresql" else sqlite).insert
    # Not by the number of rows: not every driver tells it for an insertion.
    return insert(table).on_conflict_do_nothing().returning(sa.literal(1))


def migrate(url: str, revision: str = "head") -> None:
    """Brings the tables to the given revision; creates a SQLite file that isn't there."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    _alembic(url, lambda config: command.upgrade(config, revision))


def revert(url: str, revision: str) -> None:
    """Brings the tables back to an earlier revision; what only newer ones can hold is lost."""
    _alembic(url, lambda config: command.downgrade(config, revision))


def holds_something(url: str) -> bool:
    """Whether there is a table in it; for SQLite, whether there is a file with something in it, or a log of one."""
    if sa.make_url(url).get_backend_name() == "sqlite":
        files = [Path(f"{sa.make_url(url).database}{ending}") for ending in ("", "-wal", "-journal")]
        return any(file.exists() and file.stat().st_size for file in files)
    with _opened(url) as engine:
        return bool(sa.inspect(engine).get_table_names())


def server_version(url: str) -> int:
    """The main version of a PostgreSQL server."""
    with _opened(url) as engine, engine.connect() as connection:
        return int(connection.execute(sa.text("SHOW server_version_num")).scalar_one()) // 10_000


def logs_statements(url: str) -> bool:
    """Whether the server writes a failed statement into its log; Rasa's, by its old driver, name the person."""
    if sa.make_url(url).get_backend_name() == "sqlite":
        return False
    with _opened(url) as engine, engine.connect() as connection:
        return bool(connection.execute(sa.text("SHOW log_min_error_statement")).scalar_one() != "panic")


def empty(url: str) -> None:
    """Removes every table, whatever it holds."""
    found = sa.MetaData()
    with _opened(url) as engine:
        found.reflect(engine)
        found.drop_all(engine)


@contextmanager
def _opened(url: str) -> Iterator[sa.Engine]:
    engine = _engine(url, "BEGIN")
    try:
        yield engine
    finally:
        engine.dispose()


def _alembic(url: str, step: Callable[[AlembicConfig], None]) -> None:
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    # SQLite changes a table by making it anew: for a moment its foreign keys point nowhere.
    engine = _engine(url, "BEGIN IMMEDIATE", foreign_keys="OFF")
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            # Of several processes that start at once, one migrates and the others wait.
            connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATING)))
        config.attributes["connection"] = connection
        step(config)
        connection.commit()
    engine.dispose()


def _engine(url: str, begin: str, foreign_keys: str = "ON", isolation: str = "READ COMMITTED") -> sa.Engine:
    # Parameters hold persons' texts: they must not reach an error message or a log.
    if sa.make_url(url).get_backend_name() == "postgresql":
        options = {"connect_timeout": WAIT_FOR_SERVER, "options": f"-c lock_timeout={WAIT_FOR_LOCK}s"}
        engine = sa.create_engine(
            url, hide_parameters=True, pool_size=10, isolation_level=isolation, connect_args=options
        )
        _look_at_idle(engine)
        return engine
    engine = sa.create_engine(url, hide_parameters=True, pool_size=10)
    _prepare_sqlite(engine, begin, foreign_keys)
    return engine


def _says_something(socket: int) -> bool:
    """Whether the server has sent something that nobody asked for: most often that it is going."""
    look = select.poll()
    look.register(socket, select.POLLIN)
    return bool(look.poll(0))


def _look_at_idle(engine: sa.Engine) -> None:
    """Finds the connections that a restart of the server has cut, before they are used; not at each use."""

    @sa.event.listens_for(engine, "checkout")
    def look(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get(USED, 0.0) > IDLE or _says_something(connection.fileno()):
            try:
                engine.dialect.do_ping(connection)
            except psycopg.Error as error:
                raise sa.exc.DisconnectionError from error

    @sa.event.listens_for(engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info[USED] = time.monotonic()


def _prepare_sqlite(engine: sa.Engine, begin: str, foreign_keys: str) -> None:
    @sa.event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {WAIT_FOR_LOCK * 1000}",
            "journal_mode = WAL",
            "synchronous = FULL",
            f"foreign_keys = {foreign_keys}",
            "secure_delete = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)
