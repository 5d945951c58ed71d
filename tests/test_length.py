"""A long talk: a late turn asks for as much as an early one, and nothing that was said early is lost to it."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dialogue.progress import (
    YES,
    Answers,
    Given,
    Progress,
    State,
    Unread,
    behind,
    last_again,
    needed_since,
    open_question,
    previous_question,
    status,
)
from dialogue.rounds import Instance, Kind, Question, Round, When
from store import changes, clock, packs, people
from tests.talk import City, Talk

ROUND = packs.round("kaiserslautern", "needs")
LONG = 6
NO, SKIPPED = Given(State.ANSWERED, "no"), Given(State.SKIPPED, None)
RULES: tuple[Callable[[Round, Progress], Any], ...] = (open_question, status, last_again, behind)


@dataclass
class Cost:
    """What turns ask of the database: statements, and of SQLite the steps that it takes for them."""

    statements: int = 0
    steps: int = 0


@contextlib.contextmanager
def counting(cost: Cost) -> Iterator[None]:
    """Adds all that is asked in this process while the block lasts."""

    def step() -> None:
        cost.steps += 1

    def begin(connection: sa.Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.set_progress_handler(step, 1)  # type: ignore[union-attr]

    def statement(*_of: Any) -> None:
        cost.statements += 1

    listeners = (("begin", begin), ("before_cursor_execute", statement))
    for listener in listeners:
        sa.event.listen(sa.Engine, *listener)
    yield
    for listener in listeners:
        sa.event.remove(sa.Engine, *listener)


def cost_of_a_need(talk: Talk) -> Cost:
    """What the turns of one more need ask for; what the test itself reads is not counted."""
    cost = Cost()
    for label, text in (
        *(("Ja, noch etwas", None), ("Wohnen", None), (None, "Die Wohnungen hier sind zu teuer")),
        *(("4", None), (None, "Auf der Brache könnten welche entstehen")),
    ):
        said: dict[str, Any] = {"text": text} if text else {"button": talk.button(label or "")}
        with counting(cost):
            talk.receive(**said)
            taken = talk.take()
            talk.perform(taken)
            talk.deliver(taken)
    return cost


def tells(talk: Talk, number: int) -> None:
    """A whole need, up to the question whether there is more."""
    talk.presses("Wohnen")
    talk.says(f"Wohnung Nummer {number} ist zu teuer")
    talk.presses("4")
    talk.says(f"Vorschlag Nummer {number}: mehr davon bauen")


def long_talk(city: City, needs: int = LONG) -> Talk:
    """So many needs were told; it is asked whether there is more."""
    talk = city.talk().at_theme()
    tells(talk, 0)
    for number in range(1, needs):
        talk.presses("Ja, noch etwas")
        tells(talk, number)
    return talk


def picks(talk: Talk, name: str, number: int) -> None:
    """Wants to change an answer, and says which one; each part of a label is isolated from what stands around it."""
    talk.says("ändern", "change_answer")
    talk.presses(f"\u2068{name}\u2069 (\u2068{number}\u2069)")


def here(talk: Talk, round: Round = ROUND) -> Progress:
    """The progress as a turn reads it, and notes it in the end."""
    with talk.city.database.write() as connection:
        person = people.load(connection, talk.person, round, talk.city.bot.config.secret, clock.now())
        changes.settle(connection, person, round)
    return person.progress


def stored(talk: Talk, question: str, number: int) -> tuple[str, str | None]:
    """State and text of an answer."""
    return next((state, text) for *place, state, text in talk.given() if place == [question, number])


def test_a_late_turn_asks_for_as_much_as_an_early_one(city: City) -> None:
    """However much was said before: as many statements, and the database does no more for them."""
    talk = long_talk(city, 3)
    early = cost_of_a_need(talk)
    for number in range(15):
        talk.presses("Ja, noch etwas")
        tells(talk, number)
    late = cost_of_a_need(talk)
    assert late.statements == early.statements
    assert late.steps <= 1.05 * early.steps


def test_everything_is_shown_and_played_back(city: City) -> None:
    """«What is stored about me», the choice of what to change, and the review at the end have each need."""
    talk = long_talk(city)
    assert here(talk).answers.since > 0
    shown = talk.says("Was ist gespeichert?", "my_data")[0]
    offered = talk.says("ändern", "change_answer")
    talk.says("weiter", "skip")
    talk.presses("Nein, das war alles")
    review = "\n".join(talk.presses("Lieber nicht"))
    for number in range(LONG):
        assert f"Wohnung Nummer {number}" in shown
        assert f"Wohnung Nummer {number}" in review
        assert f"need.{number}" in [button["value"] for one in talk.log() for button in one.buttons]
    assert offered


def test_the_first_need_can_still_be_changed(city: City) -> None:
    """Picked out of all, it is revised; then it goes on where it was."""
    talk = long_talk(city)
    picks(talk, "Das brauchen Sie", 1)
    assert here(talk).revisit == Instance("need", 0)
    talk.says("Eine Wohnung mit drei Zimmern")
    assert stored(talk, "need", 0) == ("answered", "Eine Wohnung mit drei Zimmern")
    assert open_question(ROUND, here(talk)) == Instance("more", LONG - 1)


def test_back_from_the_first_need(city: City) -> None:
    """What was typed at the first need, and was meant as «back», leads to the question before that one."""
    talk = long_talk(city)
    picks(talk, "Das brauchen Sie", 1)
    talk.says("dann gehen wir eben zurück", meant="go_back")
    talk.presses("Ja")
    assert here(talk).revisit == Instance("theme", 0)
    assert stored(talk, "need", 0) == ("answered", "Wohnung Nummer 0 ist zu teuer")


def test_back_goes_all_the_way(city: City) -> None:
    """One question at a time through every need, down to the very first question."""
    talk, steps = long_talk(city, 3), []
    while not talk.says("zurück", "go_back")[0].startswith("Das ist schon die erste Frage"):
        steps.append(here(talk).revisit)
    group = ("theme", "need", "importance", "idea", "more")
    way = [Instance(name, number) for number in range(3) for name in group][:-1]
    before = [Instance(name, 0) for name in ("language", "age", "consent", "district")]
    assert steps == [*reversed(way), *reversed(before)]


def test_an_early_need_may_become_open_again(city: City) -> None:
    """A theme put off when all needs have been told is asked at last; then it goes on where it was."""
    talk = long_talk(city)
    picks(talk, "Thema", 2)
    talk.presses("Später")
    assert stored(talk, "theme", 1) == ("later", None)
    assert open_question(ROUND, here(talk)) == Instance("theme", 1)
    talk.says("Danke", "thank")
    assert open_question(ROUND, here(talk)) == Instance("theme", 1)
    talk.presses("Gesundheit")
    assert stored(talk, "theme", 1) == ("answered", "health")
    assert open_question(ROUND, here(talk)) == Instance("more", LONG - 1)
    assert here(talk).answers.since == LONG - 2


def test_a_question_that_the_city_adds_is_asked_of_each_need(city: City) -> None:
    """What lies behind somebody by other questions does not by these; nor the other way round."""
    talk = long_talk(city)
    more = Question(id="where", kind=Kind.TEXT, group="needs")
    added = Round(id=ROUND.id, questions=(*ROUND.questions[:-1], more, ROUND.questions[-1]))
    assert here(talk).answers.since == LONG - 2
    assert open_question(added, here(talk, added)) == Instance("where", 0)
    assert here(talk, added).answers.since == here(talk).answers.since == 0
    assert here(talk).answers.since == LONG - 2


def test_what_hangs_on_a_question_before_them_may_be_open_in_each() -> None:
    """An answer on which questions of a repeated group hang, or one of theirs, leads back to where they may be open."""
    hanging = Question(id="where", kind=Kind.TEXT, group="needs", when=When(question="district"))
    round = Round(id=ROUND.id, questions=(*ROUND.questions[:-1], hanging, ROUND.questions[-1]))
    district, third, review = Instance("district", 0), Instance("need", 3), Instance("review", 1)
    assert [needed_since(ROUND, 9, [one]) for one in (district, third, review)] == [8, 2, 8]
    assert needed_since(round, 9, [district]) == 0


@st.composite
def _interviews(draw: st.DrawFn) -> Progress:
    """Somebody who told up to five needs, with any questions answered, passed, put off or left out."""
    passed = st.sampled_from([None, *[Given(State.ANSWERED, "4"), SKIPPED, Given(State.LATER, None)] * 4])
    told, times = {}, draw(st.integers(0, 5))
    for number in range(times + 1):
        given = {Instance(name, number): draw(passed) for name in ("theme", "need", "importance", "idea")}
        ends = YES if number < times else draw(st.sampled_from([None, YES, NO]))
        told |= given | {Instance("more", number): ends}
    told |= {Instance(name, 0): draw(passed) for name in ("district", "about", "review")}
    told[Instance("review", times)] = draw(passed)
    asked = st.sampled_from([asked for asked, given in told.items() if given])
    answers = Answers({asked: given for asked, given in told.items() if given})
    back = draw(st.none() | asked) if answers else None
    return Progress("de", adult=True, consent=ROUND.consent_version, answers=answers, revisit=back)


@given(_interviews())
def test_the_latest_answers_tell_as_much_as_all(whole: Progress) -> None:
    """By every rule the same, or the rule says that it needs more; those of each turn never do."""
    looked_at = [whole.revisit] if whole.revisit else []
    since = needed_since(ROUND, behind(ROUND, whole), looked_at)
    latest = {asked: one for asked, one in whole.answers.items() if asked.instance == 0 or asked.instance >= since}
    part = replace(whole, answers=Answers(latest, since))
    for rule in RULES:
        assert rule(ROUND, part) == rule(ROUND, whole)
    with contextlib.suppress(Unread):
        assert previous_question(ROUND, part) == previous_question(ROUND, whole)


def test_what_was_not_read_is_not_taken_for_unanswered() -> None:
    """A look at an early answer, or at all of them, is an error; at a late one it is not."""
    here = Answers({Instance("need", 0): SKIPPED, Instance("need", 5): SKIPPED}, since=4)
    assert here.get(Instance("need", 5)) == here.get(Instance("need", 0)) == SKIPPED
    assert here.get(Instance("need", 4)) is None
    early = Instance("need", 0)
    looks: tuple[Callable[[], object], ...] = (
        *(lambda: here.get(Instance("need", 3)), lambda: list(here), lambda: len(here)),
        *(lambda: here.but({early: NO}), lambda: here.but({}, gone=[early])),
    )
    for look in looks:
        with pytest.raises(Unread):
            look()
