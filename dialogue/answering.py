"""An answer, by the kind of its question. Pure: a scene in, an outcome out."""

from collections.abc import Callable
from dataclasses import replace

from dialogue.outcome import (
    Change,
    Choice,
    ChooseLanguage,
    ConfirmAdult,
    Consent,
    Erase,
    Erasure,
    Give,
    HandOver,
    HoldMore,
    Outcome,
    Revisit,
    Say,
    StandAside,
    Told,
)
from dialogue.progress import YES, Given, State, doubt, open_question
from dialogue.questions import DECLINE, LATER, option_choices
from dialogue.reading import candidates, read, tells_besides
from dialogue.redact import redact
from dialogue.rounds import OPENING, YES_OR_NO, Instance, Kind, Question
from dialogue.scene import Scene
from dialogue.summary import line, said
from dialogue.texts import has_words

LONGEST_ANSWER = 8000
"""Characters that an answer may grow to by further bubbles; each keeps the one before as a revision."""
YES_NO_ACTS = ("yes", "no")
SHORTEST_NEED = 12
"""Characters from which a single word told ahead of its question is taken for a need."""


def answer(scene: Scene) -> Outcome:
    """The text or button as an answer to the question that it was bound to."""
    question, asked = scene.question, scene.heard.asked
    if asked is None:
        return Outcome(says=(Say("finished_already"),))
    if question is None or not _still_valid(scene, question, asked):
        return Outcome(says=(Say("button_old"),) if scene.heard.value is not None else ())
    text = scene.heard.text or ""
    if scene.open is None and text and not _tells(text):
        return Outcome(says=(Say("finished_already"),))
    value = scene.heard.value or read(question, text, scene.lexicon) or _guessed(scene, question)
    besides = question.kind is Kind.THEME and bool(text) and tells_besides(question, text, scene.lexicon)
    if value is not None and scene.heard.early and question.kind in (*YES_OR_NO, Kind.REVIEW):
        return Outcome()
    if value is not None:
        return _ahead(scene, asked, text, value) if besides else _ANSWERS[question.kind](scene, asked, value)
    if question.id == "keep":
        return _held_more(scene, text)
    near = candidates(question, text, scene.lexicon) if text and not besides else ()
    if near:
        return _which(scene, question, asked, near)
    if question.free and _tells(text):
        return _ahead(scene, asked, text)
    return Outcome(says=(Say(f"unclear.{question.kind}"),))


def _guessed(scene: Scene, question: Question) -> str | None:
    """A yes or no in other words. Only at «anything else?» may the classifier's guess count.

    Consent, age and deletion want a word that we know.
    """
    guess = scene.heard.meant if scene.heard.meant in YES_NO_ACTS else scene.heard.act
    if not question.again or guess not in YES_NO_ACTS:
        return None
    first = (scene.heard.text or "").split()[:1]
    alike = guess == scene.heard.act or read(question, "".join(first), scene.lexicon) == guess
    return guess if alike else None


def _still_valid(scene: Scene, question: Question, asked: Instance) -> bool:
    """Whether an answer to this instance may count: it is open, or a plain answer was given that this revises."""
    if asked == scene.open:
        return True
    consented = scene.progress.consent == scene.round.consent_version
    return consented and question.kind not in OPENING and asked in scene.progress.answers


def _which(scene: Scene, question: Question, asked: Instance, near: tuple[str, ...]) -> Outcome:
    """Asks which of the options that look alike is meant."""
    offered = tuple(choice for choice in option_choices(scene.city, question) if choice.value in near)
    offered = (*offered, Choice("", key="none_of_these", act="repeat"))
    return Outcome(says=(Say(f"which.{question.kind}", choices=offered, asked=asked),), silent=True)


def _choose(scene: Scene, asked: Instance, value: str) -> Outcome:
    changes: list[Change] = [ChooseLanguage(value)]
    if scene.progress.aside == "switch":
        changes.append(StandAside(None))
    return Outcome((*changes, *_forward(scene, asked)), (Say("language_chosen"),))


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


def _option(scene: Scene, asked: Instance, value: str) -> Outcome:
    """One of the options of a district, theme, scale or choice question."""
    question = scene.round.question(asked.question)
    if value == DECLINE and question.kind is Kind.DISTRICT:
        return Outcome((Give(asked, State.DECLINED), *_forward(scene, asked)), (Say("declined_district"),))
    if value == LATER and question.kind is Kind.THEME:
        given = scene.progress.answers.get(asked)
        if given is not None and given.state is State.LATER:
            return Outcome((Give(asked, State.SKIPPED), *_forward(scene, asked)), (Say("skipped"),))
        return Outcome((Give(asked, State.LATER), *_forward(scene, asked)), (Say("later"),))
    if value not in {choice.value for choice in option_choices(scene.city, question)}:
        return Outcome(says=(Say("button_old"),))
    return Outcome((Give(asked, State.ANSWERED, value), *_forward(scene, asked)), _noted(scene, asked, value))


def _noted(scene: Scene, asked: Instance, value: str) -> tuple[Say, ...]:
    """What was understood, where it was typed or replaces an earlier answer; a pressed button speaks for itself."""
    earlier = scene.progress.answers.get(asked)
    if earlier is not None and earlier.state is not State.LATER:
        return (Say("changed_to", lines=(line(scene.city, scene.round, asked, value),)),)
    if scene.heard.value is None or scene.round.question(asked.question).kind is Kind.DISTRICT:
        return (Say("noted", lines=(line(scene.city, scene.round, asked, value),)),)
    return ()


def _languages(scene: Scene, asked: Instance, value: str) -> Outcome:
    """Typed languages count together; a pressed one is added, or taken away again, until the person is done."""
    given = scene.progress.answers.get(asked)
    earlier = given.value.split(",") if given and given.value else []
    if scene.heard.value is None:
        named = ",".join(dict.fromkeys([*earlier, *value.split(",")]))
        return Outcome((Give(asked, State.ANSWERED, named), Revisit(None)), _noted(scene, asked, named))
    now = [one for one in earlier if one != value] if value in earlier else [*earlier, value]
    if not now:
        return Outcome((Give(asked, State.SKIPPED), Revisit(asked)))
    return Outcome((Give(asked, State.ANSWERED, ",".join(now)), Revisit(asked)))


def _text(scene: Scene, asked: Instance, value: str, ahead: tuple[Instance, ...] = ()) -> Outcome:
    """A text in one's own words; `ahead`: what was answered besides, by telling it ahead of its question."""
    earlier = scene.progress.answers.get(asked)
    joined = f"{earlier.value}\n{value}" if scene.heard.append and earlier and earlier.value else value
    if scene.heard.append and len(joined) > LONGEST_ANSWER:
        return Outcome(says=(Say("answer_full"),))
    kept, told = _redacted(scene, joined)
    key = "saved" if has_words(value) else "saved_without_words"
    if earlier:
        key = "added" if scene.heard.append else "changed"
    changes = (Give(asked, State.ANSWERED, kept), *_forward(scene, asked), *told.changes)
    if scene.heard.meant and scene.heard.meant not in YES_NO_ACTS:
        changes = (*changes, StandAside("meant", doubt(scene.heard.meant, (asked, *ahead))))
    elif scene.progress.aside == "meant":
        # Whoever goes on with the thought has said that it is one.
        changes = (*changes, StandAside(None))
    return Outcome(changes, (Say(key), *told.says))


def _ahead(scene: Scene, asked: Instance, text: str, theme: str | None = None) -> Outcome:
    """The person tells at once what would be asked next, and passes what lies in between.

    At «anything else?» that is a yes and the next need; at the theme, the theme is put off, unless the text names it.
    """
    changes: list[Change] = []
    answers = scene.progress.answers
    following: Instance | None = asked
    while following is not None and (question := scene.round.question(following.question)).kind is not Kind.TEXT:
        if not question.free or (following in answers and answers[following].state is not State.ANSWERED):
            return _option(scene, asked, theme) if theme else _unclear(scene, asked)
        named = Given(State.ANSWERED, theme) if theme and following == asked else Given(State.LATER, None)
        given = YES if question.again else named
        changes.append(Give(following, given.state, given.value))
        answers = answers.but({following: given})
        following = open_question(scene.round, replace(scene.progress, revisit=None, answers=answers))
    if following is None:
        return _unclear(scene, asked)
    there = replace(scene.progress, revisit=None, answers=answers)
    given_ahead = tuple(change.asked for change in changes if isinstance(change, Give))
    told = _text(replace(scene, progress=there), following, text, given_ahead)
    noted = _noted(scene, asked, theme) if theme else ()
    return replace(told, changes=(*changes, *told.changes, *_forward(scene, asked)), says=(*noted, *told.says))


def _unclear(scene: Scene, asked: Instance) -> Outcome:
    return Outcome(says=(Say(f"unclear.{scene.round.question(asked.question).kind}"),))


def _redacted(scene: Scene, text: str) -> tuple[str, Outcome]:
    """The text as it may be stored; the person is told once what was taken out of it."""
    clean = redact(text, scene.lexicon.cues, scene.lexicon.marks)
    if not clean.kinds or scene.progress.told:
        return clean.text, Outcome()
    return clean.text, Outcome((Told(),), (Say("redacted"),))


def _yes_no(scene: Scene, asked: Instance, value: str) -> Outcome:
    aside = _ASIDES.get(asked.question)
    if aside:
        return aside(scene, value)
    if value == "no" and scene.progress.answers.get(asked) == YES and _told_more(scene, asked):
        # What was said after this yes stays said; whoever wants it away changes or deletes it.
        return Outcome(_forward(scene, asked), (Say("unchanged"),))
    return Outcome((Give(asked, State.ANSWERED, value), *_forward(scene, asked)))


def _told_more(scene: Scene, asked: Instance) -> bool:
    """Whether something was said after this yes."""
    return any(other.instance == asked.instance + 1 for other in scene.progress.answers)


def _delete(scene: Scene, value: str) -> Outcome:
    if value == "yes":
        return Outcome((Erase(Erasure.ASKED),), silent=True)
    return Outcome((StandAside(None),), (Say("kept"),))


def _keep(scene: Scene, value: str) -> Outcome:
    """Whether the message with danger words shall be kept as the answer that it also was."""
    if value == "no":
        return Outcome((StandAside(None),), (Say("not_kept"),))
    held = scene.held
    if held is None or held.asked is None or not held.text:
        return Outcome((StandAside(None),), (Say("held_gone"),))
    here = replace(scene, progress=replace(scene.progress, aside=None), heard=replace(held, meant=None))
    is_text = scene.round.question(held.asked.question).kind is Kind.TEXT
    outcome = _text(here, held.asked, held.text) if is_text else _ahead(here, held.asked, held.text)
    if not outcome.changes:
        outcome = Outcome(says=(Say("held_gone"),))
    return replace(outcome, changes=(StandAside(None), *outcome.changes))


def _held_more(scene: Scene, text: str) -> Outcome:
    """What else is said in a moment of danger waits for the person's word with the rest."""
    full = scene.held is not None and len(scene.held.text or "") + len(text) > LONGEST_ANSWER
    return Outcome(says=(Say("answer_full"),)) if full else Outcome((HoldMore(text),))


def _someone_else(scene: Scene, value: str) -> Outcome:
    if value == "yes":
        return Outcome((HandOver(),), (Say("handed_over", end="closed"),), silent=True)
    return Outcome((StandAside(None),), (Say("welcome_back"),))


def _meant(scene: Scene, value: str) -> Outcome:
    """The act was not meant (a yes is taken care of where the acts are): the answer stays."""
    return Outcome((StandAside(None),))


def _review(scene: Scene, asked: Instance, value: str) -> Outcome:
    if value == "yes":
        return Outcome((Give(asked, State.ANSWERED, "yes"), *_forward(scene, asked)))
    return Outcome((StandAside("change"),))


def _pick(scene: Scene, asked: Instance, value: str) -> Outcome:
    """A button names an instance, a typed name the last one of its question."""
    known = said(scene.round, scene.progress)
    question, _, instance = value.partition(".")
    meant = [one for one in known if one.question == question and instance in ("", str(one.instance))]
    if not meant:
        return Outcome(says=(Say("button_old" if scene.heard.value else f"unclear.{Kind.PICK}"),))
    return Outcome((StandAside(None), Revisit(meant[-1])))


def _tells(text: str) -> bool:
    """Whether a text that is no option says something of its own: more than a word that was misspelt."""
    return has_words(text) and (len(text.split()) > 1 or len(text) >= SHORTEST_NEED)


def _forward(scene: Scene, asked: Instance) -> tuple[Change, ...]:
    return (Revisit(None),) if scene.progress.revisit == asked else ()


_ASIDES: dict[str, Callable[[Scene, str], Outcome]] = {
    "delete": _delete,
    "keep": _keep,
    "someone_else": _someone_else,
    "meant": _meant,
}

_ANSWERS: dict[Kind, Callable[[Scene, Instance, str], Outcome]] = {
    Kind.LANGUAGE: _choose,
    Kind.AGE_GATE: _age,
    Kind.CONSENT: _consent,
    Kind.DISTRICT: _option,
    Kind.THEME: _option,
    Kind.SCALE: _option,
    Kind.CHOICE: _option,
    Kind.LANGUAGES: _languages,
    Kind.TEXT: _text,
    Kind.YES_NO: _yes_no,
    Kind.REVIEW: _review,
    Kind.PICK: _pick,
}
