"""Buttons under a message on Telegram: opaque ids of at most 64 bytes, which the outbox still knows after a restart."""

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from store import keys
from store.outbox import Delivery

CHOSEN = "✓ "
WIDEST = 4
"""Characters of a label up to which several stand in a row: the numbers of a scale."""
MOST_IN_ROW = 5


def keyboard(secret: bytes, person: str, delivery: Delivery, chosen: int | None = None) -> InlineKeyboardMarkup | None:
    """The buttons of a message, the pressed one marked; None where it has none."""
    rows: list[list[InlineKeyboardButton]] = []
    for index, button in enumerate(delivery.buttons):
        label = button["label"] if index != chosen else CHOSEN + button["label"].removeprefix(CHOSEN)
        id = keys.button(secret, person, delivery.number, delivery.key, index)
        made = InlineKeyboardButton(label, callback_data=id)
        if rows and _short(rows[-1][-1].text) and _short(label) and len(rows[-1]) < MOST_IN_ROW:
            rows[-1].append(made)
        else:
            rows.append([made])
    return InlineKeyboardMarkup(rows) if rows else None


def _short(label: str) -> bool:
    return len(label.removeprefix(CHOSEN)) <= WIDEST
