"""Trains the assistant if its training data changed: `python -m deploy.train` prints the model.

A model is named after its training data; beside it stands its SHA-256, as `sha256sum` writes it.
"""

import hashlib
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.supervisor import CannotStart, last_lines

ROOT = Path(__file__).resolve().parent.parent
RASA_PROJECT = ROOT / "rasa_project"
LOG = ROOT / "var" / "logs" / "train.log"
RASA = str(ROOT / "deploy" / "rasa.sh")
VERIFY = str(ROOT / "deploy" / "model.sh")
PYTHON = Path(".venv", "bin", "python")
SOURCES = ("config.yml", "domain.yml", "acts.py", "requirements.lock")
PROGRESS_EVERY = 5.0


def fingerprint(project: Path = RASA_PROJECT) -> str:
    """Of all that decides what a model becomes: names and contents, not dates."""
    files = [*(project / "data").rglob("*.yml"), *(project / name for name in SOURCES)]
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file()):
        digest.update(path.relative_to(project).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def model_file(project: Path = RASA_PROJECT) -> Path:
    """The model that fits the training data of now, trained or not yet."""
    return project / "models" / f"{fingerprint(project)}.tar.gz"


def checksum(model: Path) -> Path:
    """The file with the model's SHA-256."""
    return model.with_name(f"{model.name}.sha256")


def verify(model: Path) -> None:
    """Raises CannotStart unless the model is, byte for byte, what was trained."""
    done = subprocess.run(["sh", VERIFY, str(model)], capture_output=True, text=True)
    if done.returncode != 0:
        raise CannotStart(done.stderr.strip())


def ensure(log: Path = LOG, environ: Mapping[str, str] | None = None, project: Path = RASA_PROJECT) -> Path:
    """The model that fits, trained if there is none. Raises CannotStart when it is damaged, or the training fails."""
    model = model_file(project)
    if model.exists() and checksum(model).exists():
        verify(model)
        return model
    _progress("training the assistant, since its training data changed …")
    # In a folder of its own first: a training that was interrupted leaves nothing that looks like a model.
    fresh = model.parent / "unfinished" / model.name
    sources = ("--domain", "domain.yml", "--data", "data", "--config", "config.yml")
    target = ("--out", str(fresh.parent), "--fixed-model-name", model.name.removesuffix(".tar.gz"))
    code = _run(project, ("train", *sources, *target), log, environ)
    if code != 0 or not fresh.exists():
        raise CannotStart(f"The training of the assistant failed (exit code {code}). {last_lines(log)}")
    checksum(fresh).write_text(f"{hashlib.sha256(fresh.read_bytes()).hexdigest()}  {model.name}\n")
    fresh.replace(model)
    checksum(fresh).replace(checksum(model))
    for older in model.parent.glob("[0-9a-f]" * 16 + ".tar.gz*"):
        if older not in (model, checksum(model)):
            older.unlink()
    return model


def _run(project: Path, arguments: tuple[str, ...], log: Path, environ: Mapping[str, str] | None) -> int:
    """Runs rasa with the arguments, tells every few seconds that it still does. Gives its exit code."""
    python = project / PYTHON
    if not python.exists():
        raise CannotStart(f"The interpreter {python} is missing: `make setup` builds its environment.")
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen([RASA, *arguments], cwd=project, env=environ, stdout=out, stderr=out)
        while True:
            try:
                return process.wait(PROGRESS_EVERY)
            except subprocess.TimeoutExpired:
                _progress(f"training … {time.monotonic() - start:3.0f} s")
            except KeyboardInterrupt:
                process.kill()
                raise


def _progress(line: str) -> None:
    """To stderr: stdout carries the path of the model alone."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        print(ensure())
    except CannotStart as why:
        sys.exit(str(why))
