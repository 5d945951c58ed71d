"""Whether what the tests' processes have logged holds anything that a person said, or a name that we have for them."""

import json
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from store import tables
from store.config import SECRETS
from tests.stack import Stack
from tests.tester import SAID

SHORTEST = 12
"""Characters from which a text can't stand in a log by chance."""


def files() -> list[Path]:
    """Every log of every stack that was started, but for the one of Rasa's training."""
    return [file for one in Stack.started for file in (one.data / "logs").iterdir() if file.name != "train.log"]


def betrayals(logs: list[Path]) -> list[str]:
    """The lines of these logs that hold a text, a token, a key or a pseudonym of anybody in these tests."""
    canaries = {text for text in SAID if len(text) >= SHORTEST}
    canaries |= {json.dumps(text)[1:-1] for text in canaries if text.isprintable()}
    canaries |= {secret for one in Stack.started for secret in _secrets(one)}
    return [line for log in logs for line in _found(log, canaries)]


def _secrets(one: Stack) -> Iterator[str]:
    """What of a stack no log may hold: its keys and tokens, and the pseudonyms and keys of its people and messages."""
    yield one.secret.decode()
    yield from (one.settings.environ[name] for name in SECRETS if name in one.settings.environ)
    with one.database.read() as connection:
        yield from connection.execute(sa.select(tables.people.c.id)).scalars()
        yield from connection.execute(sa.select(tables.inbox.c.key)).scalars()


def _found(log: Path, canaries: set[str]) -> Iterator[str]:
    content = log.read_text("utf-8", errors="replace")
    found = [canary for canary in canaries if canary in content]
    for line in content.splitlines():
        if any(canary in line for canary in found):
            yield f"{log.name}: {line[:500]}"
