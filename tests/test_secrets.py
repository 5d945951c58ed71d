"""Secrets: where they come from, and that none lies in the repository."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import local, secret_files
from deploy.supervisor import CannotStart
from dialogue.errors import Misconfigured
from store import config
from translations.catalogs import explain

ROOT = Path(__file__).resolve().parent.parent

PATTERNS = {
    "a Telegram token": r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "a secret": r"(?i)(?:secret|token|passwor[dt]|api_?key)\w*[\"']?\s*[:=]\s*[bf]?[\"']?[0-9a-f]{32}",
    "a password in an address": r"\b[a-z+]+://[\w.-]+:[^\s{}$@/:\"'<…]{6,}@",
}
"""What a secret looks like. A long hexadecimal number is one only beside a word that says so: locks hold many."""


def found(text: str) -> list[str]:
    """The kinds of secrets in a text."""
    return [kind for kind, pattern in PATTERNS.items() if re.search(pattern, text)]


def git(*arguments: str) -> str:
    """What git says about this repository."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True)
    return done.stdout.decode("utf-8", errors="replace")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a Telegram token", f"TELEGRAM_TOKEN={'123456789'}:{'AAE-x_9' * 5}"),
        ("a private key", f"-----BEGIN OPENSSH {'PRIVATE'} KEY-----"),
        ("a private key", f"-----BEGIN {'PRIVATE'} KEY-----"),
        ("a secret", f'RASA_TOKEN: "{"0f" * 32}"'),
        ("a secret", f"secret = b'{'0f' * 16}'"),
        ("a password in an address", f"postgresql://city:{'correct'}-horse@db/city"),
    ],
)
def test_the_scan_sees_secrets(kind: str, text: str) -> None:
    """C25: each kind of secret is recognised where it stands."""
    assert found(text) == [kind]


def test_no_secret_in_the_tree() -> None:
    """C25: no file that git keeps, or would keep, holds what looks like a secret."""
    names = git("ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    files = [ROOT / name for name in names if name and (ROOT / name).is_file()]
    assert len(files) > 100
    assert {str(file): kinds for file in files if (kinds := found(file.read_text("utf-8", errors="replace")))} == {}


def test_no_secret_in_the_history() -> None:
    """C25: no line that any commit ever added holds what looks like a secret."""
    commit, seen = "", 0
    suspicious: dict[str, list[str]] = {}
    for line in git("log", "--all", "--patch", "--no-color", "--format=commit %H").splitlines():
        if line.startswith("commit "):
            commit, seen = line, seen + 1
        elif line.startswith("+") and (kinds := found(line)):
            suspicious.setdefault(commit, []).extend(kinds)
    assert seen >= 1
    assert suspicious == {}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a pseudonym key, so that only the secret in question decides."""
    (tmp_path / "secret").write_text("k" * 64)
    (tmp_path / "secret").chmod(0o600)
    return tmp_path


def kept(home: Path, content: bytes, mode: int = 0o600) -> str:
    """A file with this content and mode."""
    file = home / "kept"
    file.write_bytes(content)
    file.chmod(mode)
    return str(file)


def test_the_two_readers_know_the_same_secrets() -> None:
    """C25: what may stand in a file for one reader may for the other."""
    assert config.SECRETS == secret_files.SECRETS


@pytest.mark.parametrize("name", config.SECRETS)
def test_a_secret_may_stand_in_a_file(name: str, home: Path) -> None:
    """C25: `<NAME>_FILE` gives the setting the file's content, for each process alike."""
    environ = {"DATA_DIR": str(home), f"{name}_FILE": kept(home, b"sqlite:///a-long-secret\n")}
    assert getattr(config.load(environ), name.lower()) == "sqlite:///a-long-secret"
    assert secret_files.unfold(environ) == {"DATA_DIR": str(home), name: "sqlite:///a-long-secret"}
    assert local.settings(environ).environ[name].endswith("a-long-secret")
    assert f"{name}_FILE" not in local.settings(environ).environ


@pytest.mark.parametrize("name", config.SECRETS)
@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        (b"hush", 0o640, "must be readable by its owner alone: chmod 600."),
        (b"hush", 0o604, "must be readable by its owner alone: chmod 600."),
        (b"hush", 0o620, "must be readable by its owner alone: chmod 600."),
        (b"", 0o600, "must hold the secret, in one line, and nothing else."),
        (b"hush\nhush\n", 0o600, "must hold the secret, in one line, and nothing else."),
        (b"hush\xff", 0o600, "must hold the secret, in one line, and nothing else."),
        (None, 0, "is missing or can't be read."),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    name: str, content: bytes | None, mode: int, sentence: str, home: Path
) -> None:
    """C25: a file that others may read or write, or that holds no secret, is refused; its setting is named."""
    file = kept(home, content, mode) if content is not None else str(home / "nowhere")
    expected = f"The file {file} ({name}_FILE) {sentence}"
    assert refusals({"DATA_DIR": str(home), f"{name}_FILE": file}) == [expected, expected]


@pytest.mark.parametrize("name", config.SECRETS)
def test_two_sources_are_refused(name: str, home: Path) -> None:
    """C25: a secret that is given both ways is an error: nobody could tell which one counts."""
    environ = {"DATA_DIR": str(home), name: "one", f"{name}_FILE": kept(home, b"other")}
    expected = f"{name} and {name}_FILE are both set: one of them has to go."
    assert refusals(environ) == [expected, expected]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_the_pseudonym_key_is_for_its_owner_alone(mode: int, home: Path) -> None:
    """C25: a key that others may read is refused, with the setting that names it."""
    (home / "secret").chmod(mode)
    with pytest.raises(Misconfigured) as refused:
        config.load({"DATA_DIR": str(home)})
    assert explain(refused.value).startswith(f"The file {home / 'secret'} (SECRET_FILE) must be readable by its owner")


def test_rasa_gets_its_secrets_from_files(home: Path) -> None:
    """C25: the start script puts what a file holds where Rasa looks for it, and refuses a file that others may read."""
    environ = {**os.environ, "RASA_TOKEN_FILE": kept(home, b"a-long-secret\n")}
    shown = "import os; print(os.environ['RASA_TOKEN'], 'RASA_TOKEN_FILE' in os.environ)"
    command = [sys.executable, "-I", "-S", str(ROOT / "deploy" / "secret_files.py"), sys.executable, "-c", shown]
    assert subprocess.check_output(command, env=environ, text=True) == "a-long-secret False\n"
    Path(environ["RASA_TOKEN_FILE"]).chmod(0o644)
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "(RASA_TOKEN_FILE) must be readable by its owner alone" in done.stderr
    start = (ROOT / "deploy" / "rasa.sh").read_text()
    assert 'secret_files.py" \\\n    .venv/bin/python' in start


def refusals(environ: dict[str, str]) -> list[str]:
    """What the two readers say when they refuse."""
    with pytest.raises(Misconfigured) as refused:
        config.load(environ)
    with pytest.raises(CannotStart) as cannot:
        local.settings(environ)
    return [explain(refused.value), str(cannot.value)]
