"""How well the delicate moments are recognised: `python -m tests.delicate` prints a table and every alarm.

The sets in tests/delicate/ are sentences as residents write them; the real statements are those of tests/data. The
lists were tuned until they knew these sets, so the recall here is no forecast: of sentences that no list had seen, the
rules found 42 of 90, then 22 of 72, then 27 of 54 dangers, with 2 false alarms on 248; after the widening 128 of 180,
with 1 on 240 (tests/understanding/danger.tsv, where the assistant's guess counts too). Real messages belong here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dialogue.delicate import Moment, find
from tests.sets import Rate, table
from translations.delicate import delicate

HERE = Path(__file__).parent
LANGUAGES = sorted(file.stem for file in (HERE / "delicate").glob("*.tsv"))


@dataclass(frozen=True)
class Row:
    """A sentence, what it is, and what it was taken for."""

    text: str
    moment: Moment | None
    found: Moment | None


def rows(language: str) -> list[Row]:
    """The test set of a language."""
    return [_row(**given) for given in table(HERE / "delicate" / f"{language}.tsv")]


def statements() -> list[Row]:
    """The real statements: what residents of other cities told them. None of them is a delicate moment."""
    found = (given["text"] for given in table(HERE / "data" / "statements.tsv"))
    return [Row(text, None, find(text, delicate())) for text in found]


def recall(given: Iterable[Row], moment: Moment) -> Rate:
    """How many of the rows of this moment are found as it."""
    of = [row for row in given if row.moment is moment]
    return Rate.count(row.found is moment for row in of)


def false_alarms(given: Iterable[Row], moment: Moment) -> Rate:
    """How many rows without a moment are taken for this one."""
    of = [row for row in given if row.moment is None]
    return Rate.count(row.found is moment for row in of)


def _row(moment: str, text: str) -> Row:
    return Row(text, None if moment == "none" else Moment(moment), find(text, delicate()))


def _report() -> Iterable[str]:
    yield "recall and false alarms, 95 % intervals after Wilson"
    for moment in Moment:
        yield f"\n{moment:15} {'recall':28} false alarms"
        for language in LANGUAGES:
            yield f"  {language:13} {recall(rows(language), moment)}  {false_alarms(rows(language), moment)}"
        yield f"  {'real':13} {'':28}{false_alarms(statements(), moment)}"
    yield "\nnot as the sets say"
    for language in LANGUAGES:
        for row in rows(language):
            if row.found is not row.moment:
                yield f"  {language}  {row.moment or 'none'} taken for {row.found or 'none'}: {row.text}"
    yield "\nreal statements flagged"
    for row in statements():
        if row.found:
            yield f"  {row.found:15} {row.text[:60]}"


if __name__ == "__main__":
    print("\n".join(_report()))
