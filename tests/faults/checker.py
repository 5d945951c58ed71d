"""Compares what the residents did with what is stored, exported and shown. Pure: data in, broken promises out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.history import Operation, Result

DELETE = "delete"
"""The question of an operation that asks to be deleted."""
FREE = ("need", "idea")
"""Questions whose answer may be told in several bubbles."""

Key = tuple[str, str, int]
"""Person, question, instance."""


@dataclass(frozen=True)
class Stored:
    """One answer, as the database or an export has it."""

    person: str
    question: str
    instance: int
    text: str | None
    revision: int = 1

    @property
    def key(self) -> Key:
        """What it answers, and whose it is."""
        return self.person, self.question, self.instance

    @property
    def lines(self) -> list[str]:
        """Its bubbles."""
        return self.text.split("\n") if self.text else []


@dataclass(frozen=True)
class Shown:
    """What a person was to be told, by the log, and what their device shows of it."""

    person: str
    log: Sequence[str]
    device: Sequence[str]
    extra: int = 0
    """So many may come twice: acknowledgements that were lost."""


@dataclass(frozen=True)
class World:
    """All that there is after a round, of the residents of the round and of people whom nobody knows."""

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
    gone = {one.person for one in world.operations if one.question == DELETE and one.result is Result.OK}
    found = [
        *(f"refused: {one}" for one in world.operations if one.result is Result.FAILED),
        *_lost(world),
        *_invented(world),
        *_doubled(world),
        *_order(world),
        *(f"deleted, and still there: {what} of {person}" for person, what in world.remains.items()),
        *(f"stored after a deletion: {one}" for one in world.answers if one.person in gone),
        *_export(world),
        *_transcripts(world.shown),
    ]
    if world.waiting:
        found.append(f"never handled: {world.waiting} messages")
    return found


def by_answer(operations: Iterable[Operation]) -> dict[Key, list[Operation]]:
    """Everything that may have been received, by the answer that it belongs to, in order."""
    result: dict[Key, list[Operation]] = {}
    for one in operations:
        if one.question != DELETE and one.result is not Result.FAILED:
            result.setdefault((one.person, one.question, one.instance), []).append(one)
    return result


def _lost(world: World) -> Iterator[str]:
    maybe_gone = {one.person for one in world.operations if one.question == DELETE}
    stored = {one.key: one.lines for one in world.answers}
    for key, operations in by_answer(world.operations).items():
        if key[0] in maybe_gone:
            continue
        sure = [place for place, one in enumerate(operations) if one.result is Result.OK]
        lines = stored.get(key, [])
        if key[1] in FREE:
            missing = [operations[place].value for place in sure if operations[place].value not in lines]
        else:
            # A choice made anew takes the place of the one before; one of unknown outcome may have.
            may = {one.value for one in operations[sure[-1] :]} if sure else set()
            missing = [operations[sure[-1]].value] if sure and not may & set(lines) else []
        yield from (f"acknowledged and lost: «{value}» as {key}; there stands {lines}" for value in missing)


def _invented(world: World) -> Iterator[str]:
    may = by_answer(world.operations)
    for one in world.answers:
        said = [operation.value for operation in may.get(one.key, [])]
        yield from (f"never said: «{line}» as {one.key}" for line in one.lines if line not in said)


def _doubled(world: World) -> Iterator[str]:
    keys = Counter(one.key for one in world.answers)
    yield from (f"stored {count} times: {key}" for key, count in keys.items() if count > 1)
    lines = Counter((one.person, line) for one in world.answers if one.question in FREE for line in one.lines)
    yield from (f"counted {count} times: «{line}» of {person}" for (person, line), count in lines.items() if count > 1)
    may = by_answer(world.operations)
    for one in world.answers:
        if one.key in may and one.revision > len(may[one.key]):
            yield f"acted {one.revision} times on {len(may[one.key])} messages: {one.key}"


def _order(world: World) -> Iterator[str]:
    may = by_answer(world.operations)
    for one in world.answers:
        said = [operation.value for operation in may.get(one.key, [])]
        places = [said.index(line) for line in one.lines if line in said]
        if places != sorted(places):
            yield f"out of order: {one.lines} as {one.key}"


def _export(world: World) -> Iterator[str]:
    stored, exported = Counter(world.answers), Counter(world.exported)
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
