"""The programs that the tests need beside Python: deploy/package.sh knows them, and installs what is missing."""

import subprocess


def program(name: str) -> str:
    """Where it is. Raises CalledProcessError, with a sentence on stderr, when it is missing and can't be installed."""
    command = ["sh", "deploy/package.sh", name]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
