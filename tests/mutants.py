"""`make mutants`: each promise's test is shown to notice a defect. A copy of the project gets one; its test must fail.

A promise that has no mutation here, or a mutation whose place is gone from the code, fails tests/test_mutants.py.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutation import Mutation
from tests.mutations import channels, faults, privacy, turns

ROOT = Path(__file__).resolve().parent.parent
SHARED = (".venv", "rasa_project/.venv", "rasa_project/models")
LONGEST = 400
ON_POSTGRESQL = ("A16", "A17", "A20")
MUTATIONS = (*turns.MUTATIONS, *channels.MUTATIONS, *faults.MUTATIONS, *privacy.MUTATIONS)


def main() -> int:
    """Runs every mutation, or those of the lines that are named; 1 if one survives."""
    chosen = [mutation for mutation in MUTATIONS if not sys.argv[1:] or mutation.line in sys.argv[1:]]
    survived = 0
    print(f"{'line':5} {'result':9} {'s':>4}  defect")
    for mutation in chosen:
        began = time.monotonic()
        killed = fails(mutation)
        survived += not killed
        result = "noticed" if killed else "SURVIVED"
        print(f"{mutation.line:5} {result:9} {time.monotonic() - began:4.0f}  {mutation.defect}", flush=True)
    print(f"{len(chosen) - survived} passed, {survived} failed")
    return 1 if survived else 0


def fails(mutation: Mutation) -> bool:
    """Whether the test notices the defect, in a copy of the project."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        _copy(copy)
        for name, old, new in mutation.edits:
            file = copy / name
            file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
        command = [str(copy / ".venv/bin/python"), "-m", "pytest", "-x", "-p", "no:cacheprovider", mutation.test]
        # One kind of database is enough to notice it, but for what is about the other kind.
        environ = {**os.environ, **({} if mutation.line in ON_POSTGRESQL else {"NO_POSTGRES": "1"})}
        done = subprocess.run(command, cwd=copy, env=environ, capture_output=True, text=True, timeout=LONGEST)
        # A test that could not even begin has noticed nothing.
        if not re.search(r"^\d+ (passed|failed)", done.stdout, re.MULTILINE):
            raise RuntimeError(f"{mutation.line}: the test did not run\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.returncode == 1 and mutation.says in done.stdout


def _copy(target: Path) -> None:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for shared in SHARED:
        (target / shared).symlink_to(ROOT / shared)
    python = str(target / ".venv/bin/python")
    subprocess.run([python, "-m", "translations.catalogs", "compile"], cwd=target, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
