"""Points at which a test can kill a process, as in the services. Off unless FAULT_DIR is set."""

import os
import signal
from pathlib import Path
from typing import Text

_folder = os.environ.get("FAULT_DIR")


def reach(step: Text) -> None:
    """The process has come to this step; a file of that name holds the process id of the victim, once."""
    if not _folder:
        return
    fired = Path(_folder, step + ".fired")
    try:
        Path(_folder, step).rename(fired)
    except FileNotFoundError:
        return
    os.kill(int(fired.read_text()), signal.SIGKILL)
