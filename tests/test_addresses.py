"""How far the bringing of replies has come: none jumped over, none brought again, nobody found after an erasure."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from dialogue.errors import Refused
from dialogue.rounds import Instance
from store import addresses, clock, outbox, people, retention, tables
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


def outgoing(text: str, asked: Instance | None = None) -> Outgoing:
    """Something to say, without buttons."""
    return Outgoing(text, "de", [], asked)


def post(talk: Talk, text: str) -> None:
    """The bot says something."""
    with talk.city.database.write() as connection:
        outbox.post(connection, talk.person, text, [outgoing(text)], clock.now())


def asked_at(talk: Talk, now: datetime) -> datetime | None:
    """When the open question could be read."""
    wiring = talk.city.bot
    with talk.city.database.write() as connection:
        return people.load(connection, talk.person, wiring.round, wiring.config.secret, now).asked_at


def take(talk: Talk) -> Address | None:
    """Takes the chat, to bring something there."""
    with talk.city.database.write() as connection:
        return addresses.take(connection, talk.person, clock.now(), 60)


def bring(talk: Talk, address: Address, number: int, asks: bool = False) -> None:
    """The reply of this number is there."""
    with talk.city.database.write() as connection:
        addresses.brought(connection, address, number, asks, clock.now(), 60)


def done(talk: Talk, address: Address | None, sent: int) -> None:
    """All is brought up to this number."""
    assert address is not None
    with talk.city.database.write() as connection:
        addresses.done(connection, address, sent, "de")


def taken(talk: Talk) -> Address:
    """Takes the chat, which nobody else has."""
    address = take(talk)
    assert address is not None
    return address


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


def test_who_lost_the_address_marks_nothing(talk: Talk) -> None:
    """A20: a process that wakes up after another one has taken over changes nothing of what that one notes."""
    post(talk, "eins")
    slow = taken(talk)
    with talk.city.database.write() as connection:
        quick = addresses.take(connection, talk.person, clock.now() + timedelta(seconds=61), 30)
    assert quick is not None
    with pytest.raises(Refused, match="lease_lost"):
        bring(talk, slow, 1)
    with talk.city.database.write() as connection:
        addresses.again_later(connection, slow, clock.now(), None)
        addresses.release(connection, slow, blocked=True)
    done(talk, slow, 1)
    assert due(talk) == []
    bring(talk, quick, 1)
    done(talk, quick, 1)
    post(talk, "zwei")
    again = taken(talk)
    assert again.sent == 1


def test_a_long_reply_goes_on_where_it_stopped(talk: Talk) -> None:
    """A13: of a reply in several parts the ones that are there are known, so that none of them is brought again."""
    post(talk, "eins")
    address = taken(talk)
    with talk.city.database.write() as connection:
        addresses.brought_part(connection, address, 2, clock.now(), 60)
        addresses.release(connection, address)
    again = taken(talk)
    assert (again.sent, again.parts) == (0, 2)
    bring(talk, again, 1)
    done(talk, again, 1)
    post(talk, "zwei")
    last = taken(talk)
    assert (last.sent, last.parts) == (1, 0)


def test_a_question_counts_as_asked_when_it_is_there(talk: Talk) -> None:
    """A question that still waits to be brought has been read by nobody; brought, it was asked at that moment."""
    first = outgoing("Sind Sie 16?", Instance("adult", 0))
    with talk.city.database.write() as connection:
        outbox.post(connection, talk.person, "eins", [first], clock.now() - timedelta(minutes=10))
    later = clock.now() + timedelta(minutes=5)
    assert asked_at(talk, later) == later
    address = taken(talk)
    bring(talk, address, 1, asks=True)
    assert clock.now() - timedelta(seconds=30) < (asked_at(talk, later) or later) <= clock.now()


def test_what_comes_meanwhile_is_brought_too(talk: Talk) -> None:
    """A reply that was written while another one was brought is due when that is done."""
    post(talk, "eins")
    first = take(talk)
    post(talk, "zwei")
    done(talk, first, 1)
    assert due(talk) == [talk.person]
    again = taken(talk)
    assert (again.sent, again.last) == (1, 2)
    done(talk, again, 2)
    assert due(talk) == []


def test_who_was_erased_is_forgotten_with_the_last_notice(talk: Talk) -> None:
    """After an erasure the chat's id stays until its notice is there, and not longer."""
    with talk.city.database.write() as connection:
        connection.execute(tables.people.update().values(erased_at=clock.now()))
    post(talk, "eins")
    first = take(talk)
    post(talk, "der Hinweis")
    done(talk, first, 1)
    assert due(talk) == [talk.person]
    done(talk, take(talk), 2)
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
    again = taken(talk)
    assert again.sent == 1


def test_pauses_grow(talk: Talk) -> None:
    """A15: a chat that can't be reached is tried more and more rarely, but within half a minute when it is there."""
    post(talk, "eins")
    address = taken(talk)
    for _ in range(12):
        with talk.city.database.write() as connection:
            addresses.again_later(connection, address, clock.now(), None)
    assert due(talk, timedelta(seconds=25)) == []
    assert due(talk, timedelta(seconds=35)) == [talk.person]


def test_a_pause_that_telegram_asks_for_is_kept(talk: Talk) -> None:
    """A14: a pause of an hour that was asked for is kept; one of ours that is so long came from a wrong clock."""
    post(talk, "eins")
    address = taken(talk)
    with talk.city.database.write() as connection:
        addresses.again_later(connection, address, clock.now(), timedelta(hours=1))
    assert due(talk, timedelta(minutes=59)) == []
    assert due(talk, timedelta(minutes=61)) == [talk.person]
    with talk.city.database.write() as connection:
        addresses.again_later(connection, address, clock.now() + timedelta(hours=1), None)
    assert due(talk) == [talk.person]


def test_a_reply_that_is_still_to_come_has_somewhere_to_go(talk: Talk) -> None:
    """While a message of somebody erased waits, the chat's id stays: its reply has to be brought there."""
    with talk.city.database.write() as connection:
        connection.execute(tables.people.update().values(erased_at=clock.now()))
    post(talk, "der Hinweis")
    talk.receive("hallo")
    done(talk, take(talk), 1)
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
