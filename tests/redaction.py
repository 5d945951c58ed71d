"""`make redaction`: how much personal data is found, and how much else is taken for it, in each language.

The sentences of tests/redaction are invented; the statements of tests/data are real, and hold next to no personal data.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from dialogue.redact import find, redact
from tests.sets import Rate, table
from translations.redaction import cues, marks

HERE = Path(__file__).parent
SETS = sorted((HERE / "redaction").glob("*.tsv"))
STATEMENTS = HERE / "data" / "statements.tsv"

LEAST_FOUND, MOST_FALSE = 0.95, 0.02
NONE = "none"


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


def rows(file: Path) -> list[Row]:
    """The sentences of one language."""
    return [Row(**row) for row in table(file)]


def found(read: list[Row]) -> Rate:
    """How many sentences with personal data come out as expected: every stretch, and nothing else."""
    return Rate.count(row.is_right for row in read if row.kind != NONE)


def false_alarms(read: list[Row]) -> Rate:
    """How many sentences without personal data are changed."""
    return Rate.count(not row.is_right for row in read if row.kind == NONE)


def statements() -> list[str]:
    """What people really wrote."""
    return [row["text"] for row in table(STATEMENTS)]


def main() -> int:
    """Prints the figures; 1 if a language misses its mark."""
    missed = False
    print("language  found                         false alarms")
    for file in SETS:
        read = rows(file)
        hits, alarms = found(read), false_alarms(read)
        missed |= hits.share < LEAST_FOUND or alarms.share > MOST_FALSE
        print(f"{file.stem:8}  {hits!s:28}  {alarms}")
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
