"""What a message does, by its act and the question it belongs to. Pure: progress in, outcome out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from dialogue.outcome import (
    Change,
    ChooseLanguage,
    ConfirmAdult,
    Consent,
    Erase,
    Erasure,
    Give,
    Outcome,
    Resume,
    Revisit,
    Say,
    StandAside,
    Stop,
)
from dialogue.progress import Given, Progress, State, open_question, passed, previous_question
from dialogue.questions import DECLINE
from dialogue.reading import Lexicon, named_language, read
from dialogue.rounds import OPENING, City, Instance, Kind, Question, Round
from dialogue.texts import has_words

LONGEST_ANSWER = 8000
"""Characters that an answer may grow to by further bubbles; each keeps the one before as a revision."""


@dataclass(frozen=True)
class Heard:
    """One message of a person, with the question instance that it was bound to when it was first taken."""

    act: str
    text: str | None = None
    value: str | None = None
    """The option of a pressed button."""
    asked: Instance | None = None
    append: bool = False
    """The text belongs to the answer given a moment ago: people write one thought in three bubbles."""


@dataclass(frozen=True)
class Scene:
    """Everything an act needs to know."""

    city: City
    round: Round
    lexicon: Lexicon
    progress: Progress
    heard: Heard

    @property
    def open(self) -> Instance | None:
        """The question that is open now."""
        return open_question(self.round, self.progress)

    @property
    def question(self) -> Question | None:
        """The question that the message was bound to, None if there is no such question any more."""
        try:
            return self.round.question(self.heard.asked.question) if self.heard.asked else None
        except KeyError:
            return None


def perform(scene: Scene) -> Outcome:
    """The outcome of a message. An act that nobody knows is answered like one that nobody understood."""
    if scene.progress.barred:
        return Outcome(says=(Say("underage_again", end="finished"),), silent=True)
    if scene.progress.stopped and scene.heard.act in _ONLY_RESUME:
        return Outcome((Resume(),), (Say("welcome_back"),))
    outcome = ACTS.get(scene.heard.act, not_understood)(scene)
    if scene.progress.stopped and scene.heard.act not in ("stop", "help", "delete_my_data"):
        return Outcome((*outcome.changes, Resume()), outcome.says, outcome.silent)
    return outcome


def answer(scene: Scene) -> Outcome:
    """The text or button as an answer to the question that it was bound to."""
    question, asked = scene.question, scene.heard.asked
    if asked is None:
        return Outcome(says=(Say("finished_already"),))
    if question is None or not _still_valid(scene, question, asked):
        return Outcome(says=(Say("button_old"),) if scene.heard.value is not None else ())
    value = scene.heard.value or read(question, scene.heard.text or "", scene.lexicon)
    if value is None and scene.heard.act in ("yes", "no") and question.again:
        # Only here may the classifier's guess count: consent, age and deletion want a word that we know.
        value = scene.heard.act
    if value is None and question.again and scene.heard.text:
        return _another(scene, asked, scene.heard.text)
    if value is None:
        return Outcome(says=(Say(f"unclear.{question.kind}"),))
    return _ANSWERS[question.kind](scene, asked, value)


def skip(scene: Scene) -> Outcome:
    """Passes the open question over. What was answered before stays as it is."""
    asked = scene.open
    if asked is None:
        return Outcome(says=(Say("finished_already"),))
    if scene.heard.value is not None and scene.heard.asked != asked:
        return Outcome(says=(Say("button_old"),))
    question = scene.round.question(asked.question)
    if scene.progress.aside:
        return Outcome((StandAside(None),), (Say("kept"),) if asked.question == "delete" else ())
    if scene.progress.revisit and passed(scene.round, scene.progress, asked):
        return Outcome((Revisit(None),), (Say("unchanged"),))
    if question.again:
        return Outcome((Give(asked, State.ANSWERED, "no"),))
    if not question.skip:
        return Outcome(says=(Say(f"needed.{question.kind}"),))
    return Outcome((Give(asked, State.SKIPPED),), (Say("skipped"),))


def go_back(scene: Scene) -> Outcome:
    """To the question before; answering it again revises the answer."""
    if scene.progress.aside:
        return Outcome((StandAside(None),))
    earlier = previous_question(scene.round, scene.progress)
    if earlier is None:
        return Outcome(says=(Say("first_already"),))
    return Outcome((Revisit(earlier),), (Say("going_back"),))


def repeat(scene: Scene) -> Outcome:
    """Asks the open question once more."""
    return Outcome()


def stop(scene: Scene) -> Outcome:
    """Stops the interview; what was said stays, and a later message goes on."""
    said = "stopped" if scene.progress.consent else "stopped_early"
    return Outcome((Stop(), StandAside(None)), (Say(said),), silent=True)


def help_(scene: Scene) -> Outcome:
    """Says what can be done at any time."""
    return Outcome(says=(Say("help"),))


def change_language(scene: Scene) -> Outcome:
    """To the language that is named, or asks which one."""
    named = scene.heard.value or named_language(scene.heard.text or "", scene.lexicon)
    if named is None:
        return Outcome((StandAside("switch"),))
    return _choose(scene, Instance("switch", 0), named)


def delete_my_data(scene: Scene) -> Outcome:
    """Asks once more; only the yes to that erases."""
    asked_already = scene.progress.aside == "delete"
    return Outcome((StandAside("delete"),), (Say("unclear.yes_no"),) if asked_already else ())


def greet(scene: Scene) -> Outcome:
    """Says who this is; to somebody who is in the middle of the interview: welcome back."""
    if scene.progress.language is None:
        return Outcome(says=(Say("intro", {"city": scene.city.name}),))
    return Outcome(says=(Say("welcome_back"),))


def not_understood(scene: Scene) -> Outcome:
    """Says so, with what can be done, and asks again."""
    question = scene.question
    return Outcome(says=(Say(f"unclear.{question.kind}" if question else "unclear"),))


def _still_valid(scene: Scene, question: Question, asked: Instance) -> bool:
    """Whether an answer to this instance may count: it is open, or a plain answer was given that this revises."""
    if asked == scene.open:
        return True
    consented = scene.progress.consent == scene.round.consent_version
    return consented and question.kind not in OPENING and asked in scene.progress.answers


def _choose(scene: Scene, asked: Instance, value: str) -> Outcome:
    changes: list[Change] = [ChooseLanguage(value)]
    if scene.progress.aside == "switch":
        changes.append(StandAside(None))
    if scene.progress.revisit == asked:
        changes.append(Revisit(None))
    return Outcome(tuple(changes), (Say("language_chosen"),))


def _age(scene: Scene, asked: Instance, value: str) -> Outcome:
    if value == "no":
        return Outcome((Erase(Erasure.UNDERAGE),), (Say("underage", end="erased"),), silent=True)
    return Outcome((ConfirmAdult(), *_forward(scene, asked)))


def _consent(scene: Scene, asked: Instance, value: str) -> Outcome:
    if value == "yes":
        return Outcome((Consent(scene.round.consent_version), *_forward(scene, asked)), (Say("consented"),))
    if scene.progress.answers:
        return Outcome((StandAside("delete"),))
    return Outcome((Erase(Erasure.DECLINED),), (Say("declined", end="erased"),), silent=True)


def _district(scene: Scene, asked: Instance, value: str) -> Outcome:
    if value == DECLINE:
        return Outcome((Give(asked, State.DECLINED), *_forward(scene, asked)), (Say("declined_district"),))
    name = next((district.name for district in scene.city.districts if district.id == value), None)
    if name is None:
        return Outcome(says=(Say("button_old"),))
    said = Say("district_changed" if asked in scene.progress.answers else "district_noted", {"district": name})
    return Outcome((Give(asked, State.ANSWERED, value), *_forward(scene, asked)), (said,))


def _text(scene: Scene, asked: Instance, value: str) -> Outcome:
    if scene.heard.append:
        earlier = scene.progress.answers.get(asked)
        if earlier and len(earlier.value or "") + len(value) > LONGEST_ANSWER:
            return Outcome(says=(Say("answer_full"),))
        said = Say("added")
    elif asked in scene.progress.answers:
        said = Say("changed")
    else:
        said = _saved(value)
    give = Give(asked, State.ANSWERED, value, append=scene.heard.append)
    return Outcome((give, *_forward(scene, asked)), (said,))


def _saved(text: str) -> Say:
    return Say("saved" if has_words(text) else "saved_without_words")


def _another(scene: Scene, asked: Instance, text: str) -> Outcome:
    """Asked whether there is anything else, the person says it at once: a yes, and the answer to what comes next."""
    yes = Give(asked, State.ANSWERED, "yes")
    opened = replace(scene.progress, revisit=None, answers={**scene.progress.answers, asked: Given(yes.state, "yes")})
    following = open_question(scene.round, opened)
    if following is None or scene.round.question(following.question).kind is not Kind.TEXT:
        return Outcome(says=(Say("unclear.yes_no"),))
    changes = (yes, Give(following, State.ANSWERED, text), *_forward(scene, asked))
    return Outcome(changes, (_saved(text),))


def _yes_no(scene: Scene, asked: Instance, value: str) -> Outcome:
    if asked.question == "delete":
        if value == "yes":
            return Outcome((Erase(Erasure.ASKED),), silent=True)
        return Outcome((StandAside(None),), (Say("kept"),))
    return Outcome((Give(asked, State.ANSWERED, value), *_forward(scene, asked)))


def _forward(scene: Scene, asked: Instance) -> tuple[Change, ...]:
    return (Revisit(None),) if scene.progress.revisit == asked else ()


_ONLY_RESUME = ("skip", "greet", "repeat", "yes")
"""To somebody who had stopped, «weiter» and the like mean: go on; not: skip the question."""

_ANSWERS: dict[Kind, Callable[[Scene, Instance, str], Outcome]] = {
    Kind.LANGUAGE: _choose,
    Kind.AGE_GATE: _age,
    Kind.CONSENT: _consent,
    Kind.DISTRICT: _district,
    Kind.TEXT: _text,
    Kind.YES_NO: _yes_no,
}

ACTS: dict[str, Callable[[Scene], Outcome]] = {
    "answer": answer,
    "yes": answer,
    "no": answer,
    "skip": skip,
    "go_back": go_back,
    "repeat": repeat,
    "stop": stop,
    "help": help_,
    "change_language": change_language,
    "delete_my_data": delete_my_data,
    "greet": greet,
    "not_understood": not_understood,
}
