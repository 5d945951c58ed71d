"""Compares what the residents did with what is stored, exported and shown. Pure: data in, broken promises out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.history import Operation, Result

DELETE = "delete"
"""The question of an operation that asks to be deleted."""

Asked = tuple[str, int]


@dataclass(frozen=True)
class Stored:
    """One answer, as the database or an export has it."""

    person: str
    question: str
    instance: int
    text: str | None


@dataclass(frozen=True)
class Shown:
    """What a person was to be told, by the log, and what their device shows of it."""

    person: str
    log: Sequence[str]
    device: Sequence[str]
    extra: int = 0
    """So many may come twice: the channel has no key, and its answer may have been lost."""


@dataclass(frozen=True)
class World:
    """All that there is after a round."""

    operations: Sequence[Operation]
    answers: Sequence[Stored]
    exported: Sequence[Stored]
    shown: Sequence[Shown] = ()
    waiting: int = 0
    """Messages that nobody has handled."""
    remains: Mapping[str, str] = field(default_factory=dict)
    """What is found anywhere of a person who was deleted."""


def violations(world: World) -> list[str]:
    """Every broken promise, in words; an empty list is the proof of the round."""
    deleted = {one.person for one in world.operations if one.question == DELETE and one.result is Result.OK}
    found = [
        *_lost(world, deleted),
        *_invented(world),
        *_doubled(world),
        *_order(world, deleted),
        *(f"deleted, and still there: {what} of {person}" for person, what in world.remains.items()),
        *(f"stored after a deletion: {one}" for one in world.answers if one.person in deleted),
        *_export(world),
        *_transcripts(world.shown),
    ]
    if world.waiting:
        found.append(f"never handled: {world.waiting} messages")
    return found


def expected(operations: Iterable[Operation], least: bool) -> dict[tuple[str, Asked], list[str]]:
    """What has to stand under each question of each person, line by line; without `least` what may stand there."""
    result: dict[tuple[str, Asked], list[str]] = {}
    for one in operations:
        counts = one.result is Result.OK or (not least and one.result in (Result.UNKNOWN, Result.INVOKED))
        if counts and one.question != DELETE:
            result.setdefault((one.person, (one.question, one.instance)), []).append(one.value)
    return result


def _lost(world: World, deleted: set[str]) -> Iterator[str]:
    stored = {(one.person, (one.question, one.instance)): one.text or "" for one in world.answers}
    for (person, asked), values in expected(world.operations, least=True).items():
        if person in deleted:
            continue
        lines = stored.get((person, asked), "").split("\n")
        # A choice made anew takes the place of the one before; what was said in several bubbles stands together.
        wanted = values if len(lines) > 1 or asked[0] in FREE else values[-1:]
        for value in wanted:
            if value not in lines:
                yield f"acknowledged and lost: «{value}» as {asked} of {person}; there stands {lines}"


def _invented(world: World) -> Iterator[str]:
    may = expected(world.operations, least=False)
    for one in world.answers:
        said = may.get((one.person, (one.question, one.instance)), [])
        for line in (one.text or "").split("\n"):
            if one.text and line not in said:
                yield f"never said: «{line}» as {one.question, one.instance} of {one.person}"


def _doubled(world: World) -> Iterator[str]:
    keys = Counter((one.person, one.question, one.instance) for one in world.answers)
    yield from (f"stored {count} times: {key}" for key, count in keys.items() if count > 1)
    free = [one for one in world.answers if one.question in FREE]
    lines = Counter((one.person, line) for one in free for line in (one.text or "").split("\n") if line)
    yield from (f"counted {count} times: «{line}» of {person}" for (person, line), count in lines.items() if count > 1)


def _order(world: World, deleted: set[str]) -> Iterator[str]:
    may = expected(world.operations, least=False)
    for one in world.answers:
        if one.person in deleted or one.question not in FREE or not one.text:
            continue
        said = may.get((one.person, (one.question, one.instance)), [])
        places = [said.index(line) for line in one.text.split("\n") if line in said]
        if places != sorted(places):
            yield f"out of order: {one.text.splitlines()} of {one.person}"


def _export(world: World) -> Iterator[str]:
    stored = Counter((one.question, one.instance, one.text or "") for one in world.answers)
    exported = Counter((one.question, one.instance, one.text or "") for one in world.exported)
    yield from (f"exported and not stored: {row} ({count})" for row, count in (exported - stored).items())
    yield from (f"stored and not exported: {row} ({count})" for row, count in (stored - exported).items())


def _transcripts(shown: Iterable[Shown]) -> Iterator[str]:
    for one in shown:
        twice = len(one.device) - len(one.log)
        if twice > one.extra:
            yield f"told {twice} times too often, {one.extra} may be: {one.person}"
        if without_repeats(one.device, one.log) != list(one.log):
            yield f"told otherwise than the log says: {one.person}: {one.device} instead of {one.log}"


def without_repeats(device: Sequence[str], log: Sequence[str]) -> list[str]:
    """What the device shows, less what came again right after it was there."""
    result: list[str] = []
    for text in device:
        if len(result) < len(log) and text == log[len(result)]:
            result.append(text)
        elif not result or text != result[-1]:
            return [*result, text]
    return result


FREE = ("need", "idea")
"""Questions whose answer may be told in several bubbles."""
