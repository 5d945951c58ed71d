"""How well typed places are understood: tests/data/districts.tsv against the aliases of Kaiserslautern."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from dialogue.matching import Match, match, names
from dialogue.rounds import City

DATA = Path(__file__).parent / "data" / "districts.tsv"
CITY = Path(__file__).parent.parent / "cities" / "kaiserslautern" / "city.yml"

NONE = "none"


class Row(NamedTuple):
    """A typed text, and what it should be taken for: an id, `ask:` with ids, or `none`."""

    language: str
    text: str
    expected: str

    @property
    def right(self) -> frozenset[str]:
        """The ids that are right; empty where there is none."""
        return frozenset() if self.expected == NONE else frozenset(self.expected.removeprefix("ask:").split(","))


class Result(NamedTuple):
    """A row and what came out: `sure`, `asked`, `missed`, `wrong`; of a `none` row `none`, `false ask`, `wrong`."""

    row: Row
    match: Match
    verdict: str


def rows() -> list[Row]:
    """The rows of the data."""
    with DATA.open(encoding="utf-8", newline="") as file:
        return [Row(**line) for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def city() -> City:
    """Kaiserslautern, as it stands in its file."""
    return City.model_validate(yaml.safe_load(CITY.read_text(encoding="utf-8")))


def measured(rows: Iterable[Row]) -> list[Result]:
    """What each row is taken for."""
    known = names(city().districts)
    found = ((row, match(row.text, known)) for row in rows)
    return [Result(row, given, verdict(row, given)) for row, given in found]


def verdict(row: Row, given: Match) -> str:
    """Whether a match is right: sure of a wrong one is `wrong`, whatever was expected."""
    if given.sure is not None:
        return "sure" if given.sure in row.right else "wrong"
    if row.expected == NONE:
        return "false ask" if given.candidates else "none"
    return "asked" if row.right <= set(given.candidates) else "missed"


def counts(results: Iterable[Result]) -> Mapping[str, Counter[str]]:
    """Language (or `none` for rows that name no place) → verdict → how many."""
    table: dict[str, Counter[str]] = {}
    for result in results:
        group = NONE if result.row.expected == NONE else result.row.language
        table.setdefault(group, Counter())[result.verdict] += 1
    return table


def main() -> None:
    """Prints the table, and every row that is not right."""
    results = measured(rows())
    kinds = ("sure", "asked", "missed", "wrong", "none", "false ask")
    print(f"{'':6}" + "".join(f"{kind:>10}" for kind in kinds))
    for group, counted in counts(results).items():
        print(f"{group:6}" + "".join(f"{counted[kind]:>10}" for kind in kinds))
    for row, given, kind in results:
        if kind in ("missed", "wrong", "false ask"):
            print(f"{kind}: {row.language} «{row.text}» expected {row.expected}, got {given.sure or given.candidates}")


if __name__ == "__main__":
    main()
