"""`python -m bench`: measures Mitsprache and a bare Rasa one after the other; prints the table and keeps it."""

import argparse
import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import load, report, usage
from bench.report import Measured
from bench.sides import Bare, Ours, Side
from deploy.supervisor import CannotStart
from deploy.train import ROOT

RESULTS = Path(__file__).parent / "results"
CONVERSATIONS = (1, 8)


def main() -> None:
    """Exit code 1 if anything went wrong in the measured conversations: then the figures are worth nothing."""
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--seconds", type=float, default=10.0, help="length of each measurement")
    options.add_argument("--name", default="local", help="part of the name of the result's file")
    given = options.parse_args()
    # As after Ctrl-C: whatever ends us, the processes are ended first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        measured = [_measure(side, given.seconds) for side in (Ours, Bare)]
    except CannotStart as why:
        sys.exit(str(why))
    except KeyboardInterrupt:
        sys.exit("Interrupted; nothing was written.")
    text = report.table(measured, given.seconds, _commit())
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{time.strftime('%Y-%m-%d')}-{given.name}.md"
    file.write_text(text, "utf-8")
    print(f"\n{text}\nWritten to {file.relative_to(ROOT)}.")
    sys.exit(any(cell.errors for side in measured for cell in side.cells))


def _measure(kind: type[Side], seconds: float) -> Measured:
    """Starts one side in a new folder (on the disk that `make run` uses), measures it, ends it."""
    (ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as folder:
        side = kind(Path(folder))
        try:
            _tell(f"{side.name}: starts")
            started = side.start()
            cells = []
            for conversations in CONVERSATIONS:
                _tell(f"{side.name}: {conversations} at a time, {load.WARM_UP + seconds:g} s")
                cells.append(asyncio.run(load.measure(side, conversations, seconds)))
            return Measured(side.name, started, tuple(cells), usage.memory(side.pids))
        finally:
            side.stop()


def _commit() -> str:
    command = ("git", "describe", "--always", "--dirty")
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return f"commit {found.stdout.strip()}" if found.returncode == 0 else "no commit"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
