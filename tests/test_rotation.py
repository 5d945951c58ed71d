"""The drill of docs/operations.md: what a new secret costs. The talks are in the middle when it comes."""

import re
import secrets
from pathlib import Path

import httpx
import psycopg
import pytest

from store.tables import answers, people
from tests.databases import DATABASES
from tests.stack import Stack, free_ports
from tests.telegram import TOKEN, Chatter, Server
from tests.tester import Resident, plain

NEW_TOKEN = "7:another-token-that-must-not-be-seen"


class Safe:
    """The secrets of an installation, each in its file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def keep(self, **secrets: str) -> None:
        """Writes them, for their owner alone."""
        for name, secret in secrets.items():
            file = self.folder / name
            file.touch(mode=0o600)
            file.write_text(f"{secret}\n")

    def environ(self) -> dict[str, str]:
        """The settings that name the files."""
        return {f"{file.name}_FILE": str(file) for file in self.folder.iterdir()}


def hears(person: Resident, part: str) -> None:
    """Waits for it: a process that has only just started may first say that it takes a while."""
    while not any(part in plain(message["text"]) for message in person.seen):
        person.awaits_reply()


def tokens() -> dict[str, str]:
    """A new one for each door."""
    return {name: secrets.token_hex(32) for name in ("RASA_TOKEN", "ACTIONS_TOKEN", "TELEGRAM_SECRET")}


@pytest.mark.parametrize("kind", DATABASES)
def test_new_tokens_and_a_new_password_lose_nothing(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """C25: with all tokens and the database's password changed by a restart, talks go on where they were."""
    bot, port = free_ports(2)
    fixed = {
        "BOT_PORT": str(bot),
        "TELEGRAM_API": f"http://127.0.0.1:{port}",
        "TELEGRAM_WEBHOOK": f"http://127.0.0.1:{bot}/telegram",
    }
    safe, old, new = Safe(tmp_path / "secrets"), tokens(), tokens()
    safe.keep(TELEGRAM_TOKEN=TOKEN, **old)
    role, passwords = f"city_{secrets.token_hex(4)}", (secrets.token_hex(16), secrets.token_hex(16))
    if kind == "postgresql":
        postgres = request.getfixturevalue("server")
        safe.keep(DATABASE_URL=postgres.guarded(role, passwords[0]))
    with Server(port).running() as telegram:
        with Stack(tmp_path / "data", **fixed, **safe.environ()).running() as before:
            visitor = before.at_need()
            chatter = Chatter(before, telegram, "de").begins()
            for label in ("Deutsch", "Ja, ich bin 16", "Ja, ich mache mit", "Betzenberg", "Wohnen"):
                chatter.presses(label)
            address = before.settings.environ["DATABASE_URL"]
        read = chatter.read
        chatter.writes("Eine Bank am Bach")  # while nothing runs: Telegram keeps it

        telegram.token = NEW_TOKEN
        safe.keep(TELEGRAM_TOKEN=NEW_TOKEN, **new)
        if kind == "postgresql":
            postgres.set_password(role, passwords[1])
            safe.keep(DATABASE_URL=address.replace(passwords[0], passwords[1]))
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(address)
        with Stack(tmp_path / "data", **fixed, **safe.environ()).running() as after:
            chatter.stack = after
            before.database = after.database  # its own address of the same database leads nowhere any more
            telegram.deliver()
            chatter.awaits_reply(before=read)
            visitor.says("Mehr Licht im Hof")
            for person, need in ((visitor, "Mehr Licht im Hof"), (chatter, "Eine Bank am Bach")):
                hears(person, "Wie wichtig")
                person.says("4")
                hears(person, "Haben Sie eine Idee")
                said = ["betzenberg", "housing", need, "4"]
                assert [row[3] for row in after.answers_of(person)] == said
            old_doors_are_closed(after, old)


def old_doors_are_closed(stack: Stack, old: dict[str, str]) -> None:
    """None of the former tokens opens anything."""
    environ = stack.settings.environ
    doors = (
        (f"{environ['RASA_URL']}/webhooks/mitsprache/webhook", "Authorization", f"Bearer {old['RASA_TOKEN']}", 401),
        (f"{environ['ACTIONS_URL']}/webhook", "Authorization", f"Bearer {old['ACTIONS_TOKEN']}", 401),
        (f"{stack.url}/telegram", "X-Telegram-Bot-Api-Secret-Token", old["TELEGRAM_SECRET"], 403),
    )
    for url, header, token, status in doors:
        assert httpx.post(url, json={}, headers={header: token}, trust_env=False).status_code == status, url


def test_a_new_pseudonym_key_makes_everybody_new(tmp_path: Path) -> None:
    """C25, D2: under another key no talk goes on and no code is known any more, and what was said stays."""
    fixed = {"BOT_PORT": str(free_ports(1)[0])}
    with Stack(tmp_path, **fixed).running() as before:
        visitor = before.at_need()
        visitor.says("Mehr Licht im Hof")
        hears(visitor, "Wie wichtig")
        visitor.says("Pause")
        hears(visitor, "diesem Code")
        code = re.search(r"(\d{4} ){4}\d{4}", "\n".join(visitor.transcript()))
        assert code
        said = before.answers_of(visitor)
    (tmp_path / "secret").write_text(secrets.token_hex(32))
    with Stack(tmp_path, **fixed).running() as after:
        assert visitor.http.get("/api/messages?after=0&wait=0").status_code == 401
        other = after.at_need()
        other.says(code[0])
        hears(other, "Diesen Code kenne ich nicht")
        assert after.person(other) != before.person(visitor)
        assert after.count(people) == 2
        assert after.count(answers) == len(said) + len(after.answers_of(other))
