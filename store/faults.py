"""Points at which a test can kill a process: numbered as the steps of a message's way in the architecture.

Off unless FAULT_DIR is set. A file there, named like the step, holds the process id of the victim; it works once.
"""

import os
import signal
from pathlib import Path

_folder: Path | None = None


def arm(folder: Path | None) -> None:
    """Looks for faults in this folder from now on; None: never."""
    global _folder
    _folder = folder


def reach(step: str) -> None:
    """The process has come to this step."""
    if _folder is None:
        return
    fault, fired = _folder / step, _folder / f"{step}.fired"
    try:
        fault.rename(fired)
    except FileNotFoundError:
        return
    os.kill(int(fired.read_text()), signal.SIGKILL)
