"""The table: what was measured, beside what, and what one has to know to read it."""

import os
import platform
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench import load, usage
from bench.load import Cell
from bench.sides import SAYS


@dataclass(frozen=True)
class Measured:
    """One side: its start, its cells, its memory afterwards."""

    name: str
    start: float
    cells: tuple[Cell, ...]
    memory: Mapping[str, float]


LOAD = ("", "conversations", "messages/s", "p50 ms", "p95 ms", "errors", "complete interviews")
PROCESSES = ("bot", "rasa", "actions")
HOW = """\
An interview is a begin and {texts} typed texts, the same on both sides. Closed loop, no think time, a new person after
each end. A turn lasts from the message going in to the reply being read: for Mitsprache out of the log by long poll,
for bare Rasa as the answer of the REST channel. {warm_up:g} s warm-up, then {seconds:g} s a row; errors and complete interviews
count from the first second on. A reply that isn't there, thanks too early or too late, and a need that is not in the
database at the end count as errors. CPU is that of each process with its children, in ms per message; «bench» is the
client, which runs on the same cores; «foreign» is how many cores were busy with anything else. Above 0.3 foreign
cores trust the CPU columns, not the times.

Bare Rasa is Rasa {rasa} as it comes with the SQL tracker store on SQLite, the same light pipeline and NLU data without
our ActSettler, the questionnaire as a form, and `python -m rasa_sdk` with one action that stores the needs in SQLite.
It calls an action once a need ({calls} of {messages} messages), checks no answer, keeps no inbox, and can lose or double
an answer; Mitsprache calls an action at every message. The warm start is the time from nothing to all healthy,
with trained model and compiled Python.
"""


def table(measured: Iterable[Measured], seconds: float, commit: str) -> str:
    """Everything as Markdown."""
    sides = list(measured)
    cells = [cell for side in sides for cell in side.cells]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {time.strftime('%Y-%m-%d %H:%M')}, {commit}"
    how = HOW.format(
        texts=len(SAYS), messages=len(SAYS) + 1, calls=2, warm_up=load.WARM_UP, seconds=seconds, rasa="3.6.21"
    )
    return "\n".join(
        [
            "# Mitsprache beside bare Rasa\n",
            f"{machine}\n",
            *_rows((*LOAD, *(f"CPU {name}" for name in (*PROCESSES, usage.BENCH)), "foreign"), map(_cell, cells)),
            "",
            *_rows(("", "warm start s", *(f"{name} MiB" for name in PROCESSES)), map(_side, sides)),
            "",
            how,
        ]
    )


def _cell(cell: Cell) -> list[str]:
    count = len(cell.durations)
    spent = (cell.used.spent.get(name) for name in (*PROCESSES, usage.BENCH))
    return [
        cell.side,
        str(cell.conversations),
        f"{count / cell.seconds:.1f}",
        f"{cell.percentile(0.5):.1f}",
        f"{cell.percentile(0.95):.1f}",
        str(cell.errors),
        str(cell.complete),
        *("–" if seconds is None else f"{1000 * seconds / max(count, 1):.1f}" for seconds in spent),
        f"{cell.used.foreign:.2f}",
    ]


def _side(side: Measured) -> list[str]:
    memory = (side.memory.get(name) for name in PROCESSES)
    return [side.name, f"{side.start:.1f}", *("–" if size is None else f"{size:.0f}" for size in memory)]


def _rows(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(head)
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] + ["---:"] * (len(head) - 1), *rows)]
