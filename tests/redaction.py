"""`make redaction`: how much personal data is found, and how much else is taken for it, in each language.

The sentences of tests/redaction are invented; the statements of tests/data are real, and hold next to no personal data.
"""

import csv
import math
import sys
from dataclasses import dataclass
from pathlib import Path

from dialogue.redact import find, redact
from translations.redaction import cues, marks

HERE = Path(__file__).parent
SETS = sorted((HERE / "redaction").glob("*.tsv"))
STATEMENTS = HERE / "data" / "statements.tsv"

LEAST_FOUND, MOST_FALSE = 0.95, 0.02
NONE = "none"
SURE = 1.96
"""Standard deviations that hold 95 % of a normal distribution."""


@dataclass(frozen=True)
class Row:
    """A sentence, the kind of personal data in it («none»), and how it may be stored."""

    kind: str
    text: str
    expected: str

    @property
    def is_right(self) -> bool:
        """Whether the sentence is stored as it should be."""
        return redact(self.text, cues(), marks()).text == self.expected


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """The share as a number from 0 to 1."""
        return self.part / self.whole

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson."""
        square = SURE**2
        middle = self.value + square / (2 * self.whole)
        width = SURE * math.sqrt(self.value * (1 - self.value) / self.whole + square / (4 * self.whole**2))
        low, high = (middle - width) / (1 + square / self.whole), (middle + width) / (1 + square / self.whole)
        return max(0.0, low), min(1.0, high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:6.1%} [{low:.1%}–{high:.1%}]"


def rows(file: Path) -> list[Row]:
    """The sentences of one language."""
    with file.open(encoding="utf-8", newline="") as opened:
        return [Row(**row) for row in csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE)]


def found(read: list[Row]) -> Share:
    """How many sentences with personal data come out as expected: every stretch, and nothing else."""
    personal = [row for row in read if row.kind != NONE]
    return Share(sum(row.is_right for row in personal), len(personal))


def false_alarms(read: list[Row]) -> Share:
    """How many sentences without personal data are changed."""
    others = [row for row in read if row.kind == NONE]
    return Share(sum(not row.is_right for row in others), len(others))


def statements() -> list[str]:
    """What people really wrote."""
    with STATEMENTS.open(encoding="utf-8", newline="") as opened:
        return [row["text"] for row in csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE)]


def main() -> int:
    """Prints the figures; 1 if a language misses its mark."""
    missed = False
    print("language  sentences  found                   others  false alarms")
    for file in SETS:
        read = rows(file)
        hits, alarms = found(read), false_alarms(read)
        missed |= hits.value < LEAST_FOUND or alarms.value > MOST_FALSE
        print(f"{file.stem:8}  {hits.whole:9}  {hits!s:22}  {alarms.whole:6}  {alarms}")
        for row in read:
            if not row.is_right:
                print(f"  {row.kind}: {row.text} → {redact(row.text, cues(), marks()).text}")
    print_statements()
    return int(missed)


def print_statements() -> None:
    """What would be taken out of the real statements: kinds and lengths only, they may be personal."""
    texts = statements()
    changed = [(number, stretches) for number, text in enumerate(texts, 1) if (stretches := find(text, cues()))]
    print(f"real statements changed: {len(changed)} of {len(texts)}")
    for number, stretches in changed:
        print(f"  {number}:", ", ".join(f"{one.kind} ({one.end - one.start} characters)" for one in stretches))


if __name__ == "__main__":
    sys.exit(main())
