"""What people tell before they are asked, or in other words than we expect, is kept where it belongs."""

import pytest

from tests.talk import City

IBANS = [
    "Bitte überweisen Sie mir das Geld auf TR33 0006 1005 1978 6457 8413 26",
    "гроші на UA21 3223 1300 0002 6007 2335 6600 1 будь ласка",
    "PL61 1090 1014 0000 0712 1981 2874 ist mein Konto",
]


@pytest.mark.parametrize("text", IBANS)
def test_an_account_number_is_no_code(city: City, text: str) -> None:
    """An answer with an account number of twenty digits in groups is an answer, without the number."""
    talk = city.talk().at_need()
    talk.says(text)
    kept = talk.given()[-1]
    assert kept[:3] == ("need", 0, "answered")
    assert "[IBAN]" in (kept[3] or "")
    assert not any(group in (kept[3] or "") for group in ("0006", "3223", "1090"))


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("Wohnung zu teuer", "housing"),
        ("Die Wohnung ist feucht", "housing"),
        ("الإيجار غالي جدا", "housing"),
        ("mehr Busse", None),
        ("Bus kommt nie", None),
        ("keine Ärzte", None),
        ("мало лікарів", "health"),
    ],
)
def test_a_short_need_at_the_theme_is_kept(city: City, text: str, theme: str | None) -> None:
    """A need of few words, told when the theme is asked, is kept as the need; a theme that it names is noted."""
    talk = city.talk().at_theme()
    talk.says(text)
    (_, _, state, value), need = talk.given()[1:]
    assert need == ("need", 0, "answered", text)
    assert (state, value) == (("answered", theme) if theme else ("later", None))


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("Wohnen", "housing"),
        ("Thema Wohnen bitte", "housing"),
        ("die Wohnung", "housing"),
        ("Wohnugn", "housing"),
        ("it's about housing", "housing"),
        ("Gesundheit und Pflege", "health"),
    ],
)
def test_a_theme_alone_is_a_theme(city: City, text: str, theme: str) -> None:
    """Who only names a theme, be it mistyped or in a sentence, has told no need yet."""
    talk = city.talk().at_theme()
    talk.says(text)
    assert talk.given()[1:] == [("theme", 0, "answered", theme)]


@pytest.mark.parametrize(
    ("text", "meant", "kept"),
    [
        ("nein das wars erstmal", "no", "no"),
        ("nein mehr fällt mir nicht ein", "no", "no"),
        ("ja ich habe noch was", "yes", "yes"),
        ("نعم شكرا لك", "yes", "yes"),
    ],
)
def test_a_yes_or_no_in_other_words(city: City, text: str, meant: str, kept: str) -> None:
    """At «anything else?» a yes or no in other words is one, if it begins with the word; it is no need."""
    talk = city.talk().at_need()
    for said in ("Mehr Bäume", "3", "keine Idee"):
        talk.says(said)
    talk.says(text, meant=meant)
    assert talk.given()[-1] == ("more", 0, "answered", kept)


@pytest.mark.parametrize("text", ["ja, ein Arzt fehlt", "Busse fahren zu selten"])
def test_a_need_that_only_sounds_like_a_yes(city: City, text: str) -> None:
    """What does not begin with the word that the classifier heard is the next need."""
    talk = city.talk().at_need()
    for said in ("Mehr Bäume", "3", "keine Idee"):
        talk.says(said)
    talk.says(text, meant="no")
    assert talk.given()[-1] == ("need", 1, "answered", text)


def test_a_command_told_ahead_is_taken_back_whole(city: City) -> None:
    """Told at the theme and meant as «skip»: nothing of it stays, and what is skipped is the theme."""
    talk = city.talk().at_theme()
    talk.says("lass uns das Thema überspringen", meant="skip")
    assert [row[0] for row in talk.given()] == ["district", "theme", "need"]
    talk.says("ja")
    assert talk.given()[1:] == [("theme", 0, "skipped", None)]
    assert talk.log()[-1].asked == ("need", 0)


def test_a_stop_told_at_anything_else_is_taken_back_whole(city: City) -> None:
    """Told at «anything else?» and meant as «stop»: neither a yes nor a further need stays behind."""
    talk = city.talk().at_need()
    for said in ("Mehr Bäume", "3", "keine Idee"):
        talk.says(said)
    before = talk.given()
    talk.says("wir machen hier besser Schluss", meant="stop")
    talk.says("ja")
    assert talk.given() == before


def test_who_goes_on_with_the_thought_meant_it(city: City) -> None:
    """A further bubble while «did you mean …?» stands there: it was an answer, and both are kept."""
    talk = city.talk().at_need()
    talk.receive("stoppt endlich")
    talk.receive("die Lastwagen vor der Schule")
    for meant in ("stop", None):
        taken = talk.take()
        talk.perform(taken, meant=meant)
        talk.deliver(taken)
    assert talk.given()[-1] == ("need", 0, "answered", "stoppt endlich\ndie Lastwagen vor der Schule")
    assert talk.log()[-1].asked == ("importance", 0)


def test_a_theme_put_off_can_be_left(city: City) -> None:
    """«weiß nicht» at the place where a theme that was put off is asked again leaves it open for good."""
    talk = city.talk().at_theme()
    for text in ("weiß nicht", "Mehr Bäume", "3", "keine Idee"):
        talk.says(text)
    assert talk.log()[-1].asked == ("theme", 0)
    talk.says("weiß nicht")
    assert talk.given()[1] == ("theme", 0, "skipped", None)
    assert talk.log()[-1].asked == ("more", 0)


@pytest.mark.parametrize("text", ["Noch etwas sagen", "Und die Busse fahren abends nicht mehr"])
def test_after_the_end_more_may_be_said(city: City, text: str) -> None:
    """After the end, typed words do what the button does; a whole need is kept as the next one."""
    talk = city.talk().at_need()
    for said in ("Mehr Bäume", "3", "keine Idee", "nein", "nein", "ja"):
        talk.says(said)
    assert talk.log()[-1].end == "finished"
    talk.says(text)
    assert ("more", 0, "answered", "yes") in talk.given()
    if "Busse" in text:
        assert talk.given()[-1] == ("need", 1, "answered", text)
    else:
        assert talk.log()[-1].asked == ("theme", 1)


@pytest.mark.parametrize("text", ["ok", "ja", "nein", "👍", "danke dir"])
def test_after_the_end_nothing_is_made_of_little(city: City, text: str) -> None:
    """A polite word after the end opens nothing and changes nothing."""
    talk = city.talk().at_need()
    for said in ("Mehr Bäume", "3", "keine Idee", "nein", "nein", "ja"):
        talk.says(said)
    before = talk.given()
    talk.says(text, "thank" if "danke" in text else "answer")
    assert talk.given() == before
