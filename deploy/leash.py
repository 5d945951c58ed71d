"""`leash.py <starter's pid> <command …>`: becomes the command, which dies when the starter dies."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """A preexec_fn would do the same, but isn't safe in a program with threads."""
    starter, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != starter:
        sys.exit("The starter died before its child began.")
    try:
        os.execvp(command[0], command)
    except OSError as why:
        sys.exit(f"{command[0]} could not be started: {why.strerror}.")


if __name__ == "__main__":
    main()
