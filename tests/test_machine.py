"""The interview under random persons: they answer, skip, go back, change, stop, lend the phone, delete, in any order.

Hypothesis plays them against real turns on a real database and keeps beside it, in `Ledger`, what each person said.
After every message the store must hold just that, the summary must say just that, and a question must be waiting.
However a talk went, it must come to its end when somebody answers on, and to nothing when they delete.
"""

import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import count

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dialogue.acts import ACTS
from dialogue.progress import YES, Answers, State, doubted, open_question
from dialogue.questions import DECLINE, LATER
from dialogue.rounds import OPENING, Instance, Kind, Question, Round
from dialogue.summary import summary
from store import clock, copies, keys, outbox, people
from store.outbox import Delivery
from store.people import Person
from store.tables import inbox, participations
from tests.ledger import CITY, KEY, ROUND, Ledger, city, dump, outbox_of, played_back, rows_left, stored
from tests.talk import Talk
from translations.languages import languages
from translations.wording import CHOSEN

MOST_TURNS = 45
"""Within these, whoever only answers on comes to the end, from wherever they are."""
WORDS = ("mehr", "bänke", "licht", "im", "hof", "stufen", "am", "bach", "zäune", "für", "alle", "grün")
DANGER = "ich will sterben"
MISSPELT = "qwertz"
TOLD = ("help", "who_are_you", "why_do_you_ask", "privacy", "results", "talk_to_a_person", "thank", "insult")
"""Acts that are answered by a sentence, and the question again."""
MEANT = sorted(set(ACTS) - {"answer", "yes", "no", "emergency", "not_understood", *TOLD})
"""Acts that an answer in free words may have been meant as, and that do more than to tell something."""
NOTHING_ASKED = {"stopped", "stopped_early", "paused", "erased", "underage", "declined"}
"""Sentences behind which no question comes, by design."""

TEXTS = st.lists(st.sampled_from(WORDS), min_size=2, max_size=6).map(" ".join)
_numbers = count()


class Interview(RuleBasedStateMachine):
    """One person after the other, on one phone or two."""

    def __init__(self) -> None:
        super().__init__()
        self.handed: tuple[str, Ledger] | None = None
        self._begin(self._somebody())

    # What a person does.

    @initialize(questions=st.integers(0, 18))
    def answers_some(self, questions: int) -> None:
        """Says hello and has answered so many questions before anything else happens."""
        self._turn("hallo", "greet")
        for _ in range(questions):
            self._answer_on()

    @rule(questions=st.integers(1, 4))
    def answers_on(self, questions: int) -> None:
        """Answers without a detour."""
        for _ in range(questions):
            self._answer_on()

    @precondition(lambda self: self.offered())
    @rule(data=st.data())
    def presses(self, data: st.DataObject) -> None:
        """Presses one of the buttons under the newest question."""
        self._press(self.newest, data.draw(st.integers(0, len(self.newest.buttons) - 1), label="button"))
        assert "button_old" not in self.said

    @precondition(lambda self: any(message.buttons for message in self.log))
    @rule(data=st.data())
    def presses_an_old_button(self, data: st.DataObject) -> None:
        """Presses any button that was ever offered in this talk."""
        message = data.draw(st.sampled_from([one for one in self.log if one.buttons]), label="message")
        self._press(message, data.draw(st.integers(0, len(message.buttons) - 1), label="button"))

    @precondition(lambda self: self.labels())
    @rule(data=st.data())
    def types_a_label(self, data: st.DataObject) -> None:
        """Types what stands on a button instead of pressing it."""
        button = data.draw(st.sampled_from(self.labels()), label="label")
        asked = self.newest.asked
        self._turn(button["label"])
        assert not any(said.startswith(("unclear", "which")) for said in self.said)
        self._expect(asked, button["value"], typed=True)

    @precondition(lambda self: self.takes_words())
    @rule(text=TEXTS)
    def writes(self, text: str) -> None:
        """Answers in own words, or says them ahead of their question."""
        self._write(text)

    @precondition(lambda self: self.takes_words())
    @rule(text=TEXTS, meant=st.sampled_from(MEANT), was=st.sampled_from(["yes", "no", None]))
    def writes_what_may_be_a_command(self, text: str, meant: str, was: str | None) -> None:
        """Answers in words that might mean something else; they are asked about it, and may say so."""
        self._write(text, meant)
        assert self.newest.asked == Instance("meant", 0)
        if was:
            self.decides(was)

    @precondition(lambda self: self.takes_words() or not self.free)
    @rule()
    def writes_of_danger(self) -> None:
        """Writes of dying: numbers at once, and nothing is kept unless they say so."""
        asked, free = self.open, self.free
        self._turn(DANGER)
        assert self.said[0] == "emergency"
        if free:
            self.held, self.held_text = asked, DANGER
            assert self.newest.asked == Instance("keep", 0)

    @precondition(lambda self: self.here.aside == "keep")
    @rule(text=TEXTS)
    def writes_more_of_it(self, text: str) -> None:
        """Goes on writing instead of saying whether it may be kept: it waits as well, and they are asked again."""
        more = own(text)
        self._turn(more)
        assert self.said[-1] == "keep"
        self.held_text += f"\n{more}"

    @precondition(lambda self: self.at_an_aside())
    @rule(word=st.sampled_from(["yes", "no"]))
    def decides(self, word: str) -> None:
        """Says yes or no to a question that stands aside: delete, keep, someone else, meant."""
        asked = self.open
        self._turn({"yes": "ja", "no": "nein"}[word])
        self._expect(asked, word)

    @rule()
    def skips(self) -> None:
        """Passes the question over."""
        self._turn("weiter", "skip")
        self._expect_skip()

    @rule(times=st.integers(1, 3))
    def goes_back(self, times: int) -> None:
        """Goes back, perhaps several questions."""
        for _ in range(times):
            self._turn("zurück", "go_back")

    @rule()
    def wants_to_change(self) -> None:
        """Wants another answer to be changed."""
        self._turn("ändern", "change_answer")

    @precondition(lambda self: self.ledger.content)
    @rule(data=st.data())
    def returns_to(self, data: st.DataObject) -> None:
        """Says which answer shall be another one, and is asked for it."""
        self._return_to(data.draw(st.sampled_from(sorted(self.ledger.content)), label="answer"))

    @precondition(lambda self: self.written())
    @rule(data=st.data(), text=TEXTS, meant=st.sampled_from(MEANT), was=st.sampled_from(["yes", "no"]))
    def writes_there_what_may_be_a_command(self, data: st.DataObject, text: str, meant: str, was: str) -> None:
        """Is asked for an answer again and writes what might mean something else: then the first one must come back."""
        self._return_to(data.draw(st.sampled_from(self.written()), label="answer"))
        self._write(text, meant)
        self.decides(was)

    @rule(act=st.sampled_from(TOLD))
    def asks_something(self, act: str) -> None:
        """Asks, thanks or swears."""
        self._turn("bitte", act)

    @rule(act=st.sampled_from(["repeat", "resume", "greet"]))
    def wants_the_question(self, act: str) -> None:
        """Wants to hear the question again, or to go on."""
        self._turn("bitte", act)
        assert self.newest.asked or self.newest.end == "finished"

    @rule(act=st.sampled_from(["stop", "pause"]))
    def stops(self, act: str) -> None:
        """Stops, for now or for good."""
        self._turn("stopp", act)

    @precondition(lambda self: not self.at(Kind.TEXT))
    @rule(act=st.sampled_from(["answer", "not_understood"]))
    def mumbles(self, act: str) -> None:
        """Types what nobody understands."""
        self._turn(MISSPELT, act)

    @rule(language=st.sampled_from(CITY.languages), by=st.sampled_from(["menu", "name", "question"]))
    def changes_the_language(self, language: str, by: str) -> None:
        """Chooses another language from the page's menu, by its name, or is asked which one."""
        if by == "menu":
            self._turn(language=language)
        elif by == "name":
            self._turn(languages()[language].autonym, "change_language")
        else:
            self._turn("bitte", "change_language")

    @rule()
    def wants_to_see_it_all(self) -> None:
        """Asks what is stored: a line for each answer, and a copy of every row."""
        self._turn("meine Daten", "my_data")
        self._is_shown_it_all()

    @rule()
    def wants_to_delete(self) -> None:
        """Asks for everything to be deleted; that is asked once more."""
        self._turn("alles löschen", "delete_my_data")
        assert self.newest.asked == Instance("delete", 0)

    @rule()
    def lends_the_phone(self) -> None:
        """Lets somebody else answer."""
        self._turn("jetzt meine Mutter", "someone_else")

    @precondition(lambda self: self.here.code)
    @rule(consented=st.booleans())
    def goes_on_elsewhere(self, consented: bool) -> None:
        """Takes the code to another device, where perhaps something was said already, and goes on there."""
        code, ledger, left = self._code(), self.ledger, self.talk.person
        self._begin(self._somebody(), ledger)
        if consented:
            for text in ("Deutsch", "ja", "ja"):
                self._turn(text)
        self._take_up(code)
        assert [message.end for message in outbox_of(left)] == ["closed"]

    @precondition(lambda self: self.handed and not self.ledger.given)
    @rule()
    def takes_the_phone_back(self) -> None:
        """Goes on by the code after somebody else had the phone and said nothing yet."""
        code, self.ledger = self.handed
        self.handed = None
        self._take_up(code)

    # What must hold after every message.

    @invariant()
    def a_question_waits(self) -> None:
        """The newest question is the one that the store says is open; where none is, the last word was said."""
        if not self.put:
            return
        if self.open is None:
            assert self.newest.end == "finished"
        else:
            assert self.newest.asked == self.open

    @invariant()
    def the_store_holds_what_was_said(self) -> None:
        """Each answer stands once, and behind it each earlier wording: nothing is lost, nothing is there besides."""
        assert stored(self.participation) == self.ledger.given

    @invariant()
    def the_summary_says_what_is_stored(self) -> None:
        """Each answer is played back once, with its value and its number."""
        lines = summary(CITY, ROUND, self.here)
        assert sorted(map(played_back, lines)) == sorted((*asked, v) for asked, v in self.ledger.content.items())

    @invariant()
    def nothing_stands_apart(self) -> None:
        """Who said something a second time has said before that there is something else."""
        for asked in self.ledger.given:
            if asked.instance and ROUND.question(asked.question).group:
                again = next(one.id for one in ROUND.questions if one.again)
                assert self.ledger.now(Instance(again, asked.instance - 1)) == YES

    @invariant()
    def no_text_stays_in_the_inbox(self) -> None:
        """The text of a message goes with its reply, but for the one that waits to be kept."""
        query = sa.select(inbox.c.key).where(inbox.c.person == self.talk.person, inbox.c.text.is_not(None))
        with city().database.read() as connection:
            waiting = connection.execute(query).scalars().all()
        assert waiting == ([self.here.about] if self.here.aside == "keep" else [])

    @invariant()
    def there_is_one_participation(self) -> None:
        """Nobody takes part twice."""
        query = sa.select(participations.c.id).where(participations.c.person == self.talk.person)
        with city().database.read() as connection:
            assert connection.execute(query).scalars().all() == [self.participation] * (self.participation is not None)

    @invariant()
    def nothing_was_erased_unasked(self) -> None:
        """Only who is too young, doesn't agree, or confirms it, is erased."""
        assert not self.erased

    def teardown(self) -> None:
        """Answers on to the end, and deletes everything."""
        if sys.exc_info()[0]:
            return  # what went wrong before is the news
        if not self.put:
            self._turn("hallo", "greet")
        for _ in range(MOST_TURNS):
            if self.open is None:
                break
            self._answer_on()
        assert self.newest.end == "finished"
        self.the_store_holds_what_was_said()
        self.the_summary_says_what_is_stored()
        self.wants_to_delete()
        self.decides("yes")

    # One message, and what is known after it.

    def _turn(self, text: str | None = None, act: str = "answer", meant: str | None = None, **given: str) -> None:
        """A whole turn; a reply must come. What was said, and how things stood before, is remembered."""
        self.before, self.was_open, self.was_participation = self.here, self.open, self.participation
        code = self._code()
        self.talk.receive(text, **given)
        taken = self.talk.take()
        reply = self.talk.perform(taken, act, meant)
        self.talk.deliver(taken)
        self.said, self.erased = [say["key"] for say in reply["says"]], reply.get("erase")
        if self.erased or "hand_over" in reply:
            self.log = []
        if "hand_over" in reply:
            self.handed, self.ledger = (code, self.ledger) if code else self.handed, Ledger()
        self._look()
        assert self.fresh, "no reply"
        if "emergency_on" not in self.said:
            # Who stopped and asks something is told it, and not asked again.
            self.put = NOTHING_ASKED.isdisjoint(self.said) and not self.here.stopped

    def _look(self) -> None:
        """Reads how things stand, and what is new in the log."""
        with city().database.read() as connection:
            person = people.load(connection, self.talk.person, ROUND, KEY, clock.now())
            self.fresh = outbox.after(connection, self.talk.person, self.seen)
        self.here, self.participation = person.progress, person.participation
        self.open = open_question(ROUND, self.here)
        self.log += self.fresh
        self.seen = self.log[-1].number if self.log else 0

    def _begin(self, talk: Talk, ledger: Ledger | None = None) -> None:
        """Somebody new, or somebody known on another device."""
        self.talk, self.ledger, self.log, self.said = talk, ledger or Ledger(), [], []
        self.written_at = None
        self.seen, self.put, self.held, self.held_text, self.erased = 0, False, None, "", None
        self._look()

    def _somebody(self) -> Talk:
        return city().talk(f"person {next(_numbers)}")

    def _code(self) -> str | None:
        """The code to go on with, as the person reads it."""
        return keys.reveal(KEY, self.here.code) if self.here.code else None

    @property
    def newest(self) -> Delivery:
        """The newest question."""
        return next(message for message in reversed(self.log) if message.asked)

    @property
    def free(self) -> bool:
        """Whether the open question takes free words, and they may be kept."""
        return self.participation is not None and self.open is not None and ROUND.question(self.open.question).free

    def at(self, *kinds: Kind) -> bool:
        """Whether a question of one of these kinds is open."""
        return self.open is not None and ROUND.question(self.open.question).kind in kinds

    def at_an_aside(self) -> bool:
        """Whether a yes or no is asked that is no part of the interview."""
        return self.here.aside is not None and self.at(Kind.YES_NO)

    def written(self) -> list[Instance]:
        """What was answered in own words."""
        return sorted(asked for asked in self.ledger.content if ROUND.question(asked.question).kind is Kind.TEXT)

    def takes_words(self) -> bool:
        """Whether words of one's own can be an answer now; not where an earlier theme is to be another one."""
        if self.here.aside:
            return False
        return self.at(Kind.TEXT) or (self.free and not self.here.revisit and self.ledger.now(self.open) is None)

    def offered(self) -> bool:
        """Whether there are buttons under the newest question."""
        return self.put and bool(self.newest.buttons)

    def labels(self) -> list[dict[str, str]]:
        """The buttons of the open question that stand for an answer."""
        if not self.put or self.open is None:
            return []
        return [button for button in self.newest.buttons if button["act"] == "answer"]

    # What a message should lead to.

    def _press(self, message: Delivery, index: int) -> None:
        """Presses a button and notes what it should do."""
        button = message.buttons[index]
        self._turn(button=keys.button(KEY, self.talk.person, message.number, message.key, index))
        if button["act"] == "answer":
            self._expect(message.asked, button["value"])
        elif button["act"] == "skip" and message.asked == self.was_open:
            self._expect_skip()

    def _return_to(self, asked: Instance) -> None:
        """Chooses, among all answers, the one to change."""
        self._turn("ändern", "change_answer")
        picks = [button["value"] for button in self.newest.buttons]
        self._press(self.newest, picks.index(f"{asked.question}.{asked.instance}"))
        assert self.newest.asked == asked

    def _write(self, text: str, meant: str | None = None) -> None:
        """Writes words that nobody else ever wrote, and notes where they should stand."""
        words = own(text)
        self._turn(words, meant=meant)
        assert {"saved", "changed"} & set(self.said), self.said
        self._expect_text(self.was_open, words)

    def _answer_on(self) -> None:
        """The first button or a few words; whoever stopped says hello first; asides and «anything else?» get a no."""
        if not self.put:
            self._turn("hallo", "greet")
        elif self.at(Kind.TEXT):
            self._write("alles grün")
        elif self.open is not None:
            self._press(self.newest, self._plainest())

    def _plainest(self) -> int:
        buttons = self.newest.buttons
        if any(button["label"].startswith(CHOSEN) for button in buttons):
            return next(index for index, button in enumerate(buttons) if button["act"] == "skip")
        if self.at_an_aside() or ROUND.question(self.open.question).again:
            return next(index for index, button in enumerate(buttons) if button["value"] == "no")
        return 0

    def _expect(self, asked: Instance, value: str, typed: bool = False) -> None:
        """Notes what an answer leads to; one to a question that is neither open nor answered, to nothing."""
        question = ROUND.question(asked.question)
        if asked != self.was_open and (question.kind in OPENING or not self.ledger.now(asked)):
            return
        if self._is_the_end(question, value):
            self._nothing_is_left()
            return
        match question.kind:
            case Kind.YES_NO if self.before.aside and asked == self.was_open:
                self._expect_aside(asked.question, value)
            case Kind.YES_NO if value == "no" and self._said_more_after(asked):
                pass
            case Kind.DISTRICT if value == DECLINE:
                self.ledger.give(asked, State.DECLINED)
            case Kind.THEME if value == LATER:
                self.ledger.give(asked, State.LATER)
            case Kind.LANGUAGES:
                self._expect_languages(asked, value, typed)
            case Kind.YES_NO | Kind.DISTRICT | Kind.THEME | Kind.SCALE | Kind.CHOICE | Kind.REVIEW:
                self.ledger.give(asked, State.ANSWERED, value)

    def _is_the_end(self, question: Question, value: str) -> bool:
        """Whether this answer erases the person."""
        if question.kind is Kind.CONSENT:
            return value == "no" and not self.ledger.given
        return (question.kind, value) == (Kind.AGE_GATE, "no") or (question.id, value) == ("delete", "yes")

    def _said_more_after(self, asked: Instance) -> bool:
        """Whether a yes to «anything else?» stands, and something was said after it: that stays said."""
        further = any(other.instance == asked.instance + 1 for other in self.ledger.given)
        return further and self.ledger.now(asked) == YES

    def _expect_languages(self, asked: Instance, value: str, typed: bool) -> None:
        """Typed languages are added, pressed ones are added or taken away; none at all counts as skipped."""
        given = self.ledger.now(asked)
        chosen = given.value.split(",") if given and given.value else []
        chosen = [one for one in chosen if one != value or typed] + [value] * (value not in chosen)
        self.ledger.give(asked, State.ANSWERED if chosen else State.SKIPPED, ",".join(chosen) or None)

    def _expect_text(self, asked: Instance, text: str) -> None:
        """Words stand at their question; told ahead, they mean yes to «anything else?», and the theme can wait."""
        self.ledger.texts.append(text)
        self.written_at = asked
        if ROUND.question(asked.question).kind is Kind.TEXT:
            self.ledger.give(asked, State.ANSWERED, text)
            return
        number = asked.instance
        if asked.question == "more":
            self.ledger.give(asked, *YES)
            number += 1
        self.ledger.give(Instance("theme", number), State.LATER)
        self.ledger.give(Instance("need", number), State.ANSWERED, text)

    def _is_shown_it_all(self) -> None:
        """A line for each answer, and a copy with each of its rows."""
        shown = next(message.text for message in self.fresh if message.attachment == "my_data")
        lines = [line for line in shown.splitlines() if line.startswith("• ")]
        assert len(lines) == len(self.ledger.content)
        assert all(any(self.ledger.content[asked] in line for line in lines) for asked in self.written())
        with city().database.read() as connection:
            copy = copies.own(connection, self.talk.person)["answers"]
        assert len(copy) == len(self.ledger.given)

    def _expect_skip(self) -> None:
        """Skipping goes on where someone had stopped, leaves a question that was gone back to, or passes one over."""
        asked = self.was_open
        if self.before.stopped or self.before.aside or asked is None:
            return
        question = ROUND.question(asked.question)
        if self.before.revisit and (question.kind in OPENING or self.ledger.now(asked)):
            return
        if question.again:
            self.ledger.give(asked, State.ANSWERED, "no")
        elif question.skip:
            self.ledger.give(asked, State.SKIPPED)

    def _expect_aside(self, question: str, value: str) -> None:
        """A danger message that may be kept is an answer after all; a text that was a command is none."""
        if value == "yes" and question == "keep":
            self._expect_text(self.held, self.held_text)
        if value == "yes" and question == "meant":
            act, told = doubted(self.before.about)
            for one in told:
                self.ledger.withdraw(one)
            if act == "skip" and not self.ledger.now(self.written_at):
                skipped = (State.ANSWERED, "no") if ROUND.question(self.written_at.question).again else (State.SKIPPED,)
                self.ledger.give(self.written_at, *skipped)
            if act == "my_data":
                self._is_shown_it_all()

    def _take_up(self, code: str) -> None:
        """Goes on by the code."""
        self._turn(code)
        assert self.said[0] == "taken_up"

    def _nothing_is_left(self) -> None:
        """Nothing of the person stands anywhere but the last notice; who is too young is not asked again."""
        assert self.erased
        assert [message.end for message in self.log] == ["erased"]
        assert rows_left(self.talk.person, self.was_participation) == 0
        everything = dump()
        assert not [text for text in self.ledger.texts if text != DANGER and text in everything]
        if self.erased == "underage":
            self._turn("hallo", "greet")
            assert self.said == ["underage_again"]
            self._begin(self._somebody())
        self.ledger, self.erased = Ledger(), None


@pytest.fixture(scope="module", autouse=True)
def what_is_read_anew_is_what_would_be_loaded() -> Iterator[None]:
    """A turn that changed answers alone reads these alone; each time it is compared with the whole person."""
    reread = people.reread

    def compared(connection: sa.Connection, person: Person, round: Round, touched: Collection[Instance]) -> Person:
        again = reread(connection, person, round, touched)
        loaded = people.load(connection, person.id, round, KEY, clock.now(), touched)
        assert but_answers(again) == but_answers(loaded)
        assert vars(again.progress.answers) == vars(loaded.progress.answers)
        return again

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "reread", compared)
        yield


def but_answers(person: Person) -> Person:
    """The person without the answers, of which not all may be looked at."""
    return replace(person, progress=replace(person.progress, answers=Answers()))


def own(text: str) -> str:
    """The text with a word that nobody else ever wrote: of letters, since digits might be taken for a telephone.

    It begins as no word of any list does: "sos" by chance would be a danger.
    """
    return f"{text} zqzzz" + "".join(chr(ord("a") + int(digit)) for digit in str(next(_numbers)))


TestInterview = Interview.TestCase
# Always the same talks: a red build is then a change of ours, not of the dice.
TestInterview.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, derandomize=True, print_blob=True
)
