"""The pure rules: which question comes next, what belongs to which question, what a city pack must hold."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue import acts, replies
from dialogue.binding import Binding, bind
from dialogue.errors import Misconfigured
from dialogue.outcome import (
    ChooseLanguage,
    ConfirmAdult,
    Consent,
    Erase,
    Give,
    Outcome,
    Revisit,
    Say,
    StandAside,
    Withdraw,
)
from dialogue.progress import Answers, Given, Progress, State, Status, open_question, previous_question, status
from dialogue.questions import ask, choices
from dialogue.reading import named_language, read
from dialogue.rounds import ASIDES, Instance, Kind
from dialogue.scene import Heard, Scene
from dialogue.summary import picks
from store import packs
from translations import lexicon
from translations.catalogs import Words
from translations.languages import languages
from translations.wording import label

CITY, ROUND = packs.city("kaiserslautern"), packs.round("kaiserslautern", "needs")
WORDS = Words("kaiserslautern")
LEXICON, CONTACTS = lexicon.build(CITY, ROUND, WORDS), packs.contacts("kaiserslautern")
DISTRICT, THEME, NEED, MORE = Instance("district", 0), Instance("theme", 0), Instance("need", 0), Instance("more", 0)
IMPORTANCE, REVIEW = Instance("importance", 0), Instance("review", 0)
YES, NO = Given(State.ANSWERED, "yes"), Given(State.ANSWERED, "no")
ANSWERED, LATER = Given(State.ANSWERED, "Bäume"), Given(State.LATER, None)
TO_NEED = {"district_0": Given(State.ANSWERED, "betzenberg"), "theme_0": Given(State.ANSWERED, "housing")}
SKIPPED = Given(State.SKIPPED, None)
TO_MORE = {**TO_NEED, "need_0": ANSWERED, "importance_0": Given(State.ANSWERED, "4"), "idea_0": SKIPPED}
TO_REVIEW = {**TO_MORE, "more_0": NO, "about_0": NO}
TO_END = {**TO_REVIEW, "review_0": YES}
AGAIN = {**TO_MORE, "more_0": YES, "theme_1": SKIPPED, "need_1": ANSWERED, "importance_1": SKIPPED, "idea_1": SKIPPED}
NOW = datetime(2026, 11, 24, 12)


def progress(**answers: Given) -> Progress:
    """Consented, with answers as `need_0=…`."""
    given = {Instance(name.rsplit("_", 1)[0], int(name.rsplit("_", 1)[1])): value for name, value in answers.items()}
    return Progress("de", adult=True, consent=ROUND.consent_version, answers=Answers(given))


def perform(here: Progress, act: str, text: str = "", **heard: object) -> Outcome:
    """The outcome of a text at the open question."""
    asked = heard.pop("asked", open_question(ROUND, here))
    said = Heard(act, text, asked=asked, **heard)  # type: ignore[arg-type]
    return acts.perform(Scene(CITY, ROUND, LEXICON, CONTACTS, here, said))


@pytest.mark.parametrize(
    ("here", "asked"),
    [
        (Progress(), Instance("language", 0)),
        (Progress("de"), Instance("age", 0)),
        (Progress("de", adult=True), Instance("consent", 0)),
        (Progress("de", adult=True, consent="older"), Instance("consent", 0)),
        (progress(), DISTRICT),
        (progress(district_0=SKIPPED), THEME),
        (progress(**TO_NEED), NEED),
        (progress(**TO_NEED, need_0=ANSWERED), IMPORTANCE),
        (progress(**TO_NEED, need_0=SKIPPED), MORE),
        (progress(**{**TO_MORE, "theme_0": LATER}), THEME),
        (progress(**TO_MORE), MORE),
        (progress(**TO_MORE, more_0=YES), Instance("theme", 1)),
        (progress(**AGAIN), Instance("more", 1)),
        (progress(**TO_MORE, more_0=NO), Instance("about", 0)),
        (progress(**TO_MORE, more_0=NO, about_0=YES), Instance("age_band", 0)),
        (progress(**TO_REVIEW), REVIEW),
        (progress(**TO_END), None),
        (progress(**{**TO_END, "more_0": YES}), Instance("theme", 1)),
        (progress(**{**TO_END, **AGAIN, "more_1": NO}), Instance("review", 1)),
    ],
)
def test_next_question(here: Progress, asked: Instance | None) -> None:
    """The first question that is due and neither answered nor passed over."""
    assert open_question(ROUND, here) == asked


def test_previous_question() -> None:
    """Back goes one question at a time, down to the first, and stays there."""
    here = progress(**{**TO_MORE, "theme_0": LATER})
    steps = []
    while (earlier := previous_question(ROUND, here)) is not None:
        steps.append(earlier.question)
        here = replace(here, revisit=earlier)
    assert steps == ["idea", "importance", "need", "theme", "district", "consent", "age", "language"]


def test_status() -> None:
    """Consented, partial, stopped, complete: by what is stored."""
    assert status(ROUND, progress()) is Status.CONSENTED
    here = progress(district_0=ANSWERED)
    assert status(ROUND, here) is Status.PARTIAL
    assert status(ROUND, replace(here, stopped=True)) is Status.STOPPED
    assert status(ROUND, progress(**TO_END)) is Status.COMPLETE


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
        ("district", "ich wohne am Betzenbrg", "betzenberg"),
        ("district", "Я живу в Бетценберге", "betzenberg"),
        ("district", "Wohnst du in Mannheim?", None),
        ("district", "ich wohne nicht hier", "elsewhere"),
        ("theme", "Wohnung", "housing"),
        ("theme", "жильё", "housing"),
        ("theme", "Später", "later"),
        ("theme", "Es fehlen Wohnungen für große Familien", None),
        ("importance", "٤", "4"),
        ("importance", "drei", "3"),
        ("importance", "4 von 5", "4"),
        ("importance", "5️⃣", "5"),
        ("importance", "sehr wichtig!", "5"),
        ("importance", "7", None),
        ("importance", "Linie 2 fehlt", None),
        ("importance", "nicht 5", None),
        ("importance", "٣", "3"),
        ("age_band", "34", "25_39"),
        ("age_band", "٣٤ سنة", "25_39"),
        ("age_band", "15", None),
        ("age_band", "1990", None),
        ("gender", "Frau", "female"),
        ("gender", "divers", "diverse"),
        ("years", "seit 12 Jahren", "10_19"),
        ("years", "schon immer", "always"),
        ("children", "zwei", "2"),
        ("children", "п'ять", "3_plus"),
        ("children", "keine", "0"),
        ("home_languages", "Türkisch, Kurdisch und Deutsch", "tr,ku,de"),
        ("home_languages", "العربية والكردية", "ar,ku"),
        ("home_languages", "Farsi und Sorani", "fa,ckb"),
        ("home_languages", "Wolof", "wo"),
        ("home_languages", "Quatschisch", None),
        ("review", "ja", "yes"),
        ("consent", "ja alles löschen", None),
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
        if question.kind is Kind.PICK:
            continue
        for choice in choices(CITY, ROUND, Progress(), Instance(question.id, 0), autonyms):
            text = label(WORDS, language, choice).text
            if choice.act == "answer":
                assert read(question, text, LEXICON) == choice.value, text


@pytest.mark.parametrize("language", CITY.languages)
def test_whoever_types_the_name_of_an_answer_has_picked_it(language: str) -> None:
    """Asked which answer to change, the name of each, typed, is read as that one, in every language."""
    pick = next(question for question in ASIDES if question.kind is Kind.PICK)
    for choice in picks(ROUND, progress(**TO_MORE)):
        assert read(pick, label(WORDS, language, choice).text, LEXICON) == choice.value.partition(".")[0]


def test_named_language() -> None:
    """«auf Arabisch bitte» names one language; two names are no choice."""
    assert named_language("auf Arabisch bitte", LEXICON) == "ar"
    assert named_language("Deutsch oder Englisch", LEXICON) is None


@pytest.mark.parametrize(
    ("text", "received", "binding"),
    [
        ("und Bänke", -5, Binding(NEED, append=True)),
        ("und Bänke", 2, Binding(NEED, append=True)),
        ("und Bänke", 4, Binding(IMPORTANCE)),
        ("3", -5, Binding(IMPORTANCE)),
    ],
)
def test_binding(text: str, received: int, binding: Binding) -> None:
    """What was on its way belongs to the free text before, unless it answers the new question."""
    here = progress(**TO_NEED, need_0=ANSWERED)
    at = NOW + timedelta(seconds=received)
    assert bind(ROUND, here, LEXICON, text, at, NOW, timedelta(seconds=3)) == binding


@pytest.mark.parametrize(
    ("here", "text", "before"),
    [
        (Progress("de", adult=True), "ja", Instance("age", 0)),
        (Progress("de"), "ja", Instance("language", 0)),
        (replace(progress(**TO_NEED), aside="delete"), "ja", NEED),
        (progress(district_0=ANSWERED), "Betzenberg", THEME),
        (progress(**TO_NEED), "Wohnen", THEME),
        (progress(**TO_NEED), "Ein Park", NEED),
    ],
)
def test_a_word_sent_before_the_question_does_not_answer_it(here: Progress, text: str, before: Instance) -> None:
    """D3: a «ja» on its way before it could be read neither agrees nor deletes; a theme typed twice is no need."""
    early = NOW - timedelta(seconds=1)
    binding = bind(ROUND, here, LEXICON, text, early, NOW, timedelta(seconds=3))
    assert binding == Binding(before)
    outcome = perform(here, "answer", text, asked=binding.asked)
    assert not any(isinstance(change, Consent | ConfirmAdult | Erase) for change in outcome.changes)


def test_a_need_told_at_anything_else_is_kept() -> None:
    """Asked whether there is anything else, whoever says it at once has said yes and answered."""
    for text in ("Es gibt keine Kita", "ja, ein Arzt", "Nein, nur dass es keinen Arzt gibt"):
        assert perform(progress(**TO_MORE), "answer", text).changes == (
            Give(MORE, State.ANSWERED, "yes"),
            Give(Instance("theme", 1), State.LATER),
            Give(Instance("need", 1), State.ANSWERED, text),
        )


def test_a_need_told_at_the_theme_is_kept() -> None:
    """Asked for a theme, whoever tells the need at once has answered the next question; the theme is put off."""
    outcome = perform(progress(district_0=ANSWERED), "answer", "Die Wohnungen hier sind alle viel zu klein")
    assert outcome.changes == (
        Give(THEME, State.LATER),
        Give(NEED, State.ANSWERED, "Die Wohnungen hier sind alle viel zu klein"),
    )


def test_nothing_is_answered_under_an_older_consent() -> None:
    """D3: with a new consent text, an old button and a way back lead to the consent question, not into an error."""
    older = replace(progress(**TO_END), consent="older")
    assert perform(older, "answer", value="yes", asked=MORE).changes == ()
    assert open_question(ROUND, replace(older, revisit=NEED)) == Instance("consent", 0)


def test_the_last_word_offers_what_works() -> None:
    """The button of the last word opens the need behind the last one on the path."""
    last = ask(CITY, ROUND, progress(**{**TO_END, **AGAIN, "more_1": NO, "review_1": YES}), [])
    assert last is not None
    assert last.asked == Instance("more", 1)


def test_what_was_said_after_a_yes_stays_said() -> None:
    """Going back to «anything else?» and saying no drops nothing that was told behind the yes."""
    here = replace(progress(**AGAIN, more_1=NO), revisit=MORE)
    outcome = perform(here, "answer", "nein")
    assert (outcome.changes, outcome.says) == ((Revisit(None),), (Say("unchanged"),))


def test_only_known_words_consent_or_delete() -> None:
    """A guessed «yes» neither consents, nor confirms an age, nor deletes; it only opens another need."""
    for here in (Progress("de"), Progress("de", adult=True), replace(progress(), aside="delete")):
        assert perform(here, "yes", "na von mir aus mal sehen").changes == ()
    at_more = progress(**TO_MORE)
    assert perform(at_more, "yes", "na klar doch mal").changes == (Give(MORE, State.ANSWERED, "yes"),)


def test_every_act_at_every_question() -> None:
    """Each act at each question, and after the end, gives a reply; only consent, age and deletion erase."""
    places = [
        Progress(),
        Progress("de"),
        Progress("de", adult=True),
        progress(),
        progress(district_0=ANSWERED),
        *(progress(**dict([*TO_END.items()][:count])) for count in range(1, len(TO_END) + 1)),
        progress(**TO_MORE, more_0=NO, about_0=YES),
        progress(
            **TO_MORE, more_0=NO, about_0=YES, age_band_0=SKIPPED, gender_0=SKIPPED, years_0=SKIPPED, children_0=NO
        ),
    ]
    for here in places:
        for aside in (None, *(question.id for question in ASIDES)):
            for act in acts.ACTS:
                outcome = perform(replace(here, aside=aside), act, "qwertz")
                assert outcome.says or not outcome.silent
                assert not any(isinstance(change, Erase) for change in outcome.changes)


def test_what_looks_like_a_command_is_kept_and_asked_about() -> None:
    """An answer that may have been meant as an act is kept; a yes to the question does the act and takes it back."""
    here = progress(**TO_NEED)
    kept = perform(here, "answer", "Können wir bitte Türkisch schreiben", meant="change_language")
    assert kept.changes == (
        Give(NEED, State.ANSWERED, "Können wir bitte Türkisch schreiben"),
        StandAside("meant", "change_language need.0"),
    )
    text = Given(State.ANSWERED, "Können wir bitte Türkisch schreiben")
    asked = replace(progress(**TO_NEED, need_0=text), aside="meant", about="change_language need.0")
    assert perform(asked, "answer", "ja").changes[:3] == (Withdraw(NEED), StandAside(None), ChooseLanguage("tr"))
    assert perform(asked, "answer", "nein").changes == (StandAside(None),)


def test_what_may_be_two_districts_is_asked() -> None:
    """«Innenstadt» may be four districts: these are offered, and nothing is noted before one is chosen."""
    outcome = perform(progress(), "answer", "Innenstadt")
    assert (outcome.changes, outcome.silent) == ((), True)
    offered = [choice.value for choice in outcome.says[0].choices]
    assert len([value for value in offered if value.startswith("innenstadt")]) == 4
    assert outcome.says[0].choices[-1].act == "repeat"


def test_after_two_misunderstandings_there_is_a_way_out() -> None:
    """Not understood twice in a row: skip, another language and a person are offered."""
    here = progress(**TO_NEED, need_0=ANSWERED)
    assert perform(here, "answer", "qwertz").offers == ()
    again = perform(replace(here, misses=1), "answer", "qwertz")
    assert again.says == (Say("unclear.scale"), Say("stuck"))
    assert [offer.act for offer in again.offers] == ["skip", "change_language", "talk_to_a_person"]


@pytest.mark.parametrize(("text", "act"), [("ich will sterben", "answer"), ("ein wunsch", "emergency")])
def test_danger_is_answered_at_once_and_not_kept(text: str, act: str) -> None:
    """Words of danger, or a call for help that Rasa hears, get the numbers at once; whether it may be kept is asked."""
    outcome = perform(progress(**TO_NEED), act, text, key="k")
    assert outcome.changes == (StandAside("keep", "k"),)
    assert [line.value for line in outcome.says[0].lines][:2] == ["112", "110"]


def test_too_many_districts(tmp_path: Path) -> None:
    """A city pack with more districts than Telegram has buttons for is refused, rather than asked about in vain."""
    file = tmp_path / "country" / "city.yml"
    file.parent.mkdir(parents=True)
    districts = "".join(f"  - {{id: d{number}, name: D{number}}}\n" for number in range(91))
    begin = "id: country\nname: Country\nlanguages: [de]\nkeep_until: 2029-06-30\ndistricts:\n"
    file.write_text(begin + districts)
    with pytest.raises(Misconfigured) as error:
        packs.city("country", tmp_path)
    assert "at most 90 items" in str(error.value.values["given"])
    file.write_text(begin + districts.replace("  - {id: d90, name: D90}\n", ""))
    assert len(packs.city("country", tmp_path).districts) == 90


def test_answers_grow_only_so_far() -> None:
    """A bubble that would make the answer longer than it may be is not added, and the person is told."""
    here = progress(**TO_NEED, need_0=Given(State.ANSWERED, "x" * 7900))
    assert perform(here, "answer", "y" * 50, asked=NEED, append=True).changes != ()
    assert perform(here, "answer", "y" * 200, asked=NEED, append=True).says == (Say("answer_full"),)


@given(
    st.sampled_from(
        [Progress(), Progress("de"), progress(), progress(**TO_NEED), progress(**TO_REVIEW), progress(**TO_END)]
    )
)
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
        ("id: needs\nquestions:\n  - {id: a, kind: choice}\n", 1, "opens with"),
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
