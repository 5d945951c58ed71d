"""`python -m bench`: measures Mitsprache beside its references; prints the table and keeps it."""

import argparse
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from bench import report, sides
from bench.parts import COUNTS, PARTS, Bench
from bench.talk import Failed
from deploy.supervisor import CannotStart
from deploy.train import ROOT

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Exit code 1 if anything went wrong in the measured conversations: then the figures are worth nothing.

    That a target was missed stands in the table, and changes no exit code.
    """
    given = _options().parse_args()
    try:
        with sides.server() as server:
            bench = Bench(server, given.seconds, given.rounds, given.counts)
            for part in given.only:
                print(f"measuring: {part} …", file=sys.stderr, flush=True)
                PARTS[part](bench)
    except (CannotStart, Failed) as why:
        sys.exit(str(why))
    except KeyboardInterrupt:
        sys.exit("Interrupted; nothing was written.")
    text = f"{_title()}\n\n{report.whole(bench)}"
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{time.strftime('%Y-%m-%d')}-{given.name}.md"
    file.write_text(text, "utf-8")
    print(f"\n{text}\nWritten to {file.relative_to(ROOT)}.")
    errors = {f"{cell.side}: {error}" for cell in bench.cells for error in cell.errors}
    sys.exit("\n".join(sorted(errors)) or None)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--only", type=_parts, default=list(PARTS), help=f"of {','.join(PARTS)}")
    options.add_argument("--counts", type=_counts, default=COUNTS, help="how many conversations at a time: 1,8")
    options.add_argument("--seconds", type=float, default=10.0, help="length of each measurement")
    options.add_argument("--rounds", type=int, default=2, help="how often each is made, the sides in turns")
    options.add_argument("--name", default="local", help="part of the name of the result's file")
    return options


def _parts(given: str) -> list[str]:
    parts = given.split(",")
    if unknown := set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"no part is called {', '.join(sorted(unknown))}")
    return parts


def _counts(given: str) -> tuple[int, ...]:
    return tuple(map(int, given.split(",")))


def _title() -> str:
    command = ("git", "describe", "--always", "--dirty", "--exclude=*")
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    facts = (f"commit {commit or 'unknown'}", f"{os.cpu_count()} cores", f"Python {platform.python_version()}")
    return f"# Mitsprache beside its references\n\n{', '.join((time.strftime('%Y-%m-%d %H:%M'), *facts))}"


if __name__ == "__main__":
    main()
