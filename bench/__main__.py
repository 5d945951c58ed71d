"""`python -m bench`: measures Mitsprache and a bare Rasa one after the other; prints the table and keeps it."""

import argparse
import asyncio
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench import load
from bench.load import Cell
from bench.sides import Bare, Ours, Side
from deploy.supervisor import CannotStart
from deploy.train import ROOT

RESULTS = Path(__file__).parent / "results"
CONVERSATIONS = (1, 8)
PROCESSES = ("bot", "rasa", "actions")
COLUMNS = ("", "conversations", "messages/s", "p50 ms", "p95 ms", "errors", "interviews")
USES = (*(f"CPU {name}" for name in (*PROCESSES, "bench")), "foreign", *(f"MiB {name}" for name in PROCESSES))

HOW = """\
It lasts from nothing to all healthy, with a trained model and compiled Python.

An interview is a begin and {texts} typed texts, the same on both sides; no think time, a new person after each end.
A turn lasts from the message going in to the reply being read: for Mitsprache out of the log by long poll, for bare
Rasa as the answer of its REST channel. {warm:g} s of warm-up, then {s:g} s a row; errors and complete interviews are of
the whole run. Errors: no reply, thanks too early or too late, a need that isn't in the database at the end. CPU: ms per
message of each process with its children; «bench» is the client, which runs on the same cores; «foreign»: how many
cores were busy with anything else. Above 0.3 of them trust neither times nor messages/s, and CPU only roughly.

Bare Rasa: Rasa 3.6.21 with its SQL tracker store on SQLite, the same light pipeline and NLU data without ActSettler,
the questionnaire as a form, `python -m rasa_sdk` with one action that stores the needs in SQLite. It calls an action
at {needs} of {all} messages, checks no answer and keeps no inbox: it can lose an answer or store it twice. Mitsprache
calls an action at every message.
"""


def main() -> None:
    """Exit code 1 if anything went wrong in the measured conversations: then the figures are worth nothing."""
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--seconds", type=float, default=10.0, help="length of each measurement")
    options.add_argument("--name", default="local", help="part of the name of the result's file")
    given = options.parse_args()
    _on_interrupt(signal.default_int_handler)
    try:
        starts, cells = zip(*(_measure(side, given.seconds) for side in (Ours, Bare)), strict=True)
    except CannotStart as why:
        sys.exit(str(why))
    except KeyboardInterrupt:
        sys.exit("Interrupted; nothing was written.")
    measured = [cell for side in cells for cell in side]
    text = "\n".join((_title(), "", *_table(measured), "", f"Warm start: {', '.join(starts)}. {_how(given.seconds)}"))
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{time.strftime('%Y-%m-%d')}-{given.name}.md"
    file.write_text(text, "utf-8")
    print(f"\n{text}\nWritten to {file.relative_to(ROOT)}.")
    sys.exit(any(cell.errors for cell in measured))


def _measure(kind: type[Side], seconds: float) -> tuple[str, list[Cell]]:
    """Starts one side in a new folder (on the disk that `make run` uses), measures it, ends it."""
    (ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as folder:
        side = kind(Path(folder))
        try:
            start = f"{side.name} {side.start():.1f} s"
            print(f"Started: {start}", file=sys.stderr, flush=True)
            return start, [asyncio.run(load.measure(side, count, seconds)) for count in CONVERSATIONS]
        finally:
            _on_interrupt(signal.SIG_IGN)  # a second Ctrl-C must not cut the stopping short
            side.supervisor.stop()
            _on_interrupt(signal.default_int_handler)


def _on_interrupt(handler: Callable[..., Any] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def _title() -> str:
    command = ("git", "describe", "--always", "--dirty", "--exclude=*")
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    facts = (f"commit {commit or 'unknown'}", f"{os.cpu_count()} cores", f"Python {platform.python_version()}")
    return f"# Mitsprache beside bare Rasa\n\n{', '.join((time.strftime('%Y-%m-%d %H:%M'), *facts))}"


def _table(cells: Iterable[Cell]) -> list[str]:
    head = (*COLUMNS, *USES)
    rows = (head, ("---", *("---:" for _ in head[1:])), *map(_row, cells))
    return [f"| {' | '.join(row)} |" for row in rows]


def _row(cell: Cell) -> tuple[str, ...]:
    count = len(cell.durations)
    quantiles = [1000 * cell.durations[int(share * (count - 1))] if count else float("nan") for share in (0.5, 0.95)]
    used = [1000 * cell.spent[name] / max(count, 1) if name in cell.spent else None for name in (*PROCESSES, "bench")]
    return (
        *(cell.side, str(cell.conversations), f"{count / cell.seconds:.1f}"),
        *(f"{quantile:.1f}" for quantile in quantiles),
        *(str(cell.errors), str(cell.complete)),
        *("–" if milliseconds is None else f"{milliseconds:.1f}" for milliseconds in used),
        f"{max(cell.spent['foreign'], 0.0) / cell.seconds:.2f}",
        *(f"{cell.memory[name]:.0f}" if name in cell.memory else "–" for name in PROCESSES),
    )


def _how(seconds: float) -> str:
    return HOW.format(texts=len(load.SAYS) - 1, all=len(load.SAYS), needs=len(load.NEEDS), warm=load.WARM_UP, s=seconds)


if __name__ == "__main__":
    main()
