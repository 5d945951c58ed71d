"""What the inbox makes of messages that come again, are written anew, or hang on something long gone."""

import pytest
import sqlalchemy as sa

from bot.receiving import Received, receive
from dialogue.errors import Invalid
from store import keys, tables
from store.inbox import Accepted
from tests.talk import City, Talk

CHAT = "1234567890"


def written(city: City, number: int, text: str, edits: str | None = None) -> Received:
    """A message on Telegram."""
    person = keys.pseudonym(city.bot.config.secret, "telegram", CHAT)
    natural = f"{CHAT}:{number}" + (":edited" if edits else "")
    return Received("telegram", person, natural, text, edits=edits, address=CHAT)


def chatter(city: City) -> Talk:
    """Somebody on Telegram who is asked for the need."""
    return Talk(city, keys.pseudonym(city.bot.config.secret, "telegram", CHAT)).at_need()


def test_a_button_of_a_talk_long_gone(city: City) -> None:
    """B3, D3: whoever was forgotten and comes back agrees to nothing by a button of before on the same number."""
    talk = city.talk()
    talk.says("hallo", "greet")
    talk.says("Deutsch")
    old = talk.button("Ja, ich bin 16")
    with city.database.write() as connection:
        for table in (tables.outbox, tables.inbox, tables.receipts, tables.people):
            connection.execute(table.delete())
    back = Talk(city, talk.person, talk.number)
    back.says("hallo", "greet")
    back.says("Deutsch")
    assert back.button("Ja, ich bin 16").split(".")[:2] == old.split(".")[:2]
    with pytest.raises(Invalid, match="button_old"):
        back.receive(button=old)


def test_an_edit_before_anybody_has_read(city: City) -> None:
    """B9: what is written anew while it still waits counts in its new wording alone, and once."""
    talk = chatter(city)
    receive(city.bot, written(city, 7, "Mehr Baume"))
    edit = written(city, 7, "Mehr Bäume", edits=f"{CHAT}:7")
    assert receive(city.bot, edit) is Accepted.STORED
    assert receive(city.bot, edit) is Accepted.DUPLICATE
    taken = talk.take()
    talk.perform(taken)
    talk.deliver(taken)
    assert [row for row in talk.given() if row[0] == "need"] == [("need", 0, "answered", "Mehr Bäume")]
    with city.database.read() as connection:
        waiting = sa.select(sa.func.count()).where(tables.inbox.c.state == "waiting")
        assert connection.execute(waiting).scalar_one() == 0


def test_an_edit_of_a_call_for_help(city: City) -> None:
    """B9: a call for help, written anew, becomes no answer."""
    talk = chatter(city)
    receive(city.bot, written(city, 7, "Hilfe"))
    taken = talk.take()
    talk.perform(taken, "help")
    talk.deliver(taken)
    with pytest.raises(Invalid, match="edit_unknown"):
        receive(city.bot, written(city, 7, "Hilfe!", edits=f"{CHAT}:7"))
    assert [row for row in talk.given() if row[0] == "need"] == []
