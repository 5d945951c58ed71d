"""Nobody agrees to what they have not read: a word that was on its way before a question was put."""

import pytest

from tests.talk import City


def test_nobody_hands_over_unread(city: City) -> None:
    """«andere Person» and «ja» in a row close nothing: the question with the code stands there first."""
    talk = city.talk().at_need()
    talk.receive("andere Person")
    talk.receive("ja")
    for act in ("someone_else", "answer"):
        taken = talk.take()
        talk.perform(taken, act)
        talk.deliver(taken)
    assert len(talk.given()) == 2
    assert talk.log()[-1].asked == ("someone_else", 0)


def test_nobody_confirms_a_summary_unread(city: City) -> None:
    """D3: a «ja» too many at the question before does not confirm what will be handed on."""
    talk = city.talk().at_need()
    for text in ("Mehr Bäume", "3", "keine"):
        talk.says(text)
    talk.says("nein")
    talk.says_at_once("nein", "ja")
    assert talk.log()[-1].asked == ("review", 0)
    assert ("review", 0, "answered", "yes") not in talk.given()


def test_one_skip_too_many_skips_one(city: City) -> None:
    """Who types «überspringen» twice in a hurry has skipped one question: the next one has not been read yet."""
    talk = city.talk().at_need()
    talk.receive("überspringen")
    talk.receive("überspringen")
    for _ in range(2):
        taken = talk.take()
        talk.perform(taken, "skip")
        talk.deliver(taken)
    assert talk.given()[2:] == [("need", 0, "skipped", None)]
    assert talk.log()[-1].asked == ("more", 0)


def test_a_yes_after_a_stop_is_no_consent(city: City) -> None:
    """D3: stopped at the consent question, «ja» to «write again to go on» only goes on; then it is asked."""
    talk = city.talk()
    talk.says("hallo", "greet")
    for text in ("Deutsch", "ja"):
        talk.says(text)
    talk.says("stopp", "stop")
    assert talk.says("ja")[0].endswith("Wir machen weiter.")
    assert talk.log()[-1].asked == ("consent", 0)
    assert talk.given() == []
    talk.says("ja")
    assert talk.log()[-1].asked == ("district", 0)


@pytest.mark.parametrize("aside", ["Daten löschen", "andere Person", "ändern"])
def test_a_talk_taken_up_brings_no_open_question_along(city: City, aside: str) -> None:
    """What this device was being asked aside is not asked of the talk that is taken up: a «ja» deletes nothing."""
    acts = {"Daten löschen": "delete_my_data", "andere Person": "someone_else", "ändern": "change_answer"}
    first, second = city.talk("first").at_need(), city.talk("second")
    first.says("Pause", "pause")
    code = first.code()
    second.at_district()
    second.says(aside, acts[aside])
    second.says(code)
    second.says("ja")
    assert second.given()[:2] == [("district", 0, "answered", "betzenberg"), ("theme", 0, "answered", "housing")]
    assert first.given() == []


def test_a_question_passed_over_does_not_shut_a_code_out(city: City) -> None:
    """Where only a question was skipped, the code still brings the talk back."""
    first, second = city.talk("first").at_need(), city.talk("second")
    first.says("Pause", "pause")
    code = first.code()
    second.at_district()
    second.says("überspringen", "skip")
    assert second.says(code)[0].startswith("Willkommen zurück!")
    assert len(second.given()) == 2
