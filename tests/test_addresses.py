"""How far the bringing of replies has come: none jumped over, none brought again, nobody found after an erasure."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from store import addresses, clock, outbox, retention, tables
from store.addresses import Address
from store.outbox import Outgoing
from tests.talk import City, Talk

CHAT = "1234567890"


@pytest.fixture
def talk(city: City) -> Talk:
    """Somebody who has written from a chat."""
    talk = city.talk()
    with city.database.write() as connection:
        addresses.note(connection, talk.person, CHAT, clock.now())
    return talk


def post(talk: Talk, text: str) -> None:
    """The bot says something."""
    with talk.city.database.write() as connection:
        outbox.post(connection, talk.person, text, [Outgoing(text, "de", [])], clock.now())


def take(talk: Talk) -> Address | None:
    """Takes the chat, to bring something there."""
    with talk.city.database.write() as connection:
        return addresses.take(connection, talk.person, clock.now(), 60)


def done(talk: Talk, sent: int) -> None:
    """All is brought up to this number."""
    with talk.city.database.write() as connection:
        addresses.done(connection, talk.person, sent, "de")


def due(talk: Talk, later: timedelta = timedelta()) -> list[str]:
    """Who is to be brought something."""
    with talk.city.database.read() as connection:
        return addresses.due(connection, clock.now() + later, 10)


def test_one_process_brings(talk: Talk) -> None:
    """While one process brings, no other one does; if it dies, another one may after a minute."""
    post(talk, "eins")
    assert due(talk) == [talk.person]
    assert take(talk) is not None
    assert take(talk) is None
    assert due(talk) == []
    assert due(talk, timedelta(seconds=61)) == [talk.person]


def test_what_comes_meanwhile_is_brought_too(talk: Talk) -> None:
    """A reply that was written while another one was brought is due when that is done."""
    post(talk, "eins")
    assert take(talk)
    post(talk, "zwei")
    done(talk, 1)
    assert due(talk) == [talk.person]
    again = take(talk)
    assert again is not None
    assert (again.sent, again.last) == (1, 2)
    done(talk, 2)
    assert due(talk) == []


def test_who_was_erased_is_forgotten_with_the_last_notice(talk: Talk) -> None:
    """After an erasure the chat's id stays until its notice is there, and not longer."""
    with talk.city.database.write() as connection:
        connection.execute(tables.people.update().values(erased_at=clock.now()))
    post(talk, "eins")
    assert take(talk)
    post(talk, "der Hinweis")
    done(talk, 1)
    assert due(talk) == [talk.person]
    assert take(talk)
    done(talk, 2)
    with talk.city.database.read() as connection:
        assert connection.execute(sa.select(tables.addresses)).all() == []


def test_somebody_who_comes_back_is_brought_only_what_is_new(talk: Talk) -> None:
    """When the chat's id was forgotten and somebody writes again, nothing of before is brought once more."""
    post(talk, "eins")
    with talk.city.database.write() as connection:
        addresses.forget(connection, talk.person)
        addresses.note(connection, talk.person, CHAT, clock.now())
    assert due(talk) == []
    post(talk, "zwei")
    again = take(talk)
    assert again is not None
    assert again.sent == 1


def test_pauses_grow(talk: Talk) -> None:
    """A chat that can't be reached is tried more and more rarely, up to every five minutes."""
    post(talk, "eins")
    for _ in range(12):
        with talk.city.database.write() as connection:
            addresses.again_later(connection, talk.person, clock.now(), None)
    assert due(talk, timedelta(minutes=4)) == []
    assert due(talk, timedelta(minutes=6)) == [talk.person]


def test_a_reply_that_is_still_to_come_has_somewhere_to_go(talk: Talk) -> None:
    """While a message of somebody erased waits, the chat's id stays: its reply has to be brought there."""
    with talk.city.database.write() as connection:
        connection.execute(tables.people.update().values(erased_at=clock.now()))
    post(talk, "der Hinweis")
    talk.receive("hallo")
    assert take(talk)
    done(talk, 1)
    with talk.city.database.read() as connection:
        assert len(connection.execute(sa.select(tables.addresses)).all()) == 1


def test_tidying_spares_who_is_still_to_be_reached(talk: Talk) -> None:
    """D9: somebody who looked in long ago and has just sent a picture stays until their address goes; nothing fails."""
    with talk.city.database.write() as connection:
        connection.execute(tables.people.update().values(created_at=clock.now() - timedelta(hours=60)))
    report = retention.tidy(talk.city.database, clock.now(), date(2099, 1, 1))
    assert report["idle_people"] == 0
    report = retention.tidy(talk.city.database, clock.now() + timedelta(hours=49), date(2099, 1, 1))
    assert (report["addresses"], report["idle_people"]) == (1, 1)
