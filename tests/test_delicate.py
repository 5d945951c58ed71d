"""The delicate moments are recognised in every language, and needs that only sound like one are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.delicate import Lists, Moment, find, patterns
from tests.delicate import HERE, LANGUAGES, false_alarms, recall, rows, statements
from tests.sets import table
from translations.delicate import delicate
from translations.languages import FOLDER

LEAST = {Moment.danger: 0.95, Moment.discrimination: 0.90, Moment.residence: 0.90}
MOST_IN_SETS = {Moment.danger: 0.02, Moment.discrimination: 0.05, Moment.residence: 0.05}
MOST_IN_REAL = {Moment.danger: 0.005, Moment.discrimination: 0.03, Moment.residence: 0.03}

WORDS: Lists = {
    "words": {"who": ["mein mann", "er"]},
    "danger": ["<who> … schlägt mich", "=ölüyor*", "brennt & haus", "ضرب*", "б'є мене"],
    "discrimination": ["beleidigt"],
    "residence": ["asyl*"],
    "except": ["schlägt mich … schach"],
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("moment", list(Moment))
def test_moments_are_found(language: str, moment: Moment) -> None:
    """Of what people write in such a moment, nearly all is recognised."""
    assert recall(rows(language), moment).share >= LEAST[moment]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("moment", list(Moment))
def test_needs_are_not_taken_for_moments(language: str, moment: Moment) -> None:
    """A dangerous crossing, a joke, a wish against racism is a need like any other."""
    assert false_alarms(rows(language), moment).share <= MOST_IN_SETS[moment]


@pytest.mark.parametrize("moment", list(Moment))
def test_real_statements_are_not_taken_for_moments(moment: Moment) -> None:
    """What residents of other cities told them holds no such moment."""
    assert false_alarms(statements(), moment).share <= MOST_IN_REAL[moment]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sets_are_large_enough(language: str) -> None:
    """Each language is measured on enough sentences of each kind, and has its list."""
    moments = [row.moment for row in rows(language)]
    least = {Moment.danger: 25, Moment.discrimination: 12, Moment.residence: 12, None: 60}
    assert all(moments.count(moment) >= number for moment, number in least.items())
    assert (FOLDER / language / "delicate.yml").exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_stands_twice(language: str) -> None:
    """A sentence counts once, and has one moment."""
    texts = [row["text"] for row in table(HERE / "delicate" / f"{language}.tsv")]
    assert len(texts) == len(set(texts))


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_find_never_raises(text: str) -> None:
    """Whatever a person types, there is an answer."""
    assert find(text, delicate()) in (None, *Moment)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Mein Mann SCHLÄGT mich", Moment.danger),
        ("er schlaegt mich", Moment.danger),
        ("mein mann, der schlagt mich!!!", Moment.danger),
        ("er hat den ganzen Tag schlägt mich", None),
        ("Er. Schlägt mich", None),
        ("er schlägt mich beim Schach", None),
        ("er schlägt mich beim Schach. Und er schlägt mich auch so", Moment.danger),
        ("annem ölüyor", Moment.danger),
        ("mutlu oluyor", None),
        ("unser Haus, es brennt", Moment.danger),
        ("وضربني", Moment.danger),
        ("він б’є мене", Moment.danger),
        ("він бє мене", Moment.danger),
        ("Asylantrag, und er schlägt mich", Moment.danger),
        ("beleidigt, beim Asyl", Moment.discrimination),
        ("Aaaaasyl", Moment.residence),
        ("", None),
    ],
)
def test_how_a_phrase_is_read(text: str, moment: Moment | None) -> None:
    """The notation of the lists means what its description says; danger outranks the others."""
    assert find(text, patterns([WORDS])) is moment


def test_languages_are_mixed() -> None:
    """A person may use two languages in one message."""
    assert find("Bitte helfen, kocam beni dövüyor", delicate()) is Moment.danger
