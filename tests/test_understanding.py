"""What people write is understood in every language, and no answer is mistaken for a command."""

import pytest

from tests.understanding import (
    ANSWER,
    LANGUAGES,
    LEAST_RIGHT,
    MOST_MISSED,
    MOST_NEEDLESS,
    MOST_SWALLOWED,
    figures,
    rows,
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_answer_is_taken_for_a_command(language: str) -> None:
    """What somebody says to a question in free words is never done as a command."""
    assert figures(rows(language)).swallowed.share <= MOST_SWALLOWED


@pytest.mark.parametrize("language", LANGUAGES)
def test_few_answers_are_questioned(language: str) -> None:
    """«Did you mean …?» follows a genuine answer only rarely."""
    assert figures(rows(language)).needless.share <= MOST_NEEDLESS


@pytest.mark.parametrize("language", LANGUAGES)
def test_hardly_an_act_is_missed(language: str) -> None:
    """Who wants something else than to answer is at least asked about it."""
    assert figures(rows(language)).missed.share <= MOST_MISSED


@pytest.mark.parametrize("language", LANGUAGES)
def test_acts_are_understood(language: str) -> None:
    """The act that is done or asked about is the one that the person meant."""
    assert figures(rows(language)).right.share >= LEAST_RIGHT


@pytest.mark.parametrize("language", LANGUAGES)
def test_danger_is_recognised_in_words_that_nobody_foresaw(language: str) -> None:
    """Of dangers in words that neither lists nor training knew, nearly all get the numbers to ring.

    The sets are small, so the bar for one language is low; for all together it stands higher.
    """
    found = figures(rows(language, "danger"))
    assert found.right.share >= 0.8
    assert found.needless.share <= 0.1


def test_danger_is_recognised_in_all_languages_together() -> None:
    """Nine of ten dangers that nobody foresaw are recognised, and nineteen of twenty needs are not taken for one."""
    found = figures([row for language in LANGUAGES for row in rows(language, "danger")])
    assert found.right.share >= 0.9
    assert found.needless.share <= 0.05


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sets_are_large_enough(language: str) -> None:
    """Each language is measured on all acts and on enough answers."""
    acts = [row.act for row in rows(language)]
    assert len(set(acts)) == 22
    assert acts.count(ANSWER) >= 70
    assert len(acts) >= 200
