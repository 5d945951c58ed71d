"""A second city on the same model: two questions, three districts, two languages; no code and no training for it."""

import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import local, train
from tests.stack import Stack
from tests.tester import Resident

NAMES = re.compile("musterstadt|kaiserslautern", re.IGNORECASE)

EXPECTED = """\
conversation,status,channel,language,district,question,instance,state,text,answered_at,revision
N,complete,web,de,Oberdorf,place,0,answered,oberdorf,T,1
N,complete,web,de,Oberdorf,wish,0,answered,"Mehr Busse, „viele“",T,1
"""


@pytest.fixture(scope="module")
def model() -> tuple[Path, int]:
    """The model that is there for any city, and when it was made."""
    file = train.ensure()
    return file, file.stat().st_mtime_ns


@pytest.fixture(scope="module")
def second(model: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole of Mitsprache, for Musterstadt."""
    with Stack(tmp_path_factory.mktemp("second"), CITY="musterstadt").running() as running:
        yield running


def agrees(resident: Resident, *labels: str) -> None:
    """Language, age and consent, and the question where they live."""
    for label in labels:
        resident.presses(label)


def test_the_same_model(second: Stack, model: tuple[Path, int]) -> None:
    """The second city runs on the file that the first one runs on; starting it has trained nothing."""
    first = {**second.settings.environ, "CITY": "kaiserslautern"}
    commands = [local.services(local.settings(env), train.model_file()) for env in (first, second.settings.environ)]
    assert commands[0][0].command == commands[1][0].command
    assert str(model[0]) in commands[1][0].command
    assert (train.model_file(), train.model_file().stat().st_mtime_ns) == model
    assert not (second.data / "logs" / "train.log").exists()


def test_an_interview_in_german(second: Stack) -> None:
    """Its own words all the way: two questions, a district with a typing error, a need in one's own words, the end."""
    resident = second.resident("de")
    assert [button["label"] for button in resident.seen[-1]["buttons"]] == ["Deutsch", "English"]
    agrees(resident, "Deutsch", "Ja, ich bin 16")
    resident.expects_reply("Musterstadt fragt, was Sie sich wünschen.")
    resident.presses("Ja, ich mache mit")
    labels = [button["label"] for button in resident.seen[-1]["buttons"]]
    assert labels == [
        "Altstadt",
        "Neustadt",
        "Oberdorf",
        "Ich wohne nicht in Musterstadt",
        "Das möchte ich nicht sagen",
    ]
    assert resident.says("Altsadt") == [
        "Gespeichert:\n• Ortsteil: Altstadt",
        "Was wünschen Sie sich für Ihren Ortsteil?\n"
        "Bitte schreiben Sie keine Namen und nichts über die Gesundheit von anderen.",
    ]
    assert resident.says("warum")[0] == "Die Stadt möchte wissen, was den Menschen fehlt."
    resident.says("Mehr Bänke am Markt, „viele“")
    resident.expects_reply("Vielen Dank! Die Stadt liest Ihre Antworten.")
    assert not any("Kaiserslautern" in text or "Stadtteil" in text for text in resident.transcript())
    assert second.answers_of(resident) == [
        ("place", 0, "answered", "altstadt", 1),
        ("wish", 0, "answered", "Mehr Bänke am Markt, „viele“", 1),
    ]


def test_an_interview_in_english(second: Stack) -> None:
    """The same in English; what people call a part of town counts, mistyped as it is."""
    resident = second.resident("en")
    agrees(resident, "English", "Yes, I am 16", "Yes, I’ll take part")
    resident.expects_reply("Which part of town do you live in?")
    resident.says("bahnhofvirtel")
    resident.expects_reply("What do you wish for your part of town?")
    resident.says("A place where parents can meet")
    resident.expects_reply("Thank you very much! The town reads your answers.")
    assert [row[:4] for row in second.answers_of(resident)] == [
        ("place", 0, "answered", "neustadt"),
        ("wish", 0, "answered", "A place where parents can meet"),
    ]


def test_a_person_to_talk_to(second: Stack) -> None:
    """Whom to turn to and whom to ring in an emergency, stands in the second city's own list, in its own words."""
    resident = second.resident("de")
    agrees(resident, "Deutsch", "Ja, ich bin 16", "Ja, ich mache mit")
    said = resident.says("mit einem Menschen sprechen")
    assert said[0].splitlines()[1:] == ["• Fragen an die Ämter: 115"]
    assert said[1] == "In welchem Ortsteil wohnen Sie?"
    assert resident.says("Notfall")[0].splitlines()[-2:] == ["• Notarzt und Feuerwehr: 112", "• Polizei: 110"]


def test_a_language_that_it_does_not_speak(second: Stack) -> None:
    """Who asks for a language that only the first city has, is offered those that there are."""
    resident = second.resident("tr")
    resident.says("Türkçe")
    assert [button["label"] for button in resident.seen[-1]["buttons"]] == ["Deutsch", "English"]
    assert resident.posts({"language": "tr"}).status_code == 422
    resident.presses("English")
    resident.expects_reply("Are you 16 years old or older?")


def test_the_export(second: Stack, tmp_path: Path) -> None:
    """Staff get the second city's working file by the same command: its name, its questions, its districts."""
    resident = second.resident("de")
    agrees(resident, "Deutsch", "Ja, ich bin 16", "Ja, ich mache mit")
    resident.says("obedorf")
    resident.says("Mehr Busse, „viele“")
    file = tmp_path / "wishes.csv"
    command = [str(local.PYTHON), "-m", "staff", "export", "--out", str(file)]
    done = subprocess.run(command, cwd=local.ROOT, env=dict(second.settings.environ), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    notice, _, table = file.read_text("utf-8").partition("conversation,")
    assert "ARBEITSDATEI Musterstadt, Runde needs" in notice
    table = re.sub(r"^\d{12}", "N", f"conversation,{table}", flags=re.MULTILINE)
    header, *_, place, wish = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "T", table).splitlines()
    assert [header, place, wish] == EXPECTED.splitlines()


def test_no_code_names_a_city() -> None:
    """No Python file knows a city, but the one setting that says which city it is when nothing is set."""
    found = {}
    for file in local.ROOT.rglob("*.py"):
        path = file.relative_to(local.ROOT)
        if path.parts[0] != "tests" and not {".venv", ".rasa", "var"} & set(path.parts):
            with tokenize.open(file) as opened:
                lines = [line.strip() for line in opened if NAMES.search(line)]
            found |= {path.as_posix(): lines} if lines else {}
    assert found == {"store/config.py": ['city=env.get("CITY", "kaiserslautern"),']}
