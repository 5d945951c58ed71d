"""Nothing lost, nothing twice, under faults: short rounds of what `make soak` does for long; the checker can fail."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import rounds, site
from tests.faults.checker import DELETE, Shown, Stored, World, violations
from tests.faults.history import Operation, Result
from tests.faults.injector import Fault, again, at_step, named
from tests.faults.residents import hasty
from tests.faults.site import Site
from tests.mutants import fails
from tests.mutation import Mutation
from tests.postgres import Postgres

SEED = 20261127
PATIENCE = 60.0


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One of everything on SQLite; Telegram is asked for its updates."""
    with site.running(tmp_path_factory.mktemp("small"), random.Random(SEED)) as here:
        yield here


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, server: Postgres) -> Iterator[Site]:
    """One of everything on PostgreSQL; Telegram brings its updates."""
    with site.running(tmp_path_factory.mktemp("large"), random.Random(SEED), server, webhook=True) as here:
        yield here


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory, server: Postgres) -> Iterator[Site]:
    """Two of everything on PostgreSQL, behind a reverse proxy."""
    if os.environ.get("NO_NGINX"):
        pytest.skip("NO_NGINX")
    folder, dice = tmp_path_factory.mktemp("double"), random.Random(SEED)
    with site.running(folder, dice, server, webhook=True, replicas=True) as here:
        yield here


def holds(here: Site, fault: str) -> None:
    """A round with this fault breaks no promise."""
    outcome = rounds.play(here, named(fault), patience=PATIENCE)
    assert not outcome.violations, "\n".join(outcome.violations)
    assert outcome.count(Result.OK) > 40


@pytest.mark.parametrize("fault", ["kill bot and rasa and actions", "kill rasa and actions", "freeze bot"])
def test_processes_die(small: Site, fault: str) -> None:
    """A19: whatever dies or sleeps in the middle of six talks, each thing said is stored and told once, in order."""
    holds(small, fault)


def test_the_disk_takes_nothing(small: Site) -> None:
    """A18: what was called stored while no file can be written is stored; then all goes on, without a restart."""
    holds(small, "the disk is full")


@pytest.mark.parametrize("fault", ["Telegram loses answers", "Telegram brings old updates", "the line breaks"])
def test_a_line_breaks(small: Site, fault: str) -> None:
    """A2, A13: nothing that comes again counts twice; a reply comes again once for each lost acknowledgement."""
    holds(small, fault)


def test_forged_updates(large: Site) -> None:
    """C1: what somebody else brings in the name of those who talk is refused, and nothing of it is stored."""
    holds(large, "updates are forged")


@pytest.mark.parametrize("fault", ["PostgreSQL is stopped", "PostgreSQL is read-only"])
def test_the_database_is_away(large: Site, fault: str) -> None:
    """A16: while the database is away Telegram and browsers keep what they have; then all goes on by itself."""
    holds(large, fault)


def test_the_database_crashes(large: Site) -> None:
    """A17: PostgreSQL crashes five times in the middle of its commits, and what was acknowledged is there."""
    outcome = rounds.play(large, named("PostgreSQL crashes five times"), 8, (hasty,), PATIENCE)
    assert not outcome.violations, "\n".join(outcome.violations)


@pytest.mark.parametrize("fault", ["freeze bot", "restart all in turn", "kill bot and rasa and actions"])
def test_two_of_everything(double: Site, fault: str) -> None:
    """A19, A20: of two of everything, behind a proxy that sends each request elsewhere, the other one takes over."""
    holds(double, fault)


HURRY = {
    "acknowledged": named("kill bot at 0"),
    "keys": named("nothing"),
    "replayed": Fault("kill bot at 6a, again", again(at_step("6a", "bot"), 3), kills=True, extra=3),
}


@pytest.mark.parametrize("name", HURRY)
def test_hasty_people(small: Site, name: str) -> None:
    """A8: thoughts in many bubbles, sent without waiting and partly twice, stand in order and once, whatever dies."""
    outcome = rounds.play(small, HURRY[name], 4, (hasty,), 25.0, telegram=name != "acknowledged")
    assert not outcome.violations, "\n".join(outcome.violations)


HASTY = "tests/test_faults.py::test_hasty_people"
SEEDED = (
    Mutation(
        "A1",
        "acknowledged before it is committed",
        "bot/web.py",
        "accepted = await asyncio.to_thread(receive, self._wiring, received)",
        'accepted = "stored"; asyncio.get_running_loop().call_later(0.3, receive, self._wiring, received)',
        f"{HASTY}[acknowledged]",
        says="acknowledged and lost",
    ),
    Mutation(
        "A2",
        "no unique key",
        "bot/receiving.py",
        "key = keys.message_key(secret, received.channel, received.natural)",
        "key = keys.message_key(secret, received.channel, received.natural + clock.now().isoformat())",
        f"{HASTY}[keys]",
        says="counted 2 times",
    ),
    Mutation(
        "A8",
        "replayed without a look at the receipt",
        "bot/turns.py",
        "reached = taken.receipt is not None or await self._lead(taken)\n",
        "reached = await self._lead(taken)\n",
        f"{HASTY}[replayed]",
        (
            (
                "actions/turn.py",
                "    receipt = receipts.find(connection, key)\n    if receipt and (",
                "    connection.execute(receipts.receipts.delete().where(receipts.receipts.c.key == key))\n"
                "    receipt = None\n    if receipt and (",
            ),
        ),
        "acted ",
    ),
)


@pytest.mark.parametrize("defect", SEEDED, ids=lambda defect: defect.defect)
def test_defects_are_caught(defect: Mutation) -> None:
    """A8: the driver notices an early acknowledgement, a lacking key, and a replay; a proof that can't fail is none."""
    for file, old, _new in defect.edits:
        assert Path(file).read_text("utf-8").count(old) == 1
    assert fails(defect)


def said(value: str, question: str = "need", result: Result = Result.OK) -> Operation:
    """Somebody said this."""
    return Operation("one", question, 0, value, result)


def stored(text: str, question: str = "need", revision: int = 1, person: str = "one") -> Stored:
    """This is stored."""
    return Stored(person, question, 0, text, revision)


def judged(operations: list[Operation], answers: list[Stored], **more: object) -> list[str]:
    """What the checker says of a world in which the export holds what is stored."""
    return violations(World(operations, answers, more.pop("exported", answers), **more))  # type: ignore[arg-type]


def test_a_world_in_order_is_accepted() -> None:
    """Bubbles in order, a choice made anew, and what has an unknown outcome are no broken promise."""
    unknown = Result.UNKNOWN
    operations = [said("a"), said("b"), said("c", result=unknown), said("x", "district"), said("y", "district")]
    for last in ("a\nb", "a\nb\nc"):
        assert judged(operations, [stored(last), stored("y", "district", 2)]) == []
    assert judged([said("x", "district"), said("y", "district", unknown)], [stored("y", "district")]) == []
    assert judged([said("a"), said("", DELETE, unknown)], []) == []


@pytest.mark.parametrize(
    ("what", "operations", "answers", "more"),
    [
        ("acknowledged and lost", [said("a"), said("b")], [stored("a")], {}),
        ("acknowledged and lost", [said("x", "district"), said("y", "district")], [stored("x", "district")], {}),
        ("never said", [said("a")], [stored("a"), stored("b", "idea")], {}),
        ("refused", [said("a", result=Result.FAILED)], [], {}),
        ("never said", [said("a", result=Result.FAILED)], [stored("a")], {}),
        ("never said", [said("a")], [stored("a"), stored("a", person="another")], {}),
        ("acted 2 times", [said("x", "district")], [stored("x", "district", 2)], {}),
        ("counted 2 times", [said("a")], [stored("a\na")], {}),
        ("stored 2 times", [said("a")], [stored("a"), stored("a")], {}),
        ("out of order", [said("a"), said("b")], [stored("b\na")], {}),
        ("stored and not exported", [said("a")], [stored("a")], {"exported": []}),
        ("exported and not stored", [said("a")], [stored("a")], {"exported": [stored("a"), stored("a")]}),
        ("exported and not stored", [said("a")], [stored("a")], {"exported": [stored("a", person="another")]}),
        ("stored after a deletion", [said("a"), said("", DELETE)], [stored("a")], {}),
        ("deleted, and still there", [said("a"), said("", DELETE)], [], {"remains": {"one": "a"}}),
        ("never handled", [], [], {"waiting": 1}),
        ("told 1 times too often", [], [], {"shown": [Shown("one", ["a", "b"], ["a", "a", "b"])]}),
        ("told otherwise", [], [], {"shown": [Shown("one", ["a", "b"], ["b", "a"], 5)]}),
        ("told otherwise", [], [], {"shown": [Shown("one", ["a", "b"], ["a"])]}),
    ],
)
def test_each_broken_promise_is_named(
    what: str, operations: list[Operation], answers: list[Stored], more: dict[str, object]
) -> None:
    """A29: the checker names what is lost, invented, doubled, out of order, not exported, left over or told wrongly."""
    assert any(found.startswith(what) for found in judged(operations, answers, **more))
