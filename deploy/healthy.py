"""`healthy.py <address> [<file of a token>]`: exit code 0 if the address answers 200. A container's health check."""

import sys
import urllib.request
from pathlib import Path

PATIENCE = 5.0
"""Seconds."""
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> None:
    """One look; anything but 200 is told, and no token is."""
    address, *token = sys.argv[1:]
    headers = {"Authorization": f"Bearer {Path(token[0]).read_text().strip()}"} if token else {}
    try:
        DIRECTLY.open(urllib.request.Request(address, headers=headers), timeout=PATIENCE).close()
    except OSError as why:
        sys.exit(f"{address}: {why}")


if __name__ == "__main__":
    main()
