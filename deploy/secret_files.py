"""Secrets that stand in files: `<NAME>_FILE` names one. `secret_files.py <command …>` becomes the command with them.

For what can't import store/config.py, which keeps the same rules: the supervisor, and Rasa in its own Python.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

SECRETS = ("DATABASE_URL", "RASA_TOKEN", "ACTIONS_TOKEN", "TELEGRAM_TOKEN", "TELEGRAM_SECRET", "REDIS_URL")


class Unusable(Exception):
    """One clear sentence, which names the setting and never holds what is in the file."""


def unfold(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with each secret in place of its file's name. Raises Unusable."""
    found = dict(environ)
    for name in SECRETS:
        setting = f"{name}_FILE"
        file = found.pop(setting, "")
        if file and found.get(name):
            raise Unusable(f"{name} and {setting} are both set: one of them has to go.")
        if file:
            found[name] = _read(Path(file), setting)
    return found


def _read(file: Path, setting: str) -> str:
    try:
        open_to_others = file.stat().st_mode & 0o077
        content = file.read_bytes()
    except OSError:
        raise Unusable(f"The file {file} ({setting}) is missing or can't be read.") from None
    if open_to_others:
        raise Unusable(f"The file {file} ({setting}) must be readable by its owner alone: chmod 600.")
    try:
        (secret,) = content.decode().split()
    except ValueError:
        raise Unusable(f"The file {file} ({setting}) must hold the secret, in one line, and nothing else.") from None
    return secret


def main() -> None:
    """Becomes the command."""
    try:
        environ = unfold(os.environ)
    except Unusable as why:
        sys.exit(str(why))
    os.execvpe(sys.argv[1], sys.argv[1:], environ)


if __name__ == "__main__":
    main()
