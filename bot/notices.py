"""Telegram: what a person is told about a message that isn't kept. Once, however often the message comes."""

from bot.delivery import dangerous, tell
from bot.wiring import Wiring
from dialogue.outcome import Say
from dialogue.texts import MOST
from store import addresses, clock, inbox, keys, outbox, people, receipts

CHANNEL = "telegram"
HINT = "hint"
"""The effect of the receipt that keeps a group from being told twice."""


def post(wiring: Wiring, person: str, natural: str, key: str, text: str | None) -> None:
    """Posts a sentence about a message that is not stored, once. `natural` begins with the chat."""
    chat, about = natural.partition(":")[0], _key(wiring, natural)
    with wiring.database.write() as connection:
        addresses.note(connection, person, chat, clock.now())
        # Were it brought once more and taken then, its reply would stand in the way of this one.
        if receipts.write(connection, about, person, receipts.PARKED, None, clock.now()):
            tell(connection, wiring, person, about, text, Say(key, _values(key)))


def refusal(wiring: Wiring, person: str, natural: str, text: str | None) -> str | None:
    """What to post «not taken» about: all that is refused until the next message is taken is one thing.

    None if that has been said, or if the message is stored already and was brought once more. Refused it stays, even if
    it is brought again when there is room: the person was told to write it anew.
    """
    with wiring.database.write() as connection:
        last = inbox.last(connection, person)
        # Who writes of danger gets the numbers to ring even here.
        about = f"{natural.partition(':')[0]}:refused:{last}:{int(dangerous(wiring, text))}"
        if inbox.find(connection, _key(wiring, natural)):
            return None
        receipts.write(connection, _key(wiring, natural), person, receipts.PARKED, None, clock.now())
        if outbox.has(connection, _key(wiring, about), 0):
            return None
    return about


def hint(wiring: Wiring, chat: int) -> bool:
    """Whether a group has to be told where to write; from then on it has been told."""
    with wiring.database.write() as connection:
        return receipts.write(connection, _key(wiring, f"{HINT}:{chat}"), None, HINT, None, clock.now())


def words(wiring: Wiring, person: str, key: str) -> str:
    """The sentence in the person's language."""
    with wiring.database.read() as connection:
        language = people.language(connection, person)
    return wiring.words.say(language, key, _values(key))


def _key(wiring: Wiring, natural: str) -> str:
    return keys.message_key(wiring.config.secret, CHANNEL, natural)


def _values(key: str) -> dict[str, str]:
    return {"most": str(MOST)} if key == "text_too_long" else {}
