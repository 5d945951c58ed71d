"""What a turn leaves to be done when its receipt is there: the message is handled, who asked for it erased or gone."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dialogue.outcome import Erasure
from store import erasure, handover, inbox, keys
from store.config import Config


def settle(
    connection: sa.Connection, config: Config, person: str, key: str, reply: dict[str, Any], held: bool, now: datetime
) -> None:
    """Does it, by the reply of the receipt. `held`: the text stays until the person has said whether it may be kept."""
    inbox.handled(connection, key, held=held)
    if "hand_over" in reply:
        handover.detach(connection, person, now)
    if "erase" in reply:
        reason, barred = Erasure(reply["erase"]), keys.bar(config.secret, person)
        erasure.journal(config.journal, person, reply["participations"], reason, reply.get("code"), now)
        erasure.carry_out(connection, person, reason, barred, now)
