"""The same database, SQLite or PostgreSQL: its tables, its migrations with data in them, and what its logs say."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from store import clock, config, database, receipts, tables
from store.database import insert_once
from tests.postgres import Postgres
from tests.talk import City

NOW = datetime(2026, 11, 24, 12)
FIRST = {
    "people": {
        **{"id": "p", "channel": "web", "language": "de", "chosen": True, "adult": True, "stopped": False},
        **{"participation": 1, "last_number": 0, "fence": 0, "created_at": NOW},
    },
    "participations": {
        **{"id": 1, "person": "p", "round": "needs", "channel": "web", "mode": "self", "language": "de"},
        **{"status": "partial", "number": 123456789012, "started_at": NOW},
    },
    "answers": {
        **{"id": 1, "participation": 1, "question": "need", "instance": 0, "state": "answered", "text": "Mehr Bäume"},
        **{"language": "de", "revision": 1, "answered_at": NOW},
    },
}
"""What a database of the first revision may hold."""


@pytest.fixture
def url(database_url: str) -> str:
    """The address as our processes see it."""
    return config.driver(database_url)


def rows(url: str, table: str) -> list[dict[str, object]]:
    """All rows of a table, whatever columns it has."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(sa.text(f"select * from {table}")).mappings().all()
    engine.dispose()
    return [dict(row) for row in found]


def test_migrations_keep_what_is_there(url: str) -> None:
    """Up, down and up again with data in it: each answer is there as before, each participation has its mark."""
    database.migrate(url, "0001")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for name, values in FIRST.items():
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            connection.execute(table.insert().values(**values))
    engine.dispose()
    for step in (database.migrate, lambda url: database.revert(url, "0001"), database.migrate):
        step(url)
        assert [row["text"] for row in rows(url, "answers")] == ["Mehr Bäume"]
    [participation] = rows(url, "participations")
    assert participation["mark"]
    assert participation["number"] == 123456789012


def test_what_only_a_newer_database_can_hold_goes(tmp_path: Path, database_url: str) -> None:
    """On the way back a theme put off goes with all its earlier wordings; nothing is left that belongs to nothing."""
    city = City(tmp_path, database_url)
    talk = city.talk().at_need()
    for text in ("zurück", "zurück"):
        talk.says(text, "go_back")
    talk.presses("Später")
    assert ("theme", 0, "later") in [row[:3] for row in talk.given()]
    city.close()
    url = config.driver(database_url)
    database.revert(url, "0001")
    assert [row["question"] for row in rows(url, "answers")] == ["district"]
    assert rows(url, "revisions") == []
    database.migrate(url)


def test_migrations_can_be_undone_to_nothing(url: str) -> None:
    """The way back ends in an empty database, and leads up again."""
    database.migrate(url)
    database.revert(url, "base")
    database.migrate(url)
    assert rows(url, "people") == []


def test_the_tables_are_those_of_the_code(url: str) -> None:
    """What the migrations make is what store/tables.py says: nobody forgot one."""
    database.migrate(url)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_two_processes_migrate_at_once(server: Postgres) -> None:
    """On PostgreSQL the processes of several machines may start together: the tables are made once."""
    url = config.driver(server.database())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(database.migrate, [url] * 4))
    assert rows(url, "people") == []


def test_a_server_that_logs_statements_is_named(server: Postgres) -> None:
    """C17: a server that would write failed statements into its log, and pseudonyms with them, is known as such."""
    url = server.database()
    assert not database.logs_statements(config.driver(url))
    name = sa.make_url(url).database
    with server.admin() as connection:
        connection.execute(f"ALTER DATABASE {name} SET log_min_error_statement = error")  # type: ignore[arg-type]
    assert database.logs_statements(config.driver(url))
    assert not database.logs_statements("sqlite://")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_address_is_all_it_takes(scheme: str, tmp_path: Path) -> None:
    """However a hoster writes the address of a PostgreSQL, the driver is ours."""
    secret = tmp_path / "secret"
    secret.write_text("5" * 64)
    secret.chmod(0o600)
    settings = config.load({"DATA_DIR": str(tmp_path), "DATABASE_URL": f"{scheme}://user@host/name"})
    assert settings.database_url == "postgresql+psycopg://user@host/name"


def test_a_key_that_is_taken_is_told_by_no_log(server: Postgres, tmp_path: Path) -> None:
    """C17: PostgreSQL prints keys with duplicate-key errors; ours are none, and its log names no key and no text."""
    city = City(tmp_path, server.database())
    talk = city.talk().at_need()
    taken = talk.receive("Kanarienvogel im Park", natural="twice") and talk.take()
    talk.perform(taken)
    talk.deliver(taken)
    with city.database.write() as connection:
        assert not receipts.write(connection, taken.message.key, talk.person, "again", None, clock.now())
        assert not insert_once(
            connection, tables.people, id=talk.person, channel="web", language="de", created_at=clock.now()
        )
    with pytest.raises(sa.exc.DBAPIError) as refused, city.database.write() as connection:
        connection.execute(tables.receipts.insert().values(key="k", effect="x" * 30, created_at=None))
    city.close()
    assert "x" * 30 not in str(refused.value)
    log = server.log.read_text("utf-8", "replace")
    assert not any(secret in log for secret in (taken.message.key, talk.person, "Kanarienvogel", "already exists"))


def test_odd_characters_are_stored_alike(city: City) -> None:
    """NUL and lone surrogates, which PostgreSQL refuses, are gone before either database sees them."""
    talk = city.talk().at_need()
    talk.says("Mehr \x00Licht\ud800 \U0001f333 für alle\u202e")
    assert talk.given()[-1] == ("need", 0, "answered", "Mehr Licht \U0001f333 für alle")


def test_a_reader_sees_one_moment(city: City) -> None:
    """An export that reads for a while sees the answers as they were when it began, whatever is written meanwhile.

    Also when its connection has just served a look without a transaction.
    """
    talk = city.talk().at_need()
    query = sa.select(sa.func.count()).select_from(tables.answers)
    with city.database.look() as looking:
        looking.execute(query)
    with city.database.read() as reading:
        before = reading.execute(query).scalar_one()
        talk.says("Mehr Bäume")
        assert reading.execute(query).scalar_one() == before
    with city.database.read() as reading:
        assert reading.execute(query).scalar_one() == before + 1


def test_a_restart_of_the_server_is_survived(server: Postgres, tmp_path: Path) -> None:
    """A16: after PostgreSQL was away, the same process goes on with the next message, without a restart of its own."""
    city = City(tmp_path, server.database())
    talk = city.talk().at_need()
    server.stop("immediate")
    with pytest.raises(sa.exc.OperationalError):
        talk.receive("Mehr Bäume", natural="while away")
    server.start()
    assert "gespeichert" in talk.says("Mehr Bäume")[0]
    assert talk.given()[-1] == ("need", 0, "answered", "Mehr Bäume")
    city.close()
