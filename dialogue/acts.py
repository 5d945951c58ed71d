"""What a message does, by its act and the question it belongs to. Pure: progress in, outcome out."""

from collections.abc import Callable
from dataclasses import replace

from dialogue import moments
from dialogue.answering import answer
from dialogue.delicate import Moment
from dialogue.outcome import (
    Change,
    Choice,
    ChooseLanguage,
    Give,
    HandOver,
    Outcome,
    Resume,
    Revisit,
    Say,
    StandAside,
    Stop,
    TakeUp,
    Withdraw,
)
from dialogue.progress import State, Step, doubted, open_question, passed, previous_question
from dialogue.reading import named_language, read
from dialogue.rounds import OPENING, Instance, Kind
from dialogue.scene import Claim, Heard, Scene
from dialogue.summary import said, summary


def perform(scene: Scene) -> Outcome:
    """The outcome of a message. An act that nobody knows is answered like one that nobody understood."""
    moment = moments.told(scene)
    guessed = "emergency" in (scene.heard.meant, scene.heard.act)
    if guessed and moment not in (None, Moment.danger):
        # The rules know what it is; the guess that it is worse counts no more.
        scene, guessed = replace(scene, heard=replace(scene.heard, act="answer", meant=None)), False
    danger = moment is Moment.danger or guessed
    if scene.progress.barred:
        numbers = (moments.first_numbers(scene),) if danger else ()
        return Outcome(says=(*numbers, Say("underage_again", end="finished")), silent=True)
    if danger:
        return moments.emergency(scene)
    if scene.claim:
        return _claimed(scene, scene.claim)
    outcome = _woken(scene, ACTS.get(scene.heard.act, not_understood))
    if scene.progress.aside == "keep" and scene.heard.act not in ANSWERS and _puts_aside(outcome):
        outcome = replace(outcome, says=(Say("not_kept"), *outcome.says))
    if moment and not outcome.erases:
        outcome = replace(outcome, says=(*_understood(outcome), Say(moment, lines=scene.numbers(moment))))
    if outcome.missed and scene.progress.misses:
        outcome = replace(outcome, says=(*outcome.says, Say("stuck")), offers=_offers(scene))
    return outcome


def skip(scene: Scene) -> Outcome:
    """Passes the open question over. What was answered before stays as it is."""
    asked = scene.open
    if asked is None or scene.heard.early:
        return Outcome()
    if scene.heard.value is not None and scene.heard.asked != asked:
        return Outcome(says=(Say("button_old"),))
    question = scene.round.question(asked.question)
    if scene.progress.aside:
        return Outcome((StandAside(None),), (Say("kept"),) if asked.question == "delete" else ())
    if scene.progress.revisit and passed(scene.round, scene.progress, Step(asked)):
        told = "unchanged"
        if question.kind is Kind.LANGUAGES:  # it is open again with each one that is pressed
            told = "saved" if asked in said(scene.round, scene.progress) else "skipped"
        return Outcome((Revisit(None),), (Say(told),))
    if question.again:
        return Outcome((Give(asked, State.ANSWERED, "no"),))
    if not question.skip:
        own = question.kind in OPENING or question.kind is Kind.REVIEW
        return Outcome(says=(Say(f"needed.{question.kind}" if own else "needed"),))
    return Outcome((Give(asked, State.SKIPPED),), (Say("skipped"),))


def go_back(scene: Scene) -> Outcome:
    """To the question before; answering it again revises the answer."""
    if scene.progress.aside:
        return Outcome((StandAside(None),))
    earlier = previous_question(scene.round, scene.progress)
    if earlier is None:
        return Outcome(says=(Say("first_already"),))
    return Outcome((Revisit(earlier),), (Say("going_back"),))


def change_answer(scene: Scene) -> Outcome:
    """Asks which answer shall be another one."""
    if not said(scene.round, scene.progress):
        return Outcome(says=(Say("nothing_to_change"),))
    return Outcome((StandAside("change"),))


def repeat(scene: Scene) -> Outcome:
    """Asks the open question once more."""
    return Outcome()


def pause(scene: Scene) -> Outcome:
    """Waits until the person comes back, here or with the code elsewhere."""
    return _wait(scene, "paused")


def resume(scene: Scene) -> Outcome:
    """Goes on where it stopped; to somebody new it says how a code brings an earlier talk back."""
    if scene.progress.consent is None:
        return Outcome(says=(Say("resume_how"),))
    return Outcome(says=(Say("welcome_back"),))


def stop(scene: Scene) -> Outcome:
    """Stops the interview; what was said stays, and a later message goes on."""
    return _wait(scene, "stopped")


def tell(key: str) -> Callable[[Scene], Outcome]:
    """An act that says one sentence, in which {city} may stand, and asks the question again."""

    def told(scene: Scene) -> Outcome:
        return Outcome(says=(Say(key, {"city": scene.city.name}),))

    return told


def why_do_you_ask(scene: Scene) -> Outcome:
    """Why the open question is asked."""
    asked = scene.open
    return Outcome(says=(Say(f"{asked.question}.why" if asked and not scene.progress.aside else "why"),))


def talk_to_a_person(scene: Scene) -> Outcome:
    """Whom one can ring or write to."""
    return Outcome(says=(Say("talk_to_a_person", lines=scene.numbers("person")),))


def change_language(scene: Scene) -> Outcome:
    """To the language that is named, or asks which one."""
    named = scene.heard.value or named_language(scene.heard.text or "", scene.lexicon)
    if named is None or (named == scene.progress.language and scene.heard.value is None):
        # Who names the language that is spoken already, most likely says that they don't understand it.
        asked_already = scene.progress.aside == "switch"
        return Outcome((StandAside("switch"),), (Say(f"unclear.{Kind.LANGUAGE}"),) if asked_already else ())
    aside = (StandAside(None),) if scene.progress.aside == "switch" else ()
    return Outcome((ChooseLanguage(named), *aside), (Say("language_chosen"),))


def my_data(scene: Scene) -> Outcome:
    """Shows what is stored; the channel adds a copy that machines can read."""
    lines = summary(scene.city, scene.round, scene.progress)
    if not lines:
        return Outcome(says=(Say("my_data_none", attachment="my_data"),))
    return Outcome(says=(Say("my_data", count=len(lines), lines=lines, attachment="my_data"),))


def delete_my_data(scene: Scene) -> Outcome:
    """Asks once more; only the yes to that erases."""
    asked_already = scene.progress.aside == "delete"
    return Outcome((StandAside("delete"),), (Say("unclear.yes_no"),) if asked_already else ())


def someone_else(scene: Scene) -> Outcome:
    """Closes the talk for the next person, after a question; at once where nothing is kept yet."""
    if scene.progress.code is None:
        return Outcome((HandOver(),), (Say("handed_over", end="closed"),), silent=True)
    return Outcome((StandAside("someone_else"),))


def greet(scene: Scene) -> Outcome:
    """Says who this is; to somebody who is in the middle of the interview: welcome back."""
    if scene.progress.language is None:
        return Outcome(says=(Say("intro", {"city": scene.city.name}),))
    return Outcome(says=(Say("welcome_back"),))


def not_understood(scene: Scene) -> Outcome:
    """Says so, with what can be done, and asks again."""
    question = scene.question
    if scene.open is None and scene.progress.answers:
        return Outcome(says=(Say("finished_already"),))
    return Outcome(says=(Say(f"unclear.{question.kind}" if question else "unclear"),))


def _wait(scene: Scene, told: str) -> Outcome:
    """Nothing is asked until the person writes again, here or, with the code, elsewhere."""
    code = scene.progress.code
    says = (Say(told), Say("code", {"code": code})) if code else (Say("stopped_early"),)
    return Outcome((Stop(), StandAside(None)), says, silent=True)


def _woken(scene: Scene, act: Callable[[Scene], Outcome]) -> Outcome:
    """The act's outcome; whoever had stopped goes on by it, if it is not about stopping itself."""
    if not scene.progress.stopped:
        return act(scene)
    heard, question = scene.heard, scene.question
    agrees = heard.text and heard.act in ANSWERS and question and question.kind in _AGREED_TO
    if heard.act in _ONLY_RESUME or agrees:
        return Outcome((Resume(),), (Say("welcome_back"),))
    outcome = act(scene)
    if heard.act in ("help", "thank"):
        return replace(outcome, silent=True)
    if heard.act in ("stop", "pause", "delete_my_data"):
        return outcome
    return replace(outcome, changes=(*outcome.changes, Resume()))


def _puts_aside(outcome: Outcome) -> bool:
    """Whether another question takes the place of the one that stood aside, or none."""
    return any(isinstance(change, StandAside) for change in outcome.changes)


def _claimed(scene: Scene, claim: Claim) -> Outcome:
    if claim is not Claim.FOUND or scene.claimed is None:
        return Outcome(says=(Say(f"code_{claim}"),))
    if any(given.state is State.ANSWERED for given in scene.progress.answers.values()):
        return Outcome(says=(Say("code_taken"),))
    return Outcome((TakeUp(scene.claimed),), (Say("taken_up"),))


def _understood(outcome: Outcome) -> tuple[Say, ...]:
    """Help is an answer too: whoever gets it is not told that they were not understood."""
    return tuple(say for say in outcome.says if not say.key.startswith("unclear"))


def _offers(scene: Scene) -> tuple[Choice, ...]:
    """What to offer after two misunderstandings in a row."""
    asked = scene.open
    skippable = asked is not None and not scene.progress.aside and scene.round.question(asked.question).skip
    skipping = (Choice("", key="skip", act="skip"),) if skippable else ()
    return (
        *skipping,
        Choice("", key="offer.language", act="change_language"),
        Choice("", key="offer.person", act="talk_to_a_person"),
    )


def _answer(scene: Scene) -> Outcome:
    """An answer; but a yes to «did you mean …?» does that act."""
    meant = scene.heard.asked == scene.open == Instance("meant", 0) and scene.question
    text = scene.heard.value or scene.heard.text or ""
    if meant and "yes" in (text, read(meant, text, scene.lexicon)):
        return _mean(scene)
    return answer(scene)


def _mean(scene: Scene) -> Outcome:
    """What was kept as an answer was meant as an act: it goes, what stood there is there again, the act is done."""
    act, told = doubted(scene.progress.about or "")
    asked = told[0]
    text = given.value if (given := scene.progress.answers.get(asked)) else None
    answers = scene.progress.answers.but({}, gone=told)
    here = replace(scene.progress, aside=None, about=None, before=None, answers=answers)
    back: tuple[Change, ...] = ()
    if before := scene.progress.before:
        here, back = replace(here, answers=answers.but({asked: before}), revisit=asked), (Revisit(asked),)
    heard = Heard(act, text, asked=open_question(scene.round, here))
    outcome = ACTS.get(act, not_understood)(replace(scene, progress=here, heard=heard))
    return replace(outcome, changes=(*map(Withdraw, told), StandAside(None), *back, *outcome.changes))


ANSWERS = ("answer", "yes", "no")
"""The acts that belong to the open question."""

_ONLY_RESUME = ("skip", "greet", "repeat", "yes", "resume")
"""To somebody who had stopped, «weiter» and the like mean: go on; not: skip the question."""

_AGREED_TO = (Kind.AGE_GATE, Kind.CONSENT, Kind.REVIEW)
"""Nor is a typed yes, right after a stop, the yes to one of these."""

ACTS: dict[str, Callable[[Scene], Outcome]] = {
    "answer": _answer,
    "yes": _answer,
    "no": _answer,
    "skip": skip,
    "go_back": go_back,
    "change_answer": change_answer,
    "repeat": repeat,
    "pause": pause,
    "resume": resume,
    "stop": stop,
    "help": tell("help"),
    "who_are_you": tell("who_are_you"),
    "why_do_you_ask": why_do_you_ask,
    "change_language": change_language,
    "privacy": tell("privacy"),
    "my_data": my_data,
    "delete_my_data": delete_my_data,
    "results": tell("results"),
    "talk_to_a_person": talk_to_a_person,
    "thank": tell("thank"),
    "greet": greet,
    "insult": tell("insult"),
    "emergency": moments.emergency,
    "someone_else": someone_else,
    "not_understood": not_understood,
}
