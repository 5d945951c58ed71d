"""What a person may do with what they said: take it up elsewhere, get a copy, hand the phone on, have it gone."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from dialogue.outcome import Erasure
from dialogue.rounds import Kind
from staff.export import export
from store import clock, copies, packs, retention, tables
from store.__main__ import migrate
from tests.talk import City, Talk
from translations.catalogs import Words
from translations.languages import languages

FAR = date(2099, 1, 1)


def answers_of(talk: Talk) -> list[tuple[str, int, str | None]]:
    """What is stored under the person: question, instance, text."""
    columns = tables.answers.c.question, tables.answers.c.instance, tables.answers.c.text
    query = sa.select(*columns).join(tables.participations).where(tables.participations.c.person == talk.person)
    with talk.city.database.read() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(tables.answers.c.id))]


def count(city: City, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    """How many rows."""
    with city.database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()


# --- the code to go on with


def test_the_talk_goes_on_elsewhere_by_its_code(city: City) -> None:
    """A pause gives a code; typed on another device it brings the talk back, and the first device keeps nothing."""
    first, second = city.talk("first"), city.talk("second")
    first.at_need().says("Mehr Bäume")
    first.says("Pause", "pause")
    code = first.code()
    before = answers_of(first)
    second.says("hallo", "greet")
    assert second.says(f"Mein Code ist {code[:4]} {code[4:8]}-{code[8:12]} {code[12:16]} {code[16:]}")[0].startswith(
        "Willkommen zurück!"
    )
    assert answers_of(second) == before
    assert answers_of(first) == []
    assert [one.text for one in first.log()] == ["Dieses Gespräch geht jetzt auf einem anderen Gerät weiter."]
    assert first.log()[0].end == "closed"
    assert first.says("Hallo?", "greet")[0].startswith("Guten Tag!")
    second.says("3")
    assert answers_of(second)[-1] == ("importance", 0, "3")


def test_the_code_is_stored_nowhere(city: City, tmp_path: Path) -> None:
    """C20, D1: neither the log of the talk nor any other table or file holds the code, only its hash."""
    talk = city.talk().at_need()
    talk.says("Pause", "pause")
    code = talk.code()
    for form in (code, " ".join(code[place : place + 4] for place in range(0, 20, 4))):
        assert not [file for file in tmp_path.rglob("*") if file.is_file() and form.encode() in file.read_bytes()]


def test_native_digits_make_the_same_code(city: City) -> None:
    """A code typed in Arabic digits is the same code."""
    first, second = city.talk("first"), city.talk("second")
    first.at_need().says("Pause", "pause")
    code = first.code().translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    second.says("hallo", "greet")
    assert second.says(code)[0].startswith("Willkommen zurück!")


def test_wrong_codes_are_limited(city: City) -> None:
    """After five wrong codes within an hour the right one is not looked up either."""
    first, second = city.talk("first"), city.talk("second")
    first.at_need().says("Pause", "pause")
    code = first.code()
    second.says("hallo", "greet")
    for number in range(5):
        assert second.says(f"{number:020}")[0].startswith("Diesen Code kenne ich nicht.")
    assert second.says(code)[0].startswith("Das waren zu viele falsche Codes.")
    assert count(city, tables.answers) == 2


def test_a_code_does_not_replace_answers(city: City) -> None:
    """Where somebody has answered already, a code brings nothing in, and nothing is lost."""
    first, second = city.talk("first"), city.talk("second").at_need()
    first.at_need().says("Pause", "pause")
    assert second.says(first.code())[0].startswith("Hier hat schon jemand geantwortet.")
    assert len(answers_of(first)) == len(answers_of(second)) == 2


def test_three_secrets_are_three(city: City) -> None:
    """The code to go on with, the receipt of a deletion and the number in exports tell nothing of each other."""
    talk = city.talk().at_need()
    talk.says("Pause", "pause")
    code = talk.code()
    with city.database.read() as connection:
        row = connection.execute(sa.select(tables.participations)).one()
    talk.says("Daten löschen", "delete_my_data")
    talk.says("ja")
    receipt = json.loads((city.bot.config.journal).read_text())["code"]
    assert len(code) == 20
    assert len({code, str(row.number), row.mark, row.code, receipt}) == 5
    assert str(row.number) not in code


# --- a shared phone


def test_two_people_on_one_phone(city: City) -> None:
    """D5: somebody else answers now: the first talk is out of reach, and deleting touches the second one alone."""
    talk = city.talk().at_need()
    talk.says("Ein Geheimnis der ersten Person")
    asked = talk.says("jetzt antwortet meine Frau", "someone_else")
    code = talk.code()
    assert asked[0].startswith("Antwortet jetzt eine andere Person?")
    said = talk.says("ja")
    assert said[0].startswith("Das frühere Gespräch ist geschlossen.")
    assert talk.log()[0].end == "closed"
    assert not any("Geheimnis" in one.text for one in talk.log())
    talk.says("Deutsch")
    for text in ("ja", "ja", "Erfenbach", "Wohnen", "Der Wunsch der zweiten Person"):
        talk.says(text)
    assert not any("Geheimnis" in text for text in talk.says("meine Daten", "my_data"))
    talk.says("Daten löschen", "delete_my_data")
    talk.says("ja")
    other = city.talk("other")
    other.says("hallo", "greet")
    other.says(code)
    assert ("need", 0, "Ein Geheimnis der ersten Person") in answers_of(other)
    assert count(city, tables.answers, tables.answers.c.text == "Der Wunsch der zweiten Person") == 0


# --- danger


@pytest.mark.parametrize(("reply", "kept"), [("nein", False), ("ja", True)])
def test_danger_is_kept_only_on_the_persons_word(city: City, reply: str, kept: bool) -> None:
    """A message with danger words gets the numbers and waits; only a yes makes it an answer, a no erases it."""
    talk = city.talk().at_need()
    said = talk.says("Mein Mann schlägt mich jede Nacht")
    assert "112" in said[0]
    assert answers_of(talk)[2:] == []
    talk.says(reply)
    assert [text for _, _, text in answers_of(talk)[2:]] == (["Mein Mann schlägt mich jede Nacht"] if kept else [])
    assert count(city, tables.inbox, tables.inbox.c.text.is_not(None)) == 0


def test_what_waits_for_a_word_does_not_wait_for_ever(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """D9: after an hour the message with danger words is gone, and a late yes hears that."""
    talk = city.talk().at_need()
    talk.says("Ich will sterben")
    later = clock.now() + retention.HELD * 1.1
    assert retention.tidy(city.database, later, FAR)["held_messages"] == 1
    assert count(city, tables.inbox, tables.inbox.c.text.is_not(None)) == 0
    assert talk.says("ja")[0].startswith("Die Nachricht ist schon weg.")


# --- a copy


def test_the_copy_holds_all_of_ones_own_and_nothing_else(city: City) -> None:
    """D8: the copy for machines has every answer, earlier wordings and consents of the person, and nobody else's."""
    one, other = city.talk("one").at_need(), city.talk("other").at_need()
    one.says("Mein Baum")
    one.says("zurück", "go_back")
    one.says("Mein Park")
    other.says("Fremdes")
    with city.database.read() as connection:
        copy = copies.own(connection, one.person)
    assert [(row["question"], row["text"]) for row in copy["answers"]][2:] == [("need", "Mein Park")]
    assert [row["text"] for row in copy["earlier_answers"]] == ["Mein Baum"]
    assert copy["consents"][0]["language"] == "de"
    assert "Fremdes" not in json.dumps(copy)
    assert other.person not in json.dumps(copy)


def test_the_talk_says_what_is_stored(city: City) -> None:
    """D8: «my data» lists every answer in words, counted in the right form, and has the copy attached."""
    talk = city.talk().at_need()
    said = talk.says("meine Daten", "my_data")
    assert said[0].startswith("Das ist gespeichert, \u20682\u2069 Antworten:")
    assert "Betzenberg" in said[0]
    assert talk.log()[-2].attachment == "my_data"


# --- what stands before free text


@pytest.mark.parametrize("name", ["kaiserslautern", "musterstadt"])
def test_a_line_stands_before_free_text(name: str) -> None:
    """D16: the question for a need asks, in each language, not to write names or about the health of others."""
    round, words = packs.round(name, "needs"), Words(name)
    first = next(question for question in round.questions if question.kind is Kind.TEXT)
    for language in packs.city(name).languages:
        text = words.raw(language, first.id)
        assert all(any(word in text.lower() for word in WARNED[language][about]) for about in ("names", "health")), (
            language
        )
    assert set(languages()) >= set(WARNED)


WARNED = {
    "de": {"names": ("keine namen",), "health": ("gesundheit",)},
    "en": {"names": ("any names",), "health": ("health",)},
    "tr": {"names": ("isim", "ad "), "health": ("sağlı",)},
    "ar": {"names": ("أسماء", "اسم"), "health": ("صحة", "صحّة")},
    "ru": {"names": ("имен", "имён"), "health": ("здоровь",)},
    "uk": {"names": ("імен",), "health": ("здоров",)},
}


def test_personal_data_are_not_stored(city: City, tmp_path: Path) -> None:
    """D16: numbers, addresses and names are taken out before storing, also over two bubbles; it is said once."""
    talk = city.talk().at_need()
    said = talk.says("Ich heiße Aylin Beispiel, 0171 3920012, Königstraße 12a")
    assert any("Zu Ihrem Schutz" in text for text in said)
    assert answers_of(talk)[-1][2] == "Ich heiße [Name], [Telefon], [Adresse]"
    assert not any("Zu Ihrem Schutz" in text for text in talk.says("3") + talk.says("Ruft an: 030 23125 001"))
    talk.city.database.forget()
    for canary in ("Aylin", "3920012", "Königstraße", "23125"):
        assert not [file for file in tmp_path.rglob("*") if file.is_file() and canary.encode() in file.read_bytes()], (
            canary
        )


def test_free_text_can_be_left_out_of_an_export(city: City, tmp_path: Path) -> None:
    """D16: a working file without free texts says in their place that they are withheld, and the audit says so too."""
    talk = city.talk().at_need()
    talk.says("Ein ganz besonderer Wunsch")
    file, words = tmp_path / "file.csv", Words("kaiserslautern", "staff")
    pack, round = city.bot.city, city.bot.round
    assert export(city.database, pack, round, words, file, "csv", "somebody", clock.now(), free_text=False) == 3
    text = file.read_text("utf-8")
    assert "besonderer" not in text
    assert "[Freitext nicht freigegeben]" in text
    assert "betzenberg" in text
    with city.database.read() as connection:
        assert connection.execute(sa.select(tables.audits.c.what)).scalar_one().endswith("without free text")


# --- after a restore, and by and by


def test_the_journal_is_applied_again(city: City) -> None:
    """D7: a backup brings an erased person back, on whichever device they were then; the next start erases again."""
    first, second, third = city.talk("first"), city.talk("second"), city.talk("third").at_need()
    first.at_need().says("Soll weg")
    first.says("Pause", "pause")
    code = first.code()
    with city.database.read() as connection:
        backup = {
            table: connection.execute(sa.select(table)).mappings().all() for table in tables.metadata.sorted_tables
        }
    second.says("hallo", "greet")
    second.says(code)
    second.says("Daten löschen", "delete_my_data")
    second.says("ja")
    with city.database.write() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(table.delete())
        for table, rows in backup.items():
            if rows:
                connection.execute(table.insert(), [dict(row) for row in rows])
    assert count(city, tables.answers, tables.answers.c.text == "Soll weg") == 1
    assert migrate(city.bot.config).endswith("1")
    assert count(city, tables.answers, tables.answers.c.text == "Soll weg") == 0
    assert len(answers_of(third)) == 2
    assert migrate(city.bot.config).endswith("0")


def test_each_class_goes_in_its_time(city: City) -> None:
    """D9: keys after 48 hours, the talk's log after 30 days, answers with the project's end; each is reported."""
    talk = city.talk().at_need()
    now, end = clock.now(), (clock.now() + timedelta(days=40)).date()
    assert not any(retention.tidy(city.database, now + timedelta(hours=47), end).values())
    assert retention.tidy(city.database, now + timedelta(hours=49), end)["messages"] > 0
    assert retention.tidy(city.database, now + timedelta(days=29), end)["talks"] == 0
    assert retention.tidy(city.database, now + timedelta(days=31), end)["talks"] > 0
    assert len(answers_of(talk)) == 2
    assert retention.tidy(city.database, now + timedelta(days=42), end)["participations"] == 1
    assert answers_of(talk) == []
    with city.database.read() as connection:
        noted = connection.execute(sa.select(tables.audits.c.what).order_by(tables.audits.c.id)).scalars().all()
    assert noted[-1].startswith("retention")
    assert "participations=1" in noted[-1]


def test_a_code_after_agreeing_leaves_nothing_behind(city: City) -> None:
    """D9: whoever agrees, and then takes an earlier talk up, takes part once; tidying goes on working."""
    first, second = city.talk("first").at_need(), city.talk("second")
    first.says("Pause", "pause")
    code = first.code()
    second.at_district()
    second.says(code)
    second.says("andere Person", "someone_else")
    second.says("ja")
    assert count(city, tables.participations) == 1
    assert retention.tidy(city.database, clock.now() + timedelta(hours=49), FAR)["idle_people"] == 2


def test_underage_and_declined_leave_no_journal_line(city: City) -> None:
    """D10: who never took part has nothing in a backup, so nothing is noted of them."""
    talk = city.talk()
    talk.says("hallo", "greet")
    talk.says("Deutsch")
    talk.says("nein")
    assert not (city.bot.config.journal).exists()
    assert Erasure.UNDERAGE == "underage"


# --- instances


def test_anything_else_counts_on(city: City) -> None:
    """A11: each «anything else» gives the next instance; a second answer to one of them is its revision."""
    talk = city.talk().at_need()
    for text in ("Bäume", "3", "keine Ahnung", "ja", "Mobilität", "Busse", "5", "Mehr fahren", "nein"):
        talk.says(text)
    talk.says("ändern", "change_answer")
    talk.says("Das brauchen Sie")
    talk.says("Viele Busse")
    needs = [row for row in answers_of(talk) if row[0] == "need"]
    assert needs == [("need", 0, "Bäume"), ("need", 1, "Viele Busse")]
    assert count(city, tables.revisions) == 1
