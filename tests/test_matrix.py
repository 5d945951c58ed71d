"""Every act at every question and aside, on the real stack: what is said, what is asked next, what is stored.

One resident has walked through the interview once; before each cell their rows are put back to where they stood when
the question was asked. What a cell must do is worked out here from small tables, and not from the rules.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
import yaml

from dialogue.acts import ACTS
from dialogue.progress import open_question
from store import clock, keys, packs
from store.people import load
from store.tables import answers, consents, dialogue_states, inbox, participations, people, receipts, revisions
from tests.stack import Stack
from tests.tester import Resident
from translations.catalogs import Words

NLU = Path(__file__).parent.parent / "rasa_project" / "data" / "nlu" / "de"
ROUND, WORDS = packs.round("kaiserslautern", "needs"), Words("kaiserslautern")

COMMANDS = {
    "skip": "überspringen",
    "go_back": "zurück",
    "change_answer": "Antwort ändern",
    "repeat": "wiederholen",
    "pause": "Pause",
    "resume": "weitermachen",
    "stop": "aufhören",
    "help": "was kann ich hier machen",
    "who_are_you": "wer bist du",
    "why_do_you_ask": "warum",
    "change_language": "Sprache wechseln",
    "privacy": "Datenschutz",
    "my_data": "meine Daten",
    "delete_my_data": "Daten löschen",
    "results": "Ergebnisse",
    "talk_to_a_person": "mit einem Menschen sprechen",
    "thank": "danke",
    "greet": "hallo",
    "insult": "du Idiot",
    "emergency": "Notfall",
    "someone_else": "jetzt antwortet meine Frau",
}
"""One short example of each act's training data."""

NEITHER = ("gelb", "Brokkoli")
"""Words that are no command and answer only a free question: one that nobody knows, one that looks like a need."""

TELLS = ("help", "who_are_you", "privacy", "results", "thank", "insult", "talk_to_a_person")
"""Acts that say the sentence of their own name and ask again."""


class Row(NamedTuple):
    """An answer as it has to be stored."""

    asked: str
    state: str
    text: str | None = None


class Cell(NamedTuple):
    """What a message has to do."""

    says: str
    """The keys of the whole reply, the next question at its end."""
    effect: str
    opens: str
    """The question that is open afterwards; empty when there is none."""
    stored: tuple[Row, ...] = ()
    stopped: bool = False
    withdrawn: tuple[str, ...] = ()
    """Answers that go."""


@dataclass(frozen=True)
class Place:
    """A question that is open, and what is special to it."""

    open: str
    asks: str
    """The key of its words."""
    before: str | None
    """Where one step back leads: of an aside the question beneath."""
    skip: Cell
    unclear: Cell
    """After words that say nothing there."""
    answers: Mapping[str, Cell] = field(default_factory=dict)
    free: bool = False
    """Any words may be said there."""
    said: bool = True
    """An answer is there that can be changed and shown."""
    why: str = "why"
    asks_before: str | None = None
    """The key of the words of the question before, where they depend on its answer."""
    aside: bool = False
    stopped: bool = False

    @property
    def opening(self) -> bool:
        """Nobody has agreed to anything yet."""
        return self.open in ("language.0", "age.0", "consent.0")


def words_of(asked: str) -> str:
    """The key of the words in which a question is asked."""
    question, _, instance = asked.partition(".")
    again = int(instance or 0) > 0 and question != "review"
    return f"{question}.again" if again else question or "thanks"


def question(asked: str, before: str | None, skip: Cell, kind: str, given: Mapping[str, Cell], **more: Any) -> Place:
    """A question of the round; `kind` is the last part of the key that says that an answer was not understood."""
    asks = more.pop("asks", words_of(asked))
    more.setdefault("why", f"{asked.partition('.')[0]}.why")
    unclear = Cell(f"unclear.{kind} {asks}", "said", asked)
    return Place(asked, asks, before, skip, unclear, given, **more)


def text(asked: str, before: str, after: str, skip: Cell, asks_next: str) -> Place:
    """A question in one's own words: whatever is no command is the answer."""

    def saved(said: str) -> Cell:
        return Cell(f"saved {asks_next}", "give", after, (Row(asked, "answered", said),))

    here = question(asked, before, skip, "text", {NEED: saved(NEED)}, free=True)
    return replace(here, answers={**here.answers, **{said: saved(said) for said in NEITHER}})


def aside(name: str, kind: str, beneath: str, given: Mapping[str, Cell], **more: Any) -> Place:
    """A question aside of the interview, which waits at the question beneath."""
    asks = more.pop("asks", name)
    skip = Cell(more.pop("skipped", "") + words_of(beneath), "standaside", beneath)
    unclear = Cell(f"unclear.{kind} {asks}", "said", f"{name}.0")
    return Place(f"{name}.0", asks, beneath, skip, unclear, given, aside=True, **more)


def on(asked: str, says: str = "", *stored: Row, effect: str = "give") -> Cell:
    """On to this question, after these sentences."""
    return Cell(f"{says} {words_of(asked)}".strip(), effect, asked, stored)


def passed(asked: str, after: str) -> Cell:
    """The question is passed over."""
    return on(after, "skipped", Row(asked, "skipped"))


def needed(asked: str, kind: str) -> Cell:
    """The question can't be passed over."""
    return Cell(f"needed.{kind} {words_of(asked)}", "said", asked)


def noted(asked: str, value: str, after: str) -> Cell:
    """The answer was typed, and is said again."""
    return on(after, "noted", Row(asked, "answered", value))


NEED = "Mehr Bäume im Park"

PLACES = {
    "language": question(
        *("language.0", None, needed("language.0", "language"), "language"),
        {"Deutsch": on("age.0", "language_chosen", effect="chooselanguage")},
        said=False,
    ),
    "age": question(
        *("age.0", "language.0", needed("age.0", "age_gate"), "age_gate"),
        {"ja": on("consent.0", effect="confirmadult")},
        said=False,
    ),
    "consent": question(
        *("consent.0", "age.0", needed("consent.0", "consent"), "consent"),
        {"ja": on("district.0", "consented", effect="consent")},
        said=False,
    ),
    "district": question(
        *("district.0", "consent.0", passed("district.0", "theme.0"), "district"),
        {"Erfenbach": noted("district.0", "erfenbach", "theme.0")},
        said=False,
    ),
    "theme": question(
        *("theme.0", "district.0", passed("theme.0", "need.0"), "theme"),
        {"Wohnen": noted("theme.0", "housing", "need.0")},
        free=True,
    ),
    "need": text("need.0", "theme.0", "importance.0", passed("need.0", "theme.0"), "importance"),
    "importance": question(
        *("importance.0", "need.0", passed("importance.0", "idea.0"), "scale"),
        {"sehr wichtig": noted("importance.0", "5", "idea.0")},
    ),
    "idea": text("idea.0", "importance.0", "theme.0", passed("idea.0", "theme.0"), "theme"),
    "theme, put off": question(
        *("theme.0", "idea.0", passed("theme.0", "more.0"), "theme"),
        {"Wohnen": noted("theme.0", "housing", "more.0")},
        free=True,
    ),
    "more": question(
        *("more.0", "idea.0", on("about.0", "", Row("more.0", "answered", "no")), "yes_no"),
        {
            "nein": on("about.0", "", Row("more.0", "answered", "no")),
            "ja": on("theme.1", "", Row("more.0", "answered", "yes")),
        },
        free=True,
    ),
    "need, again": text("need.1", "theme.1", "importance.1", passed("need.1", "more.1"), "importance.again"),
    "about": question(
        *("about.0", "more.0", passed("about.0", "review.0"), "yes_no"),
        {
            "nein": on("review.0", "", Row("about.0", "answered", "no")),
            "ja": on("age_band.0", "", Row("about.0", "answered", "yes")),
        },
    ),
    "age_band": question(
        *("age_band.0", "about.0", passed("age_band.0", "gender.0"), "choice"),
        {"34": noted("age_band.0", "25_39", "gender.0")},
    ),
    "gender": question(
        *("gender.0", "age_band.0", passed("gender.0", "years.0"), "choice"),
        {"weiblich": noted("gender.0", "female", "years.0")},
    ),
    "years": question(
        *("years.0", "gender.0", passed("years.0", "children.0"), "choice"),
        {"7": noted("years.0", "5_9", "children.0")},
    ),
    "children": question(
        *("children.0", "years.0", passed("children.0", "home_languages.0"), "choice"),
        {"zwei": noted("children.0", "2", "home_languages.0")},
    ),
    "home_languages": question(
        *("home_languages.0", "children.0", passed("home_languages.0", "review.0"), "languages"),
        {"Kurdisch und Polnisch": noted("home_languages.0", "ku,pl", "review.0")},
    ),
    "home_languages, one chosen": question(
        *("home_languages.0", "children.0", on("review.0", "saved", effect="revisit"), "languages"),
        {"Polnisch": on("review.0", "changed_to", Row("home_languages.0", "answered", "ku,pl"))},
        asks="home_languages.more",
    ),
    "review": question(
        *("review.0", "home_languages.0", needed("review.0", "review"), "review"),
        {
            "ja": on("", "", Row("review.0", "answered", "yes")),
            "nein": on("change.0", effect="standaside"),
        },
        asks_before="home_languages.more",
    ),
    "the end": replace(
        question("", "review.0", Cell("finished", "said", ""), "", {}, asks="finished", why="why"),
        unclear=Cell("finished_already finished", "said", ""),
        answers={NEITHER[1]: Cell("finished_already finished", "said", "")},
    ),
    "stopped": question(
        *("importance.0", "need.0", on("importance.0", "welcome_back", effect="resume"), "scale"),
        {"sehr wichtig": noted("importance.0", "5", "idea.0")},
        stopped=True,
    ),
    "delete": aside(
        *("delete", "yes_no", "importance.0", {"nein": on("importance.0", "kept", effect="standaside")}),
        skipped="kept ",
    ),
    "switch": aside(
        *("switch", "language", "importance.0"),
        {"Englisch": on("importance.0", "language_chosen", effect="chooselanguage")},
    ),
    "change": aside("change", "pick", "importance.0", {"Stadtteil": on("district.0", effect="standaside")}),
    "meant": aside(
        *("meant", "yes_no", "importance.0"),
        {
            "nein": on("importance.0", effect="standaside"),
            "ja": Cell("stopped code", "withdraw", "need.0", stopped=True, withdrawn=("need.0",)),
        },
        asks="meant.stop",
    ),
    "keep": aside(
        *("keep", "yes_no", "idea.0"),
        {
            "nein": on("idea.0", "not_kept", effect="standaside"),
            "ja": on("theme.0", "saved", Row("idea.0", "answered", "Notfall"), effect="standaside"),
            # Whatever else is told waits with it.
            **{words: Cell("keep", "holdmore", "keep.0") for words in NEITHER},
        },
    ),
    "someone_else": aside(
        *("someone_else", "yes_no", "importance.0"),
        {"nein": on("importance.0", "welcome_back", effect="standaside")},
    ),
}

WALK = (
    ("Deutsch", "age"),
    ("ja", "consent"),
    ("ja", "district"),
    ("Betzenberg", "theme"),
    ("Später entscheiden", "need"),
    ("Mehr Licht auf dem Platz", "importance"),
    ("wichtig", "idea"),
    ("Neue Laternen", "theme, put off"),
    ("Mobilität", "more"),
    ("nein", "about"),
    ("ja", "age_band"),
    ("34", "gender"),
    ("weiblich", "years"),
    ("7", "children"),
    ("zwei", "home_languages"),
    ("# Kurdisch", "home_languages, one chosen"),
    ("# Fertig", "review"),
    ("ja", "the end"),
)
"""The interview as the resident has it: what they type, or press with #, and the place that they come to."""

BRANCHES = (
    ("more", ("ja", "überspringen"), "need, again"),
    ("importance", ("aufhören",), "stopped"),
    ("importance", ("Daten löschen",), "delete"),
    ("importance", ("Sprache wechseln",), "switch"),
    ("importance", ("Antwort ändern",), "change"),
    ("importance", ("jetzt antwortet meine Frau",), "someone_else"),
    ("idea", ("Notfall",), "keep"),
)
"""From a place of the walk, by these words, to a place beside it."""

Rows = dict[str, list[dict[str, Any]]]
OF_A_TURN = ("last_number", "fence", "lease_owner", "lease_until")
"""What of a person's row goes on counting, however often the person is put back."""


@dataclass
class Traveller:
    """A resident who can be put back to where they were before."""

    stack: Stack
    resident: Resident

    def __post_init__(self) -> None:
        self.person = self.stack.person(self.resident)
        self.mine: set[int] = set()
        self.read = 0

    def rows(self) -> Rows:
        """All rows that say how far this person has come."""
        with self.stack.database.read() as connection:

            def found(table: sa.Table, *where: Any) -> list[dict[str, Any]]:
                return [dict(row) for row in connection.execute(sa.select(table).where(*where)).mappings()]

            took_part = found(participations, participations.c.person == self.person)
            self.mine |= {row["id"] for row in took_part}
            given = found(answers, answers.c.participation.in_(self.mine))
            return {
                "people": found(people, people.c.id == self.person),
                "participations": took_part,
                "consents": found(consents, consents.c.participation.in_(self.mine)),
                "answers": given,
                "revisions": found(revisions, revisions.c.answer.in_([row["id"] for row in given])),
                "dialogue_states": found(dialogue_states, dialogue_states.c.person == self.person),
                "inbox": found(inbox, inbox.c.person == self.person, inbox.c.text.is_not(None)),
            }

    def back_to(self, rows: Rows) -> None:
        """Puts the person back; the open question was asked a minute ago, so that no text is a further bubble."""
        tables = (participations, consents, answers, revisions, dialogue_states)
        mine = sa.select(answers.c.id).where(answers.c.participation.in_(self.mine))
        row = {name: value for name, value in rows["people"][0].items() if name not in OF_A_TURN}
        with self.stack.database.write() as connection:
            connection.execute(revisions.delete().where(revisions.c.answer.in_(mine)))
            connection.execute(answers.delete().where(answers.c.participation.in_(self.mine)))
            connection.execute(consents.delete().where(consents.c.participation.in_(self.mine)))
            connection.execute(participations.delete().where(participations.c.id.in_(self.mine)))
            connection.execute(dialogue_states.delete().where(dialogue_states.c.person == self.person))
            asked_at = clock.now() - timedelta(minutes=1)
            connection.execute(people.update().where(people.c.id == self.person).values(**row | {"asked_at": asked_at}))
            for table in tables:
                for one in rows[table.name]:
                    connection.execute(table.insert().values(**one))
            connection.execute(inbox.update().where(inbox.c.person == self.person).values(text=None))
            for held in rows["inbox"]:
                # A hand-over has taken from the messages of this place what they answered.
                values = {name: held[name] for name in ("text", "question", "instance")}
                connection.execute(inbox.update().where(inbox.c.key == held["key"]).values(**values))

    def goes(self, words: str) -> None:
        """Types it, or presses the button behind a #."""
        if words.startswith("# "):
            self.resident.presses(words.removeprefix("# "))
        else:
            self.resident.says(words)

    def does(self, words: str) -> "Done":
        """Types it; everything that it did."""
        before, _, id = self.receipts(), self.calls(), str(uuid.uuid4())
        texts = self.resident.says(words, id)
        with self.stack.database.read() as connection:
            key = keys.message_key(self.stack.secret, "web", f"{self.person}:{id}")
            receipt = connection.execute(sa.select(receipts).where(receipts.c.key == key)).one()
        done, called = self.receipts() - before, self.calls()
        return Done(texts, receipt.effect, receipt.reply, done, called, self.open(), self.rows())

    def open(self) -> str:
        """The question that is open now; empty when there is none."""
        with self.stack.database.write() as connection:
            person = load(connection, self.person, ROUND, self.stack.secret, clock.now())
        asked = open_question(ROUND, person.progress)
        return f"{asked.question}.{asked.instance}" if asked else ""

    def receipts(self) -> int:
        """How many messages of this person have done their work."""
        return self.stack.count(receipts, receipts.c.person == self.person)

    def calls(self) -> list[str]:
        """The acts for which the action server was called since this was last asked."""
        with (self.stack.data / "logs" / "actions.log").open("rb") as log:
            log.seek(self.read)
            new = log.read()
            self.read = log.tell()
        return re.findall(r"mitsprache\.actions event=called act=(\w+)", new.decode())


class Done(NamedTuple):
    """What a message did."""

    texts: list[str]
    effect: str
    reply: dict[str, Any] | None
    """None after a hand-over: what was said to the person before is gone then."""
    receipts: int
    calls: list[str]
    open: str
    rows: Rows


@pytest.fixture(scope="module")
def places(stack: Stack) -> Iterator[tuple[Traveller, dict[str, Rows]]]:
    """A resident, and their rows at each place: walked through once, through the web channel."""
    traveller = Traveller(stack, stack.resident("de"))
    kept = {"language": traveller.rows()}
    for words, place in WALK:
        traveller.goes(words)
        kept[place] = traveller.rows()
        traveller.back_to(kept[place])
    for start, way, place in BRANCHES:
        traveller.back_to(kept[start])
        for words in way:
            traveller.goes(words)
        kept[place] = traveller.rows()
    # Which words look like a command is the classifier's guess, and no matter here.
    [person] = kept["importance"]["people"]
    kept["meant"] = {**kept["importance"], "people": [{**person, "aside": "meant", "about": "stop need.0"}]}
    yield traveller, kept
    traveller.back_to(kept["language"])


def test_commands_are_examples_of_their_acts() -> None:
    """Each act but the answers has a command here, which stands in its German training data and in no other act's."""
    assert set(COMMANDS) == set(ACTS) - {"answer", "yes", "no", "not_understood"}
    examples = {file.stem: examples_of(file) for file in NLU.glob("*.yml")}
    for act, command in COMMANDS.items():
        assert [name for name, known in examples.items() if command in known] == [act]


@pytest.mark.parametrize("name", PLACES)
def test_every_act_at(places: tuple[Traveller, dict[str, Rows]], name: str) -> None:
    """Whatever is typed at this question is one action, with its own sentence, and makes up or loses no answer."""
    traveller, kept = places
    place = PLACES[name]
    wrong = []
    for words, act, cell in cells(place):
        traveller.back_to(kept[name])
        problems = list(differences(kept[name], traveller.does(words), act, cell))
        wrong += [f"«{words}» ({act}) at {name}: {problem}" for problem in problems]
    assert not wrong, "\n" + "\n".join(wrong)


def cells(place: Place) -> Iterator[tuple[str, str | None, Cell]]:
    """What is typed at this place, the act that is called for it where that is certain, and what has to happen."""
    for act, command in COMMANDS.items():
        yield command, act, woken(act, place, let_go(act, place, commanded(act, place)))
    for words in NEITHER:
        if words not in place.answers:
            yield words, None, woken(None, place, place.unclear)
    for words, cell in place.answers.items():
        yield words, None, cell


def commanded(act: str, place: Place) -> Cell:
    """What a command does at a place."""
    again = Cell(place.asks, "said", place.open)
    match act:
        case "skip":
            return place.skip
        case "go_back" if place.aside:
            return on(place.before or "", effect="standaside")
        case "go_back" if place.before is None:
            return told("first_already", again)
        case "go_back":
            return Cell(f"going_back {place.asks_before or words_of(place.before)}", "revisit", place.before)
        case "change_answer" if not place.said:
            return told("nothing_to_change", again)
        case "pause" | "stop":
            sentence = "paused code" if act == "pause" else "stopped code"
            beneath = (place.before or "") if place.aside else place.open
            return Cell("stopped_early" if place.opening else sentence, "stop", beneath, stopped=True)
        case "resume":
            return told("resume_how" if place.opening else "welcome_back", again)
        case "greet":
            return told("intro" if place.open == "language.0" else "welcome_back", again)
        case "why_do_you_ask":
            return told(place.why, again)
        case "repeat" if not place.open:
            return again._replace(says="thanks")
        case "my_data":
            return told("my_data" if place.said else "my_data_none", again)
        case "delete_my_data" if place.open == "delete.0":
            return Cell("unclear.yes_no delete", "standaside", "delete.0")
        case "change_language" if place.open == "switch.0":
            return Cell("unclear.language switch", "standaside", "switch.0")
        case "emergency" if place.open == "keep.0":
            return Cell("emergency keep", "holdmore", "keep.0")
        case "emergency" if place.free:
            return on("keep.0", "emergency", effect="standaside")
        case "emergency":
            return Cell("emergency emergency_on", "said", place.open)
        case "someone_else" if place.opening:
            return Cell("handed_over language", "handover", "language.0")
        case "change_answer" | "change_language" | "delete_my_data" | "someone_else":
            asks = {"change_answer": "change", "change_language": "switch", "delete_my_data": "delete"}
            return on(f"{asks.get(act, act)}.0", effect="standaside")
        case _ if act in TELLS:
            return told(act, again)
    return again


def let_go(act: str, place: Place, cell: Cell) -> Cell:
    """What waited for a word whether it may be kept is gone with any other question; the person hears that."""
    if place.open == "keep.0" and act != "emergency" and cell.effect in ("standaside", "stop"):
        return cell._replace(says=f"not_kept {cell.says}")
    return cell


def told(sentence: str, again: Cell) -> Cell:
    """A sentence, and the question once more."""
    return again._replace(says=f"{sentence} {again.says}")


def woken(act: str | None, place: Place, cell: Cell) -> Cell:
    """Whoever had stopped goes on by anything that is not about stopping; «go on» in any form only wakes."""
    if not place.stopped:
        return cell
    if act in ("skip", "greet", "repeat", "resume"):
        return on(place.open, "welcome_back", effect="resume")
    if act in ("help", "thank"):
        return cell._replace(stopped=True, says=act)
    if act in ("stop", "pause", "delete_my_data", "emergency"):
        return cell._replace(stopped=True)
    return cell._replace(effect="resume") if cell.effect == "said" else cell


def differences(before: Rows, done: Done, act: str | None, cell: Cell) -> Iterator[str]:
    """In what the message did something else than it should."""
    if done.receipts != 1 or len(done.calls) != 1 or (act and done.calls != [act]):
        yield f"{done.receipts} receipts, actions called: {done.calls}"
    if done.effect != cell.effect:
        yield f"effect {done.effect}, not {cell.effect}"
    if done.reply and (said := [say["key"] for say in done.reply["says"]]) != cell.says.split():
        yield f"says {said}, not {cell.says.split()}"
    yield from misread(done, cell)
    [person] = done.rows["people"]
    if done.open != cell.opens:
        yield f"open is {done.open}, not {cell.opens}"
    if person["stopped"] != cell.stopped:
        yield f"stopped is {person['stopped']}"
    if [bool(row["text"]) for row in done.rows["inbox"]] != [True] * (cell.opens == "keep.0"):
        yield "a text is held back, or none is"
    expected = {**stored(before), **{row.asked: (row.state, row.text) for row in cell.stored}}
    expected = {asked: given for asked, given in expected.items() if asked not in cell.withdrawn}
    if stored(done.rows) != expected:
        yield f"stored {set(stored(done.rows).items()) ^ set(expected.items())}"
    kept = all(row in done.rows["consents"] for row in before["consents"])
    if not kept or len(done.rows["consents"]) - len(before["consents"]) != (cell.effect == "consent"):
        yield "a consent is gone, or one is there that nobody gave"


def misread(done: Done, cell: Cell) -> Iterator[str]:
    """Where the resident reads something else than the words of these keys."""
    language = done.reply["language"] if done.reply else "de"
    said = cell.says.split()
    if len(said) != len(done.texts):
        yield f"{len(done.texts)} texts, not {len(said)}"
    for key, shown in zip(said, done.texts, strict=False):
        beginning = WORDS.raw(language, key, 2 if key == "my_data" else None).partition("{")[0]
        if not shown.startswith(beginning):
            yield f"reads «{shown}», not {key}"


def stored(rows: Rows) -> dict[str, tuple[str, str | None]]:
    """Every answer by its question: state and text."""
    return {f"{row['question']}.{row['instance']}": (row["state"], row["text"]) for row in rows["answers"]}


def examples_of(file: Path) -> set[str]:
    """The examples of an act."""
    [entry] = yaml.safe_load(file.read_text("utf-8"))["nlu"]
    return {line.removeprefix("- ").strip() for line in entry["examples"].splitlines()}
