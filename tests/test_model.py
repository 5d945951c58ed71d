"""The model that Rasa starts with is, byte for byte, the one that was trained."""

import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import train
from deploy.supervisor import CannotStart

START = str(train.ROOT / "deploy" / "rasa.sh")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the real model, with its checksum, in a project whose Rasa only says that it has started."""
    trained = train.ensure()
    copy = tmp_path / "models" / trained.name
    copy.parent.mkdir()
    for file in (trained, train.checksum(trained)):
        shutil.copy(file, copy.parent)
    python = tmp_path / train.PYTHON
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\n[ "$1" = -I ] && exec {sys.executable} "$@"\necho started\n')
    python.chmod(0o755)
    return copy


def start(project: Path, *arguments: str) -> tuple[str, str]:
    """What the start script says on both channels."""
    done = subprocess.run(["sh", START, *arguments], cwd=project, capture_output=True, text=True)
    assert (done.returncode == 0) == (done.stdout == "started\n")
    return done.stdout, done.stderr


def test_the_trained_model_starts(model: Path, tmp_path: Path) -> None:
    """C22: what was trained is started, given in either way that Rasa knows."""
    for option in ("--model", "-m"):
        assert start(tmp_path, "run", option, str(model), "--endpoints", "endpoints.yml") == ("started\n", "")
    assert start(tmp_path, "shell", "--model", f"models/{model.name}") == ("started\n", "")


def test_one_byte_keeps_rasa_from_starting(model: Path, tmp_path: Path) -> None:
    """C22: with one byte flipped, wherever it stands, neither the start script nor `make run` takes the model."""
    content = model.read_bytes()
    for place in (0, random.randrange(len(content)), len(content) - 1):
        flipped = bytearray(content)
        flipped[place] ^= 1
        model.write_bytes(flipped)
        said, why = start(tmp_path, "run", "--model", str(model))
        assert said == ""
        assert why.startswith(f"The model {model} is not what was trained: its SHA-256 is not the one in")
        assert why.count("\n") == 1
        with pytest.raises(CannotStart, match=re.escape(why.strip())):
            train.verify(model)
    model.write_bytes(content[:-1])
    assert "is not what was trained" in start(tmp_path, "run", "--model", str(model))[1]


def test_a_foreign_checksum_proves_nothing(model: Path, tmp_path: Path) -> None:
    """C22: a checksum that is empty, of another file's name or missing keeps Rasa from starting."""
    checksum = train.checksum(model)
    for line in ("", "\n", checksum.read_text().replace(model.name, "another.tar.gz"), checksum.read_text()[1:]):
        checksum.write_text(line)
        assert "is not what was trained" in start(tmp_path, "run", "--model", str(model))[1]
    checksum.unlink()
    assert "has no checksum" in start(tmp_path, "run", "--model", str(model))[1]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("run",), "has to be told its model"),
        (("shell", "--model"), "has to be told its model"),
        (("run", "--model", "models"), "is missing"),
        (("run", "--model", "models/none.tar.gz"), "is missing"),
        (("test", "core", "--stories", "tests"), "has to be told its model"),
    ],
)
def test_no_model_is_taken_unnamed(model: Path, tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    """C22: Rasa doesn't look for a model by itself, in a folder neither."""
    assert why in start(tmp_path, *arguments)[1]


def test_make_run_refuses_a_changed_model(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """C22: a model that fits the training data by its name, but was changed, is neither started nor trained over."""
    monkeypatch.setattr(train, "model_file", lambda project: model)
    assert train.ensure(tmp_path / "log", project=tmp_path) == model
    model.write_bytes(model.read_bytes() + b"x")
    with pytest.raises(CannotStart, match="is not what was trained"):
        train.ensure(tmp_path / "log", project=tmp_path)
    assert not (tmp_path / "log").exists()
