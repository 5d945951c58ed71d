"""What the tests do to a database of either kind."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from store import tables
from store.database import Database

DATABASES = ("sqlite",) if os.environ.get("NO_POSTGRES") else ("sqlite", "postgresql")
"""The kinds that the tests run on."""

BREAK = {
    "sqlite": ("create trigger disk_full before insert on answers begin select raise(abort, 'disk full'); end",),
    "postgresql": (
        "create function disk_full() returns trigger as $$ begin raise exception 'disk full'; end $$ language plpgsql",
        "create trigger disk_full before insert on answers execute function disk_full()",
    ),
}
MEND = {
    "sqlite": ("drop trigger disk_full",),
    "postgresql": ("drop trigger disk_full on answers", "drop function disk_full"),
}


@contextmanager
def answers_refused(database: Database) -> Iterator[None]:
    """As long as the block lasts, no answer can be written."""
    _execute(database, BREAK)
    try:
        yield
    finally:
        _execute(database, MEND)


def everything(database: Database) -> str:
    """All that the tables say, in one text."""
    with database.read() as connection:
        rows = [row for table in tables.metadata.sorted_tables for row in connection.execute(sa.select(table))]
    return "\n".join(map(str, rows))


def _execute(database: Database, statements: dict[str, tuple[str, ...]]) -> None:
    with database.write() as connection:
        for statement in statements[database.dialect]:
            connection.execute(sa.text(statement))
