"""The delicate moments of a conversation, recognised by rules in what a person types. Pure.

How the phrases are written stands in dialogue/phrases.py. All words of a phrase stand in one sentence. A phrase under
`except` is cut out of the sentence before the others are looked for: «ich sterbe vor Langeweile» is no danger, and what
is said beside it still counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from dialogue.phrases import Phrases, Slots, phrases, sentences


class Moment(StrEnum):
    """What a message may be about that needs more than the next question; the first one outranks the others."""

    danger = "danger"
    discrimination = "discrimination"
    residence = "residence"


Lists = TypedDict(
    "Lists",
    {
        "words": Slots,
        "danger": Sequence[str],
        "discrimination": Sequence[str],
        "residence": Sequence[str],
        "except": Sequence[str],
    },
)
"""The phrases of one language, as in its delicate.yml."""


@dataclass(frozen=True)
class Patterns:
    """The phrases of all languages, ready to be looked for."""

    moments: Mapping[Moment, Phrases]
    exceptions: Phrases


def patterns(lists: Iterable[Lists]) -> Patterns:
    """The patterns of these lists. Every language is always looked for, because people mix languages."""
    languages = list(lists)

    def all_of(name: str) -> Phrases:
        return phrases((phrase, one["words"]) for one in languages for phrase in one[name])  # type: ignore[literal-required]

    return Patterns({moment: all_of(moment.value) for moment in Moment}, all_of("except"))


def find(text: str, patterns: Patterns) -> Moment | None:
    """The delicate moment of this text: the gravest one that any of its sentences names, None if there is none."""
    parts = [part for sentence in sentences(text) for part in patterns.exceptions.cut(sentence)]
    return next((moment for moment in Moment if any(map(patterns.moments[moment].search, parts))), None)
