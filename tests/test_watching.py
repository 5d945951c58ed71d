"""What an operator watches: health, readiness, metrics, and logs that a machine reads."""

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from bot.metrics import Queues
from dialogue.errors import Misconfigured
from store import addresses, clock, config, tables
from store.database import Database
from store.readiness import Readiness
from tests.databases import answers_refused
from tests.stack import Stack, free_ports
from tests.talk import City

SAID = "Kanarienvogel beim Zählen"
LABELS = {
    "stage": {"take", "rasa", "deliver"},
    "kind": {"unreachable", "unknown"},
    "work": {"turn", "reply"},
    "channel": {"telegram"},
    "key": {"message_unknown"},
}
"""Every label of ours, and what it may say here."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that gives a message up after the second try, and logs as in a deployment."""
    with Stack(tmp_path_factory.mktemp("watched"), MOST_TRIES="2", LOG_FORMAT="json").running() as running:
        yield running


def pages(stack: Stack) -> dict[str, tuple[str, dict[str, str]]]:
    """The address of each process, and the headers that it wants."""
    env = stack.settings.environ
    rasa, token = f"{env['RASA_URL']}/webhooks/mitsprache", {"Authorization": f"Bearer {env['RASA_TOKEN']}"}
    return {"bot": (stack.url, {}), "actions": (env["ACTIONS_URL"], {}), "rasa": (rasa, token)}


def asked(stack: Stack, path: str) -> dict[str, tuple[int, str]]:
    """What each process answers there."""

    def ask(url: str, headers: dict[str, str]) -> tuple[int, str]:
        answer = httpx.get(url + path, headers=headers, trust_env=False)
        return answer.status_code, answer.text

    return {name: ask(*page) for name, page in pages(stack).items()}


def exposed(stack: Stack) -> str:
    """All metrics of bot and actions, as Prometheus reads them."""
    env = stack.settings.environ
    token = {"Authorization": f"Bearer {env['ACTIONS_TOKEN']}"}
    bot = httpx.get(f"http://127.0.0.1:{env['METRICS_PORT']}/metrics", trust_env=False)
    actions = httpx.get(f"{env['ACTIONS_URL']}/metrics", headers=token, trust_env=False)
    return bot.raise_for_status().text + actions.raise_for_status().text


def ours(text: str) -> dict[str, float]:
    """Our own samples, by name and labels."""
    families = [one for one in text_string_to_metric_families(text) if one.name.startswith("mitsprache_")]
    samples = [sample for family in families for sample in family.samples]
    return {" ".join((sample.name, *sample.labels.values())): sample.value for sample in samples}


def test_each_process_says_that_it_lives_and_can_work(watched: Stack) -> None:
    """Bot, actions and Rasa live and are ready; without the tables bot and actions live, and say in a word that they
    are not ready; Rasa, whose model understands a word, is."""
    assert asked(watched, "/healthz") == dict.fromkeys(("bot", "actions", "rasa"), (200, "ok"))
    ready, unready = (200, "ready"), (503, "unready")
    assert asked(watched, "/readyz") == dict.fromkeys(("bot", "actions", "rasa"), ready)
    with watched.database.write() as connection:
        connection.execute(sa.text("ALTER TABLE alembic_version RENAME TO away"))
    try:
        assert asked(watched, "/readyz") == {"bot": unready, "actions": unready, "rasa": ready}
        assert asked(watched, "/healthz") == dict.fromkeys(("bot", "actions", "rasa"), (200, "ok"))
    finally:
        with watched.database.write() as connection:
            connection.execute(sa.text("ALTER TABLE away RENAME TO alembic_version"))
    assert asked(watched, "/readyz")["bot"] == ready


def test_a_database_that_hangs_is_asked_once(tmp_path: Path) -> None:
    """A server that takes connections and says nothing makes nobody wait for long, nor is it asked twice at a time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        database = Database(f"postgresql+psycopg://nobody@127.0.0.1:{silent.getsockname()[1]}/none")

        async def ask() -> list[bool]:
            readiness = Readiness(database)
            return [*await asyncio.gather(*(readiness.ready() for _ in range(5))), await readiness.ready()]

        assert asyncio.run(ask()) == [False] * 6
        silent.settimeout(0)
        silent.accept()
        with pytest.raises(BlockingIOError):
            silent.accept()
        database.close()


def test_metrics_count_what_failed(watched: Stack) -> None:
    """A23: after a talk in which one message was given up and Rasa was killed at another, its tries, the parking and
    the errors are counted, and each stage has its times; no label and no line holds anything personal."""
    resident = watched.at_need()
    before = ours(exposed(watched))
    assert before["mitsprache_parked_total"] == 0
    with answers_refused(watched.database):
        resident.posts({"text": SAID})
        while "nicht verarbeiten" not in resident.awaits_reply()[-1]:
            pass
    watched.arm("4a", "rasa")
    resident.posts({"text": f"{SAID}, noch einmal"})
    while "Danke, Ihre Antwort ist gespeichert." not in resident.awaits_reply():
        pass
    assert watched.fired("4a")
    resident.says("hilfe")  # what was counted before is counted by now
    _refused(watched)
    text = exposed(watched)
    after = ours(text)
    moved = {name for name, value in after.items() if value > before.get(name, 0)}
    errors = {f"mitsprache_rasa_errors_total {kind}" for kind in LABELS["kind"]}
    times = {f"mitsprache_turn_seconds_count {stage}" for stage in LABELS["stage"]}
    assert moved >= errors | times | {"mitsprache_parked_total", "mitsprache_retries_total turn"}
    assert moved >= {"mitsprache_action_seconds_count", "mitsprache_action_failures_total"}
    assert after["mitsprache_refusals_total message_unknown"] == 1
    assert after["mitsprache_parked_total"] == 1
    assert after["mitsprache_inbox_waiting"] == after["mitsprache_inbox_age_seconds"] == 0
    for personal in (SAID, "Kanarienvogel", resident.token, watched.person(resident), watched.secret.decode()):
        assert personal not in text
    labels = {
        (label, value)
        for family in text_string_to_metric_families(text)
        if family.name.startswith("mitsprache_")
        for sample in family.samples
        for label, value in sample.labels.items()
        if label != "le"
    }
    assert labels == {(label, value) for label, values in LABELS.items() for value in values}


def _refused(stack: Stack) -> None:
    """Calls an action for a message that nobody sent."""
    token = {"Authorization": f"Bearer {stack.settings.environ['ACTIONS_TOKEN']}"}
    heard = {"text": "x", "intent": {"name": "help"}, "metadata": {"key": "0" * 64, "conversation": "x", "fence": 1}}
    tracker = {"sender_id": "x", "slots": {}, "latest_message": heard, "events": [], "paused": False}
    body = {"next_action": "action_help", "sender_id": "x", "tracker": tracker, "domain": {}}
    answer = httpx.post(f"{stack.settings.environ['ACTIONS_URL']}/webhook", json=body, headers=token, trust_env=False)
    assert (answer.status_code, answer.json()) == (500, {"error": "message_unknown"})


def test_the_public_sees_no_metrics(watched: Stack) -> None:
    """C6: the public port has no metrics, the action server tells them to nobody without its token, and bot's own port
    listens on the loopback address alone."""
    env = watched.settings.environ
    for path in ("/metrics", "/metrics/", "/page/metrics"):
        assert httpx.get(watched.url + path, trust_env=False).status_code == 404
    assert httpx.get(f"{env['ACTIONS_URL']}/metrics", trust_env=False).status_code == 401
    with socket.socket() as everywhere, pytest.raises(ConnectionRefusedError):
        everywhere.connect(("127.0.0.2", int(env["METRICS_PORT"])))


def test_the_paper_explains_every_metric(watched: Stack) -> None:
    """The operator's page has a row for each metric that the processes tell, and for no other."""
    paper = (Path(__file__).parent.parent / "docs" / "operations.md").read_text("utf-8")
    told = re.findall(r"^\| `(mitsprache_\w+)` \|", paper, re.MULTILINE)
    families = [one for one in text_string_to_metric_families(exposed(watched)) if one.name.startswith("mitsprache_")]
    assert sorted(told) == sorted(one.name + "_total" * (one.type == "counter") for one in families)


def test_queues_are_counted_from_the_database(city: City) -> None:
    """What waits in inbox and outbox is counted with the age of its oldest; who blocked the bot waits for nothing."""
    talk = city.talk().at_need()
    assert queues(city)["mitsprache_inbox_waiting"] == queues(city)["mitsprache_outbox_undelivered telegram"] == 0
    talk.receive("Mehr Bäume")
    with city.database.write() as connection:
        connection.execute(tables.inbox.update().values(received_at=clock.now() - timedelta(hours=2)))
        connection.execute(tables.people.update().values(channel="telegram"))
        connection.execute(tables.outbox.update().values(created_at=clock.now() - timedelta(hours=3)))
        addresses.note(connection, talk.person, "1", clock.now())
    assert queues(city)["mitsprache_inbox_waiting"] == 1
    assert 7200 <= queues(city)["mitsprache_inbox_age_seconds"] < 7300
    assert queues(city)["mitsprache_outbox_undelivered telegram"] == 0
    with city.database.write() as connection:
        connection.execute(tables.addresses.update().values(sent=tables.addresses.c.sent - 2))
    assert queues(city)["mitsprache_outbox_undelivered telegram"] == 2
    assert 10800 <= queues(city)["mitsprache_outbox_age_seconds telegram"] < 10900
    with city.database.write() as connection:
        connection.execute(tables.addresses.update().values(blocked=True))
    assert queues(city)["mitsprache_outbox_age_seconds telegram"] == 0


def queues(city: City) -> dict[str, float]:
    """The samples of what waits."""
    samples = [sample for family in Queues(city.database).collect() for sample in family.samples]
    return {" ".join((sample.name, *sample.labels.values())): sample.value for sample in samples}


def test_without_its_database_a_process_still_tells_its_metrics() -> None:
    """While the database is away, what would be counted there is left out, and nothing is raised."""
    database = Database(f"postgresql+psycopg://nobody@127.0.0.1:{free_ports(1)[0]}/none")
    assert list(Queues(database).collect()) == []


def test_a_line_of_the_log_is_an_object(watched: Stack) -> None:
    """With LOG_FORMAT=json each line that bot, actions and Rasa log in a talk is an object that says when, how grave,
    where and what; an act is called by its name and nothing else."""
    files = {name: watched.data / "logs" / f"{name}.log" for name in ("bot", "actions", "rasa")}
    before = {name: len(file.read_bytes()) for name, file in files.items()}
    resident = watched.at_need()
    resident.says("hilfe")
    resident.posts({"text": SAID}, id="too short" * 20)
    logged = {name: file.read_bytes()[before[name] :].decode().splitlines() for name, file in files.items()}
    objects = {name: [json.loads(line) for line in lines] for name, lines in logged.items()}
    for name, lines in objects.items():
        assert lines, name
        assert all({"timestamp", "level", "logger", "event"} <= set(one) for one in lines), name
    called = [one for one in objects["actions"] if one["event"] == "called"]
    assert called
    assert all(set(one) == {"timestamp", "level", "logger", "event", "act"} for one in called)
    assert [one["key"] for one in objects["bot"] if one["event"] == "refused"] == ["message_invalid"]


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    """A format of the logs that is none is named at the start."""
    (tmp_path / "secret").write_text("5" * 64)
    (tmp_path / "secret").chmod(0o600)
    with pytest.raises(Misconfigured, match="LOG_FORMAT"):
        config.load({"DATA_DIR": str(tmp_path), "LOG_FORMAT": "xml"})
