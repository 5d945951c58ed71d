"""A city of one small server: it keeps the page's side of the contract, and breaks it on request."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

PAGE = Path(__file__).parents[2] / "bot" / "page"
WORDS = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
LANGUAGES = [
    {"code": "de", "name": "Deutsch", "direction": "ltr"},
    {"code": "en", "name": "English", "direction": "ltr"},
    {"code": "ar", "name": "العربية", "direction": "rtl"},
]
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
COPY = {"answers": [{"question": "need", "text": "Bänke مقاعد"}]}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def best(wishes: list[str]) -> str:
    """The first wish that we speak, by its primary part; otherwise German."""
    return next((wish[:2] for wish in wishes if wish[:2] in WORDS), "de")


def message(
    number: int,
    text: str,
    language: str = "de",
    buttons: tuple[str, ...] = (),
    end: str | None = None,
    attachment: str | None = None,
) -> dict[str, Any]:
    """A message of the city, as the page gets it; a button's id is `b` and its place."""
    side = {"language": language, "direction": "rtl" if language == "ar" else "ltr"}
    choices = [{"id": f"b{place}", "label": label, **side} for place, label in enumerate(buttons)]
    said = {"number": number, "from": "city", "text": text, **side, "buttons": choices}
    return {**said, "end": end, "attachment": attachment}


class City:
    """What the server holds, what it received, and which fault it shows next."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.log: list[dict[str, Any]] = []
        self.posts: list[dict[str, Any]] = []
        self.stored: dict[str, dict[str, Any]] = {}
        self.sessions = 0
        self.token = ""
        self.polls = 0
        self.streams = 0
        self.asked_in = ""
        self.drop_answers = 0
        self.mute_streams = False
        self.copies = 0
        self.refusals: list[tuple[int, dict[str, str]]] = []

    def says(self, text: str, language: str = "de", **more: Any) -> None:
        """Adds a message of the city to the talk: perhaps with `buttons`, an `end` or an `attachment`."""
        self.says_all({"text": text, "language": language, **more})

    def says_all(self, *messages: dict[str, Any]) -> None:
        """Adds several messages at once."""
        with self.changed:
            self.log += [message(len(self.log) + place, **each) for place, each in enumerate(messages, start=1)]
            self.changed.notify_all()

    def opens(self, languages: list[str]) -> dict[str, str]:
        with self.changed:
            self.sessions += 1
            self.token = f"token-{self.sessions}"
            self.log.clear()
        return {"token": self.token, "language": best(languages)}

    def receives(self, body: dict[str, Any]) -> dict[str, str]:
        with self.changed:
            self.posts.append(body)
            state = "duplicate" if body["id"] in self.stored else "stored"
            self.stored.setdefault(body["id"], body)
            self.changed.notify_all()
        return {"id": body["id"], "state": state}

    def after(self, number: int, seconds: float) -> list[dict[str, Any]]:
        """The messages after this number; waits for one if there is none."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.log) > number, seconds)
            return self.log[number:]


class Handler(BaseHTTPRequestHandler):
    city: City

    def log_message(self, *_: object) -> None:
        """Silent: the tests say what matters."""

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path == "/chat":
            self.file("chat.html")
        elif path.startswith("/page/"):
            self.file(Path(path).name)
        elif path == "/api/words":
            code = best(query["language"][0].split(","))
            direction = "rtl" if code == "ar" else "ltr"
            self.json(200, {"language": code, "direction": direction, "languages": LANGUAGES, "words": WORDS[code]})
        elif not self.known():
            self.json(401, {"error": "session_unknown", "message": "?"})
        elif path == "/api/events":
            self.city.streams += 1
            self.stream(int(query["after"][0]))
            self.city.streams -= 1
        elif path == "/api/my-data":
            self.city.copies += 1
            self.json(*(self.city.refusals.pop(0) if self.city.refusals else (200, COPY)))
        else:
            self.city.polls += 1
            self.json(200, {"messages": self.city.after(int(query["after"][0]), 2)})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/api/session":
            self.json(201, self.city.opens(body["languages"]))
        elif not self.known():
            self.json(401, {"error": "session_unknown", "message": "?"})
        elif self.city.refusals:
            self.city.posts.append(body)
            self.city.asked_in = self.headers["Accept-Language"]
            self.json(*self.city.refusals.pop(0))
        else:
            answer = self.city.receives(body)
            if self.city.drop_answers:
                self.city.drop_answers -= 1
                self.wfile = BytesIO()
            self.json(200, answer)

    def known(self) -> bool:
        return self.headers["Authorization"] == f"Bearer {self.city.token}"

    def file(self, name: str) -> None:
        path = PAGE / name
        self.send(200, TYPES[path.suffix], path.read_bytes())

    def json(self, status: int, data: dict[str, Any]) -> None:
        self.send(status, "application/json", json.dumps(data).encode())

    def send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        if status == 429:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(body)

    def stream(self, number: int) -> None:
        """Server-sent events until the browser goes away; in a mute stream it never hears a byte."""
        if not self.city.mute_streams:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
        try:
            while self.known():
                new = [] if self.city.mute_streams else self.city.after(number, 0.5)
                number += len(new)
                for message in new:
                    lines = f"id: {message['number']}\nevent: message\ndata: {json.dumps(message)}\n\n"
                    self.wfile.write(lines.encode())
                if self.city.mute_streams:
                    threading.Event().wait(0.2)
                else:
                    self.wfile.write(b": ping\n\n")
        except OSError:
            return


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, city: City) -> None:
        super().__init__(("127.0.0.1", 0), type("CityHandler", (Handler,), {"city": city}))
        self.city = city
        self.url = f"http://127.0.0.1:{self.server_port}/chat"
        threading.Thread(target=self.serve_forever, daemon=True).start()
