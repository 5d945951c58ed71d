"""What a delicate moment does to a message: which one is told, the numbers to ring, what waits for a word. Pure."""

from dialogue import delicate
from dialogue.delicate import Moment
from dialogue.outcome import HoldMore, Outcome, Say, StandAside
from dialogue.scene import Scene


def told(scene: Scene) -> Moment | None:
    """The delicate moment of the message; a danger may also be told in two bubbles."""
    if not scene.heard.text:
        return None
    moment = delicate.find(scene.heard.text, scene.lexicon.moments)
    given = scene.progress.answers.get(scene.heard.asked) if scene.heard.append and scene.heard.asked else None
    if given is None or delicate.find(given.value or "", scene.lexicon.moments) is Moment.danger:
        return moment
    joined = delicate.find(f"{given.value} {scene.heard.text}", scene.lexicon.moments)
    return joined if joined is Moment.danger else moment


def first_numbers(scene: Scene) -> Say:
    """Whom to ring at once."""
    return Say("emergency", lines=scene.numbers("emergency"))


def emergency(scene: Scene) -> Outcome:
    """Numbers to ring at once. What was written is not kept, unless the person says so; nothing else is asked."""
    heard, question = scene.heard, scene.question
    if scene.progress.aside == "keep" and heard.text:
        return Outcome((HoldMore(heard.text),), (first_numbers(scene),))
    here = heard.append or heard.asked == scene.open
    in_own_words = bool(heard.text) and question is not None and question.free and here
    if in_own_words and scene.progress.consent == scene.round.consent_version:
        return Outcome((StandAside("keep", heard.key),), (first_numbers(scene),))
    return Outcome(says=(first_numbers(scene), Say("emergency_on")), silent=True)
