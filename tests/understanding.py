"""How well the acts are understood: `python -m tests.understanding` prints a table, and what went wrong.

The sets in tests/understanding/ were written by somebody who had not seen the training data. Those named after a
language are the gate; the training was widened with their kinds of mistakes in view. fresh.tsv and second.tsv came
afterwards and are no gate: they say what to expect of sentences that nobody foresaw. No native speaker has read any.

Given the argument `brief`, it prints the table alone; with $MODEL, it measures that model.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deploy.train import PYTHON, RASA_PROJECT, ensure
from dialogue.delicate import Moment, find
from tests.sets import Rate
from translations.delicate import delicate

HERE = Path(__file__).parent / "understanding"
LANGUAGES = sorted(file.stem for file in HERE.glob("??.tsv"))
OTHERS = sorted(file.stem for file in HERE.glob("*.tsv") if len(file.stem) > 2)
ANSWER = "answer"

LEAST_RIGHT = 0.95
MOST_MISSED = 0.02
MOST_SWALLOWED = 0.0
MOST_NEEDLESS = 0.03


@dataclass(frozen=True)
class Understood:
    """A text, what it is, and what the assistant makes of it at a question in free words and at a closed one."""

    language: str
    set: str
    act: str
    text: str
    done: str
    asked: str | None
    closed: str

    @property
    def right(self) -> bool:
        """It is done, or the person is asked whether this act was meant."""
        return self.act in (self.done, self.asked)

    @property
    def taken(self) -> bool:
        """It is done as a command, whichever."""
        return self.done != ANSWER

    @property
    def asked_about(self) -> bool:
        """It stays an answer, and the person is asked whether it was meant as an act."""
        return not self.taken and self.asked is not None


@dataclass(frozen=True)
class Figures:
    """Of acts: right, missed, right at a closed question. Of answers: swallowed, needlessly asked about."""

    right: Rate
    missed: Rate
    closed: Rate
    swallowed: Rate
    needless: Rate

    def failures(self) -> Sequence[str]:
        """The gates that these figures miss."""
        gates = {
            "right": self.right.share >= LEAST_RIGHT,
            "missed": self.missed.share <= MOST_MISSED,
            "swallowed": self.swallowed.share <= MOST_SWALLOWED,
            "needless": self.needless.share <= MOST_NEEDLESS,
        }
        return [gate for gate, kept in gates.items() if not kept]


@cache
def understood() -> Sequence[Understood]:
    """All rows of all sets, measured once, with the model that fits the training data of now."""
    files = [str(file) for file in sorted(HERE.glob("*.tsv"))]
    environ = {**os.environ, "PYTHONPATH": str(RASA_PROJECT)}
    environ.setdefault("MODEL", str(ensure()))
    environ.update(RASA_TELEMETRY_ENABLED="false", SQLALCHEMY_SILENCE_UBER_WARNING="1")
    command = [str(RASA_PROJECT / PYTHON), str(RASA_PROJECT / "understand.py"), *files]
    run = subprocess.run(command, cwd=RASA_PROJECT, env=environ, capture_output=True, check=False, text=True)
    if run.returncode:
        raise RuntimeError(f"understand.py failed: {run.stderr[-2000:]}")
    return [_understood(**json.loads(line)) for line in run.stdout.splitlines()]


def rows(language: str, set: str | None = None) -> Sequence[Understood]:
    """The rows of a language, of its own set or of another one."""
    return [row for row in understood() if (row.language, row.set) == (language, set or language)]


def figures(of: Iterable[Understood]) -> Figures:
    """The five rates of these rows."""
    acts = [row for row in of if row.act != ANSWER]
    answers = [row for row in of if row.act == ANSWER]
    return Figures(
        right=Rate.count(row.right for row in acts),
        missed=Rate.count(not row.taken and not row.asked_about for row in acts),
        closed=Rate.count(row.closed == row.act for row in acts),
        swallowed=Rate.count(row.taken for row in answers),
        needless=Rate.count(row.asked_about for row in answers),
    )


def _understood(language: str, act: str, text: str, **found: str | None) -> Understood:
    """A row. The rules for danger come before everything: they show the numbers, and ask whether to keep the text."""
    done, asked, closed = str(found["free"]), found["meant"], str(found["closed"])
    if find(text, delicate()) is Moment.danger:
        asked = closed = "emergency"
    return Understood(language, str(found["file"]), act, text, done, asked, closed)


def _table(set: str | None) -> Iterable[str]:
    head = ("acts right", "missed", "right at a closed question", "answers swallowed", "needlessly asked")
    yield " " * 6 + "  ".join(f"{name:28}" for name in head).rstrip()
    for name, languages in (*((language, [language]) for language in LANGUAGES), ("all", LANGUAGES)):
        found = figures([row for language in languages for row in rows(language, set)])
        rates = (found.right, found.missed, found.closed, found.swallowed, found.needless)
        yield f"  {name:3} " + "  ".join(f"{rate!s:28}" for rate in rates).rstrip()


def _wrong() -> Iterable[str]:
    for row in understood():
        if not row.right or (row.act == ANSWER and row.asked_about):
            taken = row.done if row.taken else f"asked about {row.asked}" if row.asked else ANSWER
            yield f"  {row.language}{f' {row.set}' if row.set in OTHERS else ''}  {row.act}: {taken}: {row.text}"


def _report(brief: bool) -> Iterable[str]:
    yield "at a question in free words, 95 % intervals after Wilson"
    yield from _table(None)
    for set in OTHERS:
        yield f"\n{set}.tsv, written afterwards"
        yield from _table(set)
    if not brief:
        yield "\nnot as the sets say"
        yield from _wrong()
    for language in LANGUAGES:
        if failures := figures(rows(language)).failures():
            yield f"{language}: not good enough: {', '.join(failures)}"


def main() -> int:
    """Prints the report; 1 when a language misses a gate."""
    print("\n".join(_report("brief" in sys.argv[1:])))
    return int(any(figures(rows(language)).failures() for language in LANGUAGES))


if __name__ == "__main__":
    sys.exit(main())
