"""Who may reach what, and what the logs must not hold."""

import subprocess

import httpx
import psutil
import pytest

from deploy import local
from store import tables
from tests import logs
from tests.stack import Stack


def test_only_this_machine_reaches_rasa_and_actions(stack: Stack) -> None:
    """C6: Rasa and the action server listen on the loopback address alone."""
    ports = {stack.settings.rasa_port, stack.settings.actions_port}
    listening = {
        (connection.laddr.port, connection.laddr.ip)
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port in ports
    }
    assert listening == {(port, "127.0.0.1") for port in ports}


@pytest.mark.parametrize("token", [None, "Bearer", "Bearer wrong", "Basic abc"])
def test_token_is_required(stack: Stack, token: str | None) -> None:
    """C6: without our token neither Rasa's channel nor the action server does anything."""
    headers = {"Authorization": token} if token else {}
    rasa, actions = (stack.settings.environ[name] for name in ("RASA_URL", "ACTIONS_URL"))
    body = {"sender": "x", "message": "hallo", "next_action": "action_greet"}
    for url in (f"{rasa}/webhooks/mitsprache/webhook", f"{actions}/webhook"):
        assert httpx.post(url, json=body, headers=headers, trust_env=False).status_code == 401
    assert httpx.get(f"{actions}/actions", headers=headers, trust_env=False).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/conversations/x/tracker"),
        ("POST", "/conversations/x/trigger_intent"),
        ("POST", "/model/train"),
        ("PUT", "/model"),
        ("GET", "/domain"),
        ("POST", "/webhooks/rest/webhook"),
        ("GET", "/webhooks/telegram/set_webhook"),
    ],
)
def test_rasas_own_api_is_off(stack: Stack, method: str, path: str) -> None:
    """C6: of Rasa's own addresses none answers, with our token neither."""
    headers = {"Authorization": f"Bearer {stack.settings.environ['RASA_TOKEN']}"}
    answer = httpx.request(method, stack.settings.environ["RASA_URL"] + path, headers=headers, trust_env=False)
    assert answer.status_code == 404


def test_a_failed_turn_is_an_error(stack: Stack) -> None:
    """Rasa's door answers a message that it can't read with an error, never with «200 []»."""
    url = f"{stack.settings.environ['RASA_URL']}/webhooks/mitsprache/webhook"
    headers = {"Authorization": f"Bearer {stack.settings.environ['RASA_TOKEN']}"}
    for body in ({}, {"sender": "x"}, {"sender": "", "message": "x"}, {"sender": 5, "message": "x"}):
        assert httpx.post(url, json=body, headers=headers, trust_env=False).status_code == 400
    assert httpx.post(url, content=b"x" * 200_000, headers=headers, trust_env=False).status_code == 413


@pytest.mark.parametrize("module", ["bot", "actions"])
def test_no_start_without_token(stack: Stack, module: str) -> None:
    """Without its token a process refuses to start and names the setting."""
    environ = {**stack.settings.environ, "RASA_TOKEN": "", "ACTIONS_TOKEN": ""}
    done = subprocess.run(
        [str(local.PYTHON), "-m", module], env=environ, cwd=local.ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "_TOKEN" in done.stderr


def test_headers(stack: Stack) -> None:
    """The page comes with a strict policy, no cookie, and nothing from elsewhere."""
    answer = httpx.get(f"{stack.url}/chat", trust_env=False)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
    assert "http://" not in answer.text.replace("http://www.w3.org", "")


def test_rasa_alone_holds_a_conversation(stack: Stack) -> None:
    """A message without our service in front is entered as channel «shell» and answered in words, once per message."""
    url = f"{stack.settings.environ['RASA_URL']}/webhooks/mitsprache/webhook"
    headers = {"Authorization": f"Bearer {stack.settings.environ['RASA_TOKEN']}"}

    def say(text: str) -> str:
        answer = httpx.post(url, json={"sender": "shell-test", "message": text}, headers=headers, trust_env=False)
        return " ".join(message["text"] for message in answer.json())

    assert "In welcher Sprache" in say("hallo")
    for text, expected in (
        ("Deutsch", "16 Jahre"),
        ("ja", "Machen Sie mit?"),
        ("ja", "Stadtteil"),
        ("Betzenberg", "Um welches Thema"),
        ("Wohnen", "Was brauchen Sie"),
        ("hilfe", "Was brauchen Sie"),
        ("Ein Treffpunkt", "gespeichert"),
        ("wichtig", "Haben Sie eine Idee"),
        ("überspringen", "noch etwas sagen"),
        ("nein", "kurze Fragen"),
        ("lieber nicht", "Stimmt alles?"),
        ("ja", "Vielen Dank"),
        ("daten löschen", "alles löschen"),
    ):
        assert expected in say(text), text
    shell = (tables.participations.c.channel == "shell",)
    before = stack.count(tables.participations, *shell)
    assert "Ihr Beleg" in say("ja")
    assert stack.count(tables.participations, *shell) == before - 1
    assert "In welcher Sprache" in say("hallo")


def test_no_logger_of_rasas_keeps_its_words() -> None:
    """C17: in Rasa's environment the root logger, which numpy makes one of its own, is as silent as any other."""
    code = "from numpy.distutils import log; import logging, quiet; quiet.install(); logging.error('Kanarienvogel')"
    project = local.ROOT / "rasa_project"
    done = subprocess.run([str(local.RASA_PYTHON), "-c", code], cwd=project, capture_output=True, text=True, check=True)
    assert "event=<string>:1" in done.stderr
    assert "Kanarienvogel" not in done.stdout + done.stderr


def test_no_text_in_the_logs(stack: Stack) -> None:
    """C17: at DEBUG, no process logs a text, a token or a pseudonym. conftest judges so once more when all is over."""
    resident = stack.at_need()
    resident.says("Kanarienvogel im Protokoll")
    resident.posts({"text": "/unbekannt Kanarienvogel im Protokoll"})
    resident.awaits_reply()
    written = logs.files()
    assert {"bot.log", "actions.log", "rasa.log"} <= {file.name for file in written}
    assert sum(file.stat().st_size for file in written) > 10_000, "the logs are suspiciously short"
    assert logs.betrayals(written) == []
    betrayed = stack.data / "betrayed.log"
    betrayed.write_text(f"a line\nanother one for {stack.person(resident)}\n")
    assert len(logs.betrayals([betrayed])) == 1
