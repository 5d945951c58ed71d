"""What the bench says still fits the questionnaire, and its bare Rasa asks the same."""

import yaml

from bench.sides import BARE
from bench.talk import BEGIN, INTERVIEW
from tests.talk import City


def test_interview(city: City) -> None:
    """The bench's interview is a whole one: it ends with the thanks, at its last message and no earlier."""
    talk = city.talk()
    ends = []
    for step in INTERVIEW:
        if step is BEGIN:
            talk.says("hallo", "greet")
        elif step.typed:
            talk.says(step.words)
        else:
            talk.presses(step.words)
        ends.append(talk.log()[-1].end)
    assert ends == [None] * (len(INTERVIEW) - 1) + ["finished"]


def test_bare_rasa(city: City) -> None:
    """The reference asks our questions in our order, but for those that a «rather not» leaves out."""
    forms = yaml.safe_load((BARE / "domain.yml").read_text("utf-8"))["forms"]
    asked = [*forms["interview"]["required_slots"], *forms["closing"]["required_slots"]]
    ours = [one.id for one in city.bot.round.questions if one.when is None or one.when.question != "about"]
    assert asked == ours
