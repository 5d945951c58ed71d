"""What staff get: the working file, literally; every answer in it, and nothing that was deleted."""

import csv
import io
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from deploy import local
from dialogue.outcome import Give
from dialogue.progress import State
from dialogue.rounds import Instance
from dialogue.texts import clean
from staff.__main__ import main
from staff.export import defuse, export
from store import answers, clock, tables
from tests.stack import Stack, without_personal_data
from tests.talk import City
from translations.catalogs import Words

DATA = Path(__file__).parent / "data" / "statements.tsv"

EXPECTED = """\
conversation,status,channel,language,district,question,instance,state,text,answered_at,revision
N,partial,web,de,Betzenberg,district,0,answered,betzenberg,T,1
N,partial,web,de,Betzenberg,theme,0,answered,housing,T,1
N,partial,web,de,Betzenberg,need,0,answered,"Mehr Bäume, „viele“; bitte",T,2
N,partial,web,de,Betzenberg,importance,0,answered,4,T,1
N,partial,web,de,Betzenberg,idea,0,skipped,,T,1
N,partial,web,de,Betzenberg,more,0,answered,yes,T,1
N,partial,web,de,Betzenberg,theme,1,later,,T,1
N,partial,web,de,Betzenberg,need,1,skipped,,T,1
"""


def plain(content: str) -> str:
    """The table without its notice, conversation numbers and times as N and T."""
    lines = [line for line in content.replace("\r\n", "\n").split("\n") if not line.startswith(('"#', "#", "\ufeff"))]
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "T", re.sub(r"^\d{12}", "N", "\n".join(lines), flags=re.M))


@pytest.fixture
def city(city: City) -> City:
    """A city in which one person has answered, corrected, put off and skipped."""
    talk = city.talk().at_need()
    talk.says("Mehr Bäume")
    talk.says("zurück", "go_back")
    talk.says("Mehr Bäume, „viele“; bitte")
    talk.says("vier")
    talk.says("weiter", "skip")
    talk.says("ja")
    talk.presses("Später entscheiden")
    talk.says("weiter", "skip")
    return city


def written(city: City, file: Path, form: str) -> bytes:
    """The bytes of a working file."""
    words = Words("kaiserslautern", "staff")
    export(city.database, city.bot.city, city.bot.round, words, file, form, "somebody", clock.now())
    return file.read_bytes()


def test_csv(city: City, export_file: Path) -> None:
    """One row an answer, the newest wording, its revision, district by name; the file says what it is."""
    content = written(city, export_file, "csv").decode()
    assert content.startswith('"# ARBEITSDATEI Kaiserslautern, Runde needs, Stand ')
    assert "Apostroph" in content
    assert plain(content) == EXPECTED


def test_excel(city: City, export_file: Path) -> None:
    """For Excel: byte order mark and semicolons, the same rows."""
    content = written(city, export_file, "excel")
    assert content.startswith(b"\xef\xbb\xbf")
    found = list(csv.reader(content.decode("utf-8-sig").splitlines(), delimiter=";"))
    assert found[3][:3] == ["conversation", "status", "channel"]
    assert found[6][8] == "Mehr Bäume, „viele“; bitte"


def test_json_lines(city: City, export_file: Path) -> None:
    """JSON Lines: the notice first, then each answer character by character."""
    lines = [json.loads(line) for line in written(city, export_file, "jsonl").decode().splitlines()]
    assert lines[0]["notice"][0].startswith("ARBEITSDATEI")
    assert [(line["question"], line["text"]) for line in lines[1:]] == [
        ("district", "betzenberg"),
        ("theme", "housing"),
        ("need", "Mehr Bäume, „viele“; bitte"),
        ("importance", "4"),
        ("idea", None),
        ("more", "yes"),
        ("theme", None),
        ("need", None),
    ]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'", " =", "\u00a0="])
def test_formulas_are_defused(sign: str) -> None:
    """A cell that a spreadsheet could take for a formula begins with an apostrophe; taking it away gives the text."""
    assert defuse(f"{sign}1+1") == f"'{sign}1+1"
    assert defuse(f"Bäume{sign}") == f"Bäume{sign}"
    assert defuse(7) == 7


def test_file_is_whole_private_and_audited(city: City, export_file: Path) -> None:
    """The file is readable by its owner alone, replaces an older one whole, and the export is on record."""
    export_file.write_text("older")
    written(city, export_file, "csv")
    assert export_file.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in export_file.parent.iterdir() if file.name.startswith(".")] == []
    with city.database.read() as connection:
        audit = connection.execute(sa.select(tables.audits)).one()
    assert (audit.who, audit.what, audit.rows) == ("somebody", "working file needs csv with free text", 8)


def test_failed_export_leaves_the_older_file(city: City, export_file: Path) -> None:
    """When the export breaks off, the older file stays as it was and no half of a new one lies about."""
    export_file.write_text("older")
    with city.database.write() as connection:
        connection.execute(sa.text("alter table audits rename to away"))
    with pytest.raises(sa.exc.DatabaseError):
        written(city, export_file, "csv")
    assert export_file.read_text() == "older"
    assert len(list(export_file.parent.glob(".needs*"))) == 0


def test_total(city: City, export_file: Path) -> None:
    """A29: the export holds what is stored less what was deleted, and every row of it stands in the store."""
    gone = city.talk("gone").at_need()
    gone.says("Weg damit")
    gone.says("daten löschen", "delete_my_data")
    gone.says("ja")
    lines = written(city, export_file, "jsonl").decode().splitlines()[1:]
    with city.database.read() as connection:
        stored = connection.execute(sa.select(sa.func.count()).select_from(tables.answers)).scalar_one()
    assert len(lines) == stored == 8
    assert not any("Weg damit" in line for line in lines)


def test_command_line(stack: Stack, export_file: Path) -> None:
    """`python -m staff export` writes the file that is asked for and says how many answers, in German."""
    resident = stack.at_need()
    resident.says("Ein Brunnen")
    command = [str(local.PYTHON), "-m", "staff", "export", "--round", "needs", "--format", "csv", "--out", export_file]
    done = subprocess.run(command, env=dict(stack.settings.environ), cwd=local.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.match(r"\d+ Antworten geschrieben", done.stdout)
    assert "Ein Brunnen" in export_file.read_text()


def test_unknown_round(city: City, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A round that doesn't exist, or a folder that isn't there, gives one sentence and exit 1, not a traceback."""
    monkeypatch.setenv("DATA_DIR", str(city.folder))
    monkeypatch.setenv("DATABASE_URL", city.url)
    assert main(["export", "--round", "nothing"]) == 1
    assert main(["export", "--out", str(city.folder / "no" / "where.csv")]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 2


def statements() -> list[str]:
    """What people in Germany, Spain, the UK and elsewhere told their cities."""
    with DATA.open(newline="", encoding="utf-8") as opened:
        return [clean(row["text"]) for row in csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE)]


def test_real_statements(stack: Stack) -> None:
    """540 real statements as needs: none read as a command, each kept; four without an address, number or link."""

    def interview(part: list[str]) -> list[str | None]:
        resident = stack.at_need()
        return [stack.keeps(resident, text) for text in part]

    texts = statements()
    expected = [without_personal_data(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(interview, [texts[number::4] for number in range(4)]))
    assert kept == [expected[number::4] for number in range(4)]
    assert len(texts) == 540
    assert sum(text != given for text, given in zip(expected, texts, strict=True)) == 4


def test_real_statements_in_the_file(city: City, export_file: Path) -> None:
    """What is stored of 540 real statements stands in JSON Lines and in the table, character by character."""
    texts, version = statements(), city.bot.round.consent_version
    with city.database.write() as connection:
        participation = connection.execute(sa.select(tables.participations.c.id)).scalar_one()
        for number, text in enumerate(texts, 2):
            told = Give(Instance("need", number), State.ANSWERED, text)
            answers.give(connection, participation, told, version, "de", clock.now())
    lines = [json.loads(line) for line in written(city, export_file, "jsonl").decode().splitlines()]
    assert [line["text"] for line in lines[9:]] == texts
    table = list(csv.reader(io.StringIO(written(city, export_file, "csv").decode(), newline="")))
    assert [row[8] for row in table[12:]] == [defuse(text) for text in texts]
