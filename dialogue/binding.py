"""Which question a message answers, settled when it is first taken. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dialogue.progress import Progress, State, last_again, open_question, previous_question
from dialogue.reading import Lexicon, read
from dialogue.rounds import Instance, Kind, Round


@dataclass(frozen=True)
class Binding:
    """The question instance, and whether the text belongs to the answer that is there already."""

    asked: Instance | None
    append: bool = False


def bind(
    round: Round,
    progress: Progress,
    lexicon: Lexicon,
    text: str,
    received_at: datetime,
    asked_at: datetime | None,
    grace: timedelta,
) -> Binding:
    """The open question; but a text that was on its way when it was asked still belongs to the free text before.

    People write one thought in three bubbles: what comes within `grace` after a free-text answer, and does not
    answer the new question, is added to that answer.
    """
    asked = open_question(round, progress)
    if asked is None:
        # After the end people may say more: «anything else?» takes it.
        return Binding(last_again(round, progress))
    if asked_at is not None and received_at < asked_at:
        unseen = _sent_before(round, progress, lexicon, text, asked)
        if unseen is not None:
            return unseen
    earlier = _free_text_before(round, progress)
    if earlier is None or asked_at is None or received_at > asked_at + grace:
        return Binding(asked)
    if read(round.question(asked.question), text, lexicon) is not None:
        return Binding(asked)
    return Binding(earlier, append=True)


def _sent_before(round: Round, progress: Progress, lexicon: Lexicon, text: str, asked: Instance) -> Binding | None:
    """Nobody agrees, confirms an age or deletes by a word that was sent before the question could be read.

    Nor is the name of a district, typed twice, a need: what answers the question before belongs to that one.
    """
    question = round.question(asked.question)
    before = open_question(round, replace(progress, aside=None)) if progress.aside else None
    before = before or previous_question(round, progress)
    if question.kind in (Kind.AGE_GATE, Kind.CONSENT) or asked.question == "delete":
        return Binding(before)
    if question.kind is Kind.TEXT and before is not None:
        earlier = round.question(before.question)
        if earlier.kind is not Kind.TEXT and read(earlier, text, lexicon) is not None:
            return Binding(before)
    return None


def _free_text_before(round: Round, progress: Progress) -> Instance | None:
    if progress.revisit or progress.stopped:
        return None
    if progress.aside == "meant":
        progress = replace(progress, aside=None)
    if progress.aside:
        return None
    earlier = previous_question(round, progress)
    if earlier is None or round.question(earlier.question).kind is not Kind.TEXT:
        return None
    given = progress.answers.get(earlier)
    return earlier if given and given.state is State.ANSWERED else None
