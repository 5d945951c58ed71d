"""The pure rules: which question comes next, what belongs to which question, what a city pack must hold."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue import acts, replies
from dialogue.acts import Heard, Scene
from dialogue.binding import Binding, bind
from dialogue.errors import Misconfigured
from dialogue.outcome import ConfirmAdult, Consent, Erase, Give, Outcome, Say
from dialogue.progress import Given, Progress, State, Status, open_question, previous_question, status
from dialogue.questions import ask, choices
from dialogue.reading import named_language, read
from dialogue.rounds import ASIDES, Instance
from store import packs
from translations import lexicon
from translations.catalogs import Words
from translations.languages import languages

CITY, ROUND = packs.city("kaiserslautern"), packs.round("kaiserslautern", "needs")
WORDS = Words("kaiserslautern")
LEXICON = lexicon.build(CITY, WORDS)
DISTRICT, NEED, MORE = Instance("district", 0), Instance("need", 0), Instance("more", 0)
YES, NO = Given(State.ANSWERED, "yes"), Given(State.ANSWERED, "no")
ANSWERED = Given(State.ANSWERED, "Bäume")
NOW = datetime(2026, 11, 24, 12)


def progress(**answers: Given) -> Progress:
    """Consented, with answers as `need_0=…`."""
    given = {Instance(name.rsplit("_", 1)[0], int(name.rsplit("_", 1)[1])): value for name, value in answers.items()}
    return Progress("de", adult=True, consent=ROUND.consent_version, answers=given)


def perform(here: Progress, act: str, text: str = "", **heard: object) -> Outcome:
    """The outcome of a text at the open question."""
    asked = heard.pop("asked", open_question(ROUND, here))
    return acts.perform(Scene(CITY, ROUND, LEXICON, here, Heard(act, text, asked=asked, **heard)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("here", "asked"),
    [
        (Progress(), Instance("language", 0)),
        (Progress("de"), Instance("age", 0)),
        (Progress("de", adult=True), Instance("consent", 0)),
        (Progress("de", adult=True, consent="older"), Instance("consent", 0)),
        (progress(), DISTRICT),
        (progress(district_0=Given(State.SKIPPED, None)), NEED),
        (progress(district_0=ANSWERED, need_0=ANSWERED), MORE),
        (progress(district_0=ANSWERED, need_0=ANSWERED, more_0=YES), Instance("need", 1)),
        (progress(district_0=ANSWERED, need_0=ANSWERED, more_0=NO), None),
        (progress(district_0=ANSWERED, need_0=ANSWERED, more_0=YES, need_1=ANSWERED), Instance("more", 1)),
    ],
)
def test_next_question(here: Progress, asked: Instance | None) -> None:
    """The first question that is due and neither answered nor passed over."""
    assert open_question(ROUND, here) == asked


def test_previous_question() -> None:
    """Back goes one question at a time, down to the first, and stays there."""
    here = progress(district_0=ANSWERED, need_0=ANSWERED)
    steps = []
    while (earlier := previous_question(ROUND, here)) is not None:
        steps.append(earlier.question)
        here = Progress(**{**here.__dict__, "revisit": earlier})
    assert steps == ["need", "district", "consent", "age", "language"]


def test_status() -> None:
    """Consented, partial, stopped, complete: by what is stored."""
    assert status(ROUND, progress()) is Status.CONSENTED
    here = progress(district_0=ANSWERED)
    assert status(ROUND, here) is Status.PARTIAL
    assert status(ROUND, Progress(**{**here.__dict__, "stopped": True})) is Status.STOPPED
    assert status(ROUND, progress(district_0=ANSWERED, need_0=ANSWERED, more_0=NO)) is Status.COMPLETE


@pytest.mark.parametrize(
    ("question", "text", "option"),
    [
        ("language", "ARABISCH", "ar"),
        ("language", "العَرَبِيَّة", "ar"),
        ("language", "Klingonisch", None),
        ("age", "Ja!", "yes"),
        ("age", "👍", "yes"),
        ("age", "نعم", "yes"),
        ("age", "yes", "yes"),
        ("age", "vielleicht", None),
        ("district", "innenstadt ost", "innenstadt_ost"),
        ("district", "Lämmchesberg", "laemmchesberg_uniwohnstadt"),
        ("district", "Möchte ich nicht sagen.", "rather_not"),
        ("district", "Mars", None),
        ("need", "nein", "nein"),
    ],
)
def test_reading(question: str, text: str, option: str | None) -> None:
    """A typed text names an option in any language, whatever its case, marks and punctuation."""
    assert read(ROUND.question(question), text, LEXICON) == option


@pytest.mark.parametrize("language", CITY.languages)
def test_whoever_types_what_is_on_a_button_has_pressed_it(language: str) -> None:
    """The label of each button, typed, is read as that button's answer, in every language."""
    autonyms = [(code, languages()[code].autonym) for code in CITY.languages]
    for question in (*ROUND.questions, *ASIDES):
        for choice in choices(CITY, question, autonyms):
            label = choice.name or WORDS.say(language, choice.key or "")
            if choice.act == "answer":
                assert read(question, label, LEXICON) == choice.value, label


def test_named_language() -> None:
    """«auf Arabisch bitte» names one language; two names are no choice."""
    assert named_language("auf Arabisch bitte", LEXICON) == "ar"
    assert named_language("Deutsch oder Englisch", LEXICON) is None


@pytest.mark.parametrize(
    ("text", "received", "binding"),
    [
        ("und Bänke", -5, Binding(NEED, append=True)),
        ("und Bänke", 2, Binding(NEED, append=True)),
        ("und Bänke", 4, Binding(MORE)),
        ("nein", -5, Binding(MORE)),
    ],
)
def test_binding(text: str, received: int, binding: Binding) -> None:
    """What was on its way belongs to the free text before, unless it answers the new question."""
    here = progress(district_0=ANSWERED, need_0=ANSWERED)
    at = NOW + timedelta(seconds=received)
    assert bind(ROUND, here, LEXICON, text, at, NOW, timedelta(seconds=3)) == binding


@pytest.mark.parametrize(
    ("here", "text", "before"),
    [
        (Progress("de", adult=True), "ja", Instance("age", 0)),
        (Progress("de"), "ja", Instance("language", 0)),
        (Progress(**{**progress(district_0=ANSWERED).__dict__, "aside": "delete"}), "ja", NEED),
        (progress(district_0=ANSWERED), "Betzenberg", DISTRICT),
        (progress(district_0=ANSWERED), "Ein Park", NEED),
    ],
)
def test_a_word_sent_before_the_question_does_not_answer_it(here: Progress, text: str, before: Instance) -> None:
    """D3: a «ja» on its way before it could be read neither agrees nor deletes; a district typed twice is no need."""
    early = NOW - timedelta(seconds=1)
    binding = bind(ROUND, here, LEXICON, text, early, NOW, timedelta(seconds=3))
    assert binding == Binding(before)
    outcome = perform(here, "answer", text, asked=binding.asked)
    assert not any(isinstance(change, Consent | ConfirmAdult | Erase) for change in outcome.changes)


def test_a_need_told_at_anything_else_is_kept() -> None:
    """Asked whether there is anything else, whoever says it at once has said yes and answered."""
    at_more = progress(district_0=ANSWERED, need_0=ANSWERED)
    for text in ("Es gibt keine Kita", "ja, ein Arzt", "Nein, nur dass es keinen Arzt gibt"):
        assert perform(at_more, "answer", text).changes == (
            Give(MORE, State.ANSWERED, "yes"),
            Give(Instance("need", 1), State.ANSWERED, text),
        )


def test_nothing_is_answered_under_an_older_consent() -> None:
    """D3: with a new consent text, an old button and a way back lead to the consent question, not into an error."""
    older = {**progress(district_0=ANSWERED, need_0=ANSWERED, more_0=NO).__dict__, "consent": "older"}
    assert perform(Progress(**older), "answer", value="yes", asked=MORE).changes == ()
    assert open_question(ROUND, Progress(**{**older, "revisit": NEED})) == Instance("consent", 0)


def test_the_last_word_offers_what_works() -> None:
    """After going back and saying no earlier, the button of the last word belongs to the last question on the path."""
    here = progress(district_0=ANSWERED, need_0=ANSWERED, more_0=NO, need_1=ANSWERED, more_1=NO)
    last = ask(CITY, ROUND, here, [])
    assert last is not None
    assert last.asked == MORE


def test_only_known_words_consent_or_delete() -> None:
    """A guessed «yes» neither consents, nor confirms an age, nor deletes; it only opens another need."""
    for here in (Progress("de"), Progress("de", adult=True), Progress(**{**progress().__dict__, "aside": "delete"})):
        assert perform(here, "yes", "na von mir aus mal sehen").changes == ()
    at_more = progress(district_0=ANSWERED, need_0=ANSWERED)
    assert perform(at_more, "yes", "na klar doch mal").changes == (Give(MORE, State.ANSWERED, "yes"),)


def test_every_act_at_every_question() -> None:
    """Each act at each question, and after the end, gives a reply; only consent, age and deletion erase."""
    places = [
        Progress(),
        Progress("de"),
        Progress("de", adult=True),
        progress(),
        progress(district_0=ANSWERED),
        progress(district_0=ANSWERED, need_0=ANSWERED),
        progress(district_0=ANSWERED, need_0=ANSWERED, more_0=NO),
    ]
    for here in places:
        for aside in (None, "delete", "switch"):
            for act in acts.ACTS:
                outcome = perform(Progress(**{**here.__dict__, "aside": aside}), act, "qwertz")
                assert outcome.says or not outcome.silent
                assert not any(isinstance(change, Erase) for change in outcome.changes)


def test_answers_grow_only_so_far() -> None:
    """A bubble that would make the answer longer than it may be is not added, and the person is told."""
    here = progress(district_0=ANSWERED, need_0=Given(State.ANSWERED, "x" * 7900))
    assert perform(here, "answer", "y" * 50, asked=NEED, append=True).changes != ()
    assert perform(here, "answer", "y" * 200, asked=NEED, append=True).says == (Say("answer_full"),)


@given(st.sampled_from([Progress(), Progress("de"), progress(), progress(district_0=ANSWERED)]))
def test_replies_survive_the_receipt(here: Progress) -> None:
    """What is asked comes out of a receipt as it went in."""
    question = ask(CITY, ROUND, here, [("de", "Deutsch"), ("ar", "العربية")])
    assert question is not None
    assert replies.from_data(replies.to_data((question,))) == (question,)


@pytest.mark.parametrize(
    ("wrong", "line", "said"),
    [
        ("id: needs\nquestions:\n  - {id: a, kind: nothing}\n", 3, "language"),
        ("id: needs\nquestions:\n  - {id: A!, kind: text}\n", 3, "pattern"),
        ("id: needs\nquestions: []\n", 1, "opens with"),
        ("id: needs\nquestions:\n  - {id: a, kind: text, colour: red}\n", 3, "Extra"),
        ("id: needs\n\tquestions\n", 2, "YAML"),
    ],
)
def test_wrong_pack(tmp_path: Path, wrong: str, line: int, said: str) -> None:
    """A mistake in a city pack is named with file, line and what is wrong."""
    file = tmp_path / "town" / "rounds" / "needs.yml"
    file.parent.mkdir(parents=True)
    file.write_text(wrong)
    with pytest.raises(Misconfigured) as error:
        packs.round("town", "needs", tmp_path)
    assert error.value.values["name"] == f"{file}:{line}"
    assert said in str(error.value.values["given"])
