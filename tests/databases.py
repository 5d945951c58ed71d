"""What the tests do to a database of either kind."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from store import config, tables
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


class Places:
    """Empty databases of one kind, each as on a machine of its own."""

    def __init__(self, kind: str, request: pytest.FixtureRequest, folder: Path) -> None:
        self._server = request.getfixturevalue("server") if kind == "postgresql" else None
        self._folder = folder

    def environ(self, name: str) -> dict[str, str]:
        """Where the data of a machine are."""
        if self._server is None:
            return {"DATABASE_URL": f"sqlite:///{self._folder / name / 'mitsprache.db'}"}
        # A role of its own, with a password: the tools must get it, and own what they restore.
        role = f"backup_{secrets.token_hex(4)}"
        return {"DATABASE_URL": self._server.guarded(role, secrets.token_hex(16))}

    def url(self, name: str) -> str:
        """The address of a further database, as our processes see it."""
        return config.driver(self.environ(name)["DATABASE_URL"])


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
