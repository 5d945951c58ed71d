"""An OSV database for the tests, on a port of this machine: it knows what it is told, and has its bad days."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from deploy.audit import PROBE


def advisory(id: str, *aliases: str, **more: Any) -> dict[str, Any]:
    """An advisory in the database's own form, as far as pip-audit reads it."""
    return {"id": id, "aliases": list(aliases), "summary": "It is broken.", "affected": [], **more}


@dataclass
class Osv:
    """What the database knows, and how it answers instead if it has a bad day."""

    known: dict[tuple[str, str], list[dict[str, Any]]] = field(
        default_factory=lambda: {PROBE: [advisory("PYSEC-2018-66", "CVE-2018-1000656")]}
    )
    status: int = 200
    instead: str | None = None
    only_for: str | None = None
    """The package to which the bad answer is given; to all if there is none."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, query: dict[str, Any]) -> tuple[int, str]:
        """Status and body for a question."""
        package = (query["package"]["name"], query["version"])
        self.asked.append(package)
        if (self.instead is not None or self.status != 200) and self.only_for in (None, package[0]):
            return self.status, self.instead or ""
        found = self.known.get(package)
        return 200, json.dumps({"vulns": found} if found else {})


@contextmanager
def running() -> Iterator[Osv]:
    """A database that lives as long as the block."""
    osv = Osv()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = osv.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    osv.url = f"http://127.0.0.1:{server.server_port}/v1/query"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield osv
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
