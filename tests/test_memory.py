"""How the inbox remembers which messages it has had: by key, for 48 hours, whatever numbers a channel gives them."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import receiving
from store import clock, retention, tables
from store.inbox import Accepted
from tests.talk import City, Talk

FAR = date(2099, 1, 1)


def test_lower_numbers_after_a_restart_are_new_messages(tmp_path: Path, database_url: str) -> None:
    """A4: after ids up to 10^9 and a restart, ids from 5 on are taken all the same: no high-water mark is kept."""
    talk = City(tmp_path, database_url).talk()
    assert talk.receive("zuerst", natural=f"chat:{10**9}")
    talk.city.close()
    after = Talk(City(tmp_path, database_url), talk.person)
    for id in range(5, 25):
        after.receive(f"Nachricht {id}", natural=f"chat:{id}")
    with after.city.database.read() as connection:
        texts = connection.execute(sa.select(tables.inbox.c.text).order_by(tables.inbox.c.seq)).scalars().all()
    assert texts == ["zuerst", *(f"Nachricht {id}" for id in range(5, 25))]
    after.city.close()


def test_a_second_delivery_is_known_for_48_hours(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """A5: 47 hours later the same message is still a duplicate; only keyed hashes remember it."""
    talk = city.talk()
    talk.says("hallo", "greet")
    began = clock.now()
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(hours=47))
    retention.tidy(city.database, clock.now(), FAR)
    assert _again(talk, 1) is Accepted.DUPLICATE
    with city.database.read() as connection:
        row = connection.execute(sa.select(tables.inbox)).one()
    assert (row.text, row.value) == (None, None)
    assert len(row.key) == 40
    assert talk.person not in row.key


def test_the_memory_does_not_grow(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """A5: after two weeks of talk the tables of keys are as large as after three days."""
    talk, began = city.talk().at_need(), clock.now()
    sizes = []
    for day in range(1, 15):
        monkeypatch.setattr(clock, "now", lambda day=day: began + timedelta(days=day))
        for _ in range(5):
            talk.says("Hilfe", "help")
        retention.tidy(city.database, clock.now(), FAR)
        sizes.append(_rows(city))
    assert max(sizes[3:]) <= max(sizes[:3])


def _again(talk: Talk, number: int) -> Accepted:
    """Delivers the message of this number once more."""
    return receiving.receive(talk.city.bot, receiving.Received("web", talk.person, f"{talk.person}:{number}", "hallo"))


def _rows(city: City) -> int:
    with city.database.read() as connection:
        sizes = (sa.select(sa.func.count()).select_from(table) for table in (tables.inbox, tables.receipts))
        return sum(connection.execute(size).scalar_one() for size in sizes)
