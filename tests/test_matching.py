"""How a typed place is understood: a wrong district accepted silently is the worst that can happen."""

from typing import NamedTuple

import pytest

from dialogue.matching import Match, match, names
from tests.districts import NONE, Result, city, measured, rows

RESULTS = measured(rows())
PLACES = [result for result in RESULTS if result.row.expected != NONE]
NO_PLACES = [result for result in RESULTS if result.row.expected == NONE]
BY_ID = [result for result in PLACES if not result.row.expected.startswith("ask:")]


class Theme(NamedTuple):
    """An option that is no district."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()


THEMES = names([Theme("housing", "Wohnen", ("Miete",)), Theme("mobility", "Mobilität"), Theme("school", "Bildung")])
DISTRICTS = names(city().districts)


def share(verdict: str, results: list[Result]) -> float:
    """Which part of the results has this verdict."""
    return sum(result.verdict == verdict for result in results) / len(results)


def test_there_is_enough_data() -> None:
    """The figures below rest on at least 220 places and 80 texts that name none, no row twice."""
    assert len(PLACES) >= 220
    assert len(NO_PLACES) >= 80
    assert len({(result.row.language, result.row.text) for result in RESULTS}) == len(RESULTS)


def test_every_expected_id_is_a_district() -> None:
    """A misspelled id in the data would pass for a miss of the code."""
    assert {id for result in PLACES for id in result.row.right} == {district.id for district in city().districts}


def test_no_wrong_district_is_accepted() -> None:
    """Nobody is silently put into another district, or into one without having named any."""
    assert [result for result in RESULTS if result.verdict == "wrong"] == []


def test_places_are_understood_or_asked_about() -> None:
    """Of the typed places 99 % are accepted rightly or stand among the candidates."""
    assert share("missed", PLACES) <= 0.01


def test_most_named_districts_need_no_question() -> None:
    """Who names one district, in whatever script, is asked back at most once in ten times."""
    assert share("sure", BY_ID) >= 0.9


def test_other_towns_and_needs_are_seldom_asked_about() -> None:
    """Of the texts that name no place at most 10 % lead to a question."""
    assert share("false ask", NO_PLACES) <= 0.1


@pytest.mark.parametrize("result", [r for r in PLACES if r.row.language in ("ar", "fa", "ti", "ru", "uk")])
def test_other_scripts_are_understood(result: Result) -> None:
    """Each place written in Arabic, Persian, Ge'ez or Cyrillic letters is understood or asked about."""
    assert result.verdict in ("sure", "asked")


@pytest.mark.parametrize(
    "text",
    [
        "ich wohne nicht in Erlenbach",
        "I don't live in Erlenbach",
        "Erlenbacher Straße 5",
        "früher in Erlenbach",
        "Erlenbach'ta oturmuyorum, değil",
        "لا أسكن في إرلنباخ",
        "Я не живу в Эрленбахе",
        "Wir haben lange gesucht, waren erst bei Freunden, und dann hat uns jemand Erlenbach empfohlen",
        "Erlenbach oder Morlautern",
    ],
)
def test_a_doubtful_text_is_asked_about(text: str) -> None:
    """A denial, a street, a story or a second place makes the district a question, never an answer."""
    found = match(text, DISTRICTS)
    assert found.sure is None
    assert "erlenbach" in found.candidates


def test_an_alias_of_several_districts_is_asked_about() -> None:
    """«Zentrum» means four districts; the buttons stand in the order of the city's file."""
    expected = ("innenstadt_ost", "innenstadt_suedwest", "innenstadt_west_kotten", "innenstadt_nord_kaiserberg")
    assert match("Zentrum", DISTRICTS) == Match(None, expected)


def test_two_names_a_letter_apart_are_asked_about() -> None:
    """«Erenbach» may be Erlenbach or Erfenbach."""
    assert set(match("Erenbach", DISTRICTS).candidates) == {"erlenbach", "erfenbach"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mobilität", Match("mobility", ())),
        ("Mobilitaet", Match("mobility", ())),
        ("Mobilitet", Match("mobility", ())),
        ("Wohnen", Match("housing", ())),
        ("Wonen", Match(None, ("housing",))),
        ("Mobilität und Bildung", Match(None, ("mobility", "school"))),
        ("Wetter", Match(None, ())),
    ],
)
def test_other_options_are_found_the_same_way(text: str, expected: Match) -> None:
    """Themes typed with typos are matched too; a short name with a typo is only asked about."""
    assert match(text, THEMES) == expected


def test_a_name_can_mean_no_option() -> None:
    """A town that resembles a quarter can be listed as none of the options, and is then not asked about."""
    known = {**DISTRICTS, "mannheim": frozenset[str]()}
    assert match("Mannheim", known) == match("ich wohne in Manheim", known) == Match(None, ())


@pytest.mark.parametrize("text", ["", "   ", "🙂", "?!", "ع", "\u2060/start", "北京", "a" * 4000, "ab " * 1300])
def test_any_text_has_an_answer(text: str) -> None:
    """Text without letters, in another script or far too long names nothing and breaks nothing."""
    assert match(text, DISTRICTS) == Match(None, ())


def test_nothing_is_found_where_there_are_no_options() -> None:
    """Without names there is no match."""
    assert match("Betzenberg", {}) == Match(None, ())
