"""What goes wrong in a way that nobody foresaw holds up one person for a while, and ends no background work."""

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from telegram import Update

from bot import background, backlog, delivery, notices, turns
from bot.background import Background
from bot.receiving import receive
from bot.signals import Signals
from bot.taking import Taken
from bot.telegram import Telegram
from bot.turns import Turns
from bot.wiring import Wiring
from store import clock, inbox, keys, people, tables
from store.inbox import Accepted
from tests.talk import City, Talk
from tests.test_receiving import CHAT, chatter, written

NO_DATABASE = OperationalError("insert", {}, Exception("away"))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock on by so many seconds."""
    now, moved = clock.now, timedelta()
    monkeypatch.setattr(clock, "now", lambda: now() + moved)

    def move(seconds: float) -> None:
        nonlocal moved
        moved += timedelta(seconds=seconds)

    return move


def waiting(talk: Talk) -> list[str]:
    """Who is to be served now."""
    with talk.city.database.read() as connection:
        return inbox.due(connection, clock.now(), 16)


def test_a_message_that_no_turn_comes_to_terms_with(
    city: City, later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A23: a message at which our own code fails waits, keeps nobody away, and is given up with a word in the end."""
    talk, other, most = city.talk().at_need(), city.talk("other").at_need(), city.bot.config.most_tries
    monkeypatch.setattr(turns, "BREATH", 0.0)
    work = Turns(city.bot, Signals())

    def take(wiring: Wiring, person: str, *given: Any) -> Taken | None:
        if person == talk.person:
            raise KeyError("a question that is gone")
        return None

    monkeypatch.setattr(turns, "take", take)
    talk.receive("Mehr Bäume")
    asyncio.run(work._converse(talk.person))
    other.receive("Mehr Bänke")
    assert waiting(talk) == [other.person]
    for _ in range(most - 1):
        later(31)
        assert talk.person in waiting(talk)
        asyncio.run(work._converse(talk.person))
    later(31)
    assert talk.person not in waiting(talk)
    assert "nicht verarbeiten" in talk.log()[-1].text


def test_a_question_that_the_city_took_out(city: City) -> None:
    """Who was about to change an answer to a question that is gone is asked the next one, and nothing is lost."""
    talk = city.talk().at_need()
    gone = {"revisit_question": "gone", "revisit_instance": 0}
    with city.database.write() as connection:
        people.change(connection, talk.person, **gone)
    talk.says("Mehr Bäume")
    assert ("need", 0, "answered", "Mehr Bäume") in talk.given()


def test_an_outage_uses_up_nobodys_limit(tmp_path: Any, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A16, C19: what Telegram brings again and again while nothing can be stored counts once, and is taken then."""
    city = City(tmp_path, database_url, {"LIMIT_PERSON": "3 per hour"})
    channel = Telegram(city.bot, Turns(city.bot, Signals()), Signals(), None)  # type: ignore[arg-type]
    update = {"update_id": 1, "message": _message(7, "hallo")}

    def away(*_given: Any) -> None:
        raise NO_DATABASE

    async def bring() -> None:
        with monkeypatch.context() as outage:
            outage.setattr("bot.telegram.receive", away)
            for _ in range(20):
                with pytest.raises(OperationalError):
                    await channel.take(Update.de_json(update, None))
        await channel.take(Update.de_json(update, None))

    asyncio.run(bring())
    with city.database.read() as connection:
        assert connection.execute(sa.select(tables.inbox.c.text)).scalars().all() == ["hallo"]
        assert connection.execute(sa.select(tables.outbox)).all() == []
    city.close()


def test_who_is_new_and_sends_too_much_is_told_so(tmp_path: Any, database_url: str) -> None:
    """C19: somebody of whom we know nothing yet is refused in words; the channel goes on."""
    city = City(tmp_path, database_url, {"LIMIT_PERSON": "0 per hour"})
    channel = Telegram(city.bot, Turns(city.bot, Signals()), Signals(), None)  # type: ignore[arg-type]
    asyncio.run(channel.take(Update.de_json({"update_id": 1, "message": _message(7, "hallo")}, None)))
    person = keys.pseudonym(city.bot.config.secret, "telegram", CHAT)
    assert len(Talk(city, person).log()) == 1
    city.close()


def test_what_was_refused_stays_refused(city: City) -> None:
    """A2, A9: who was told that a message isn't taken can rely on it, also when Telegram brings it once more."""
    talk = chatter(city)
    message = written(city, 7, "Mehr Bäume")
    about = notices.refusal(city.bot, talk.person, message.natural, message.text)
    assert about is not None
    notices.post(city.bot, talk.person, about, "not_taken", message.text)
    assert receive(city.bot, message) is Accepted.DUPLICATE
    assert notices.refusal(city.bot, talk.person, message.natural, message.text) is None


def test_no_word_of_a_delay_behind_the_reply(city: City) -> None:
    """A10: what another process has answered meanwhile is not said to be late."""
    talk = city.talk().at_need()
    talk.receive("Mehr Bäume")
    taken = talk.take()
    delivery.delay_notice(city.bot, taken)
    assert "Störung" in talk.log()[-1].text
    talk.perform(taken)
    talk.deliver(taken)
    with city.database.write() as connection:
        connection.execute(tables.outbox.delete().where(tables.outbox.c.position == delivery.NOTICE_POSITION))
    said = len(talk.log())
    delivery.delay_notice(city.bot, taken)
    assert len(talk.log()) == said


def test_background_work_goes_on(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """D9, A25: an error that nobody foresaw, and it comes from below our library, ends neither tidying nor watching."""
    tried: list[str] = []

    def broken(*_given: Any) -> None:
        tried.append("tidying")
        raise sqlite3.OperationalError("disk I/O error")

    class Bot:
        async def get_webhook_info(self) -> None:
            tried.append("watching")
            raise RuntimeError("nobody foresaw it")

    monkeypatch.setattr(background, "TIDY_EVERY", 0.01)
    monkeypatch.setattr(backlog, "LOOK_EVERY", 0.01)
    monkeypatch.setattr("store.retention.tidy", broken)

    async def work() -> None:
        running = asyncio.create_task(Background(city.bot, Bot()).run())  # type: ignore[arg-type]
        while min(tried.count("tidying"), tried.count("watching")) < 3:
            await asyncio.sleep(0.01)
            assert not running.done()
        running.cancel()

    asyncio.run(asyncio.wait_for(work(), 30))


def _message(number: int, text: str) -> dict[str, Any]:
    return {"message_id": number, "date": 1, "chat": {"id": int(CHAT), "type": "private"}, "text": text}
