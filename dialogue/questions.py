"""A question as it is put to a person: the key of its words and its buttons. Pure."""

from collections.abc import Iterable

from dialogue.outcome import Choice, Say
from dialogue.progress import Progress, open_question, path
from dialogue.rounds import YES_OR_NO, City, Instance, Kind, Question, Round

DECLINE = "rather_not"
"""The option of a person who would rather not say."""

Autonyms = Iterable[tuple[str, str]]
"""Language code and the language's name in itself."""


def ask(city: City, round: Round, progress: Progress, autonyms: Autonyms) -> Say | None:
    """The open question with its buttons; the last word when nothing is open."""
    asked = open_question(round, progress)
    if asked is None:
        again = _again(round, progress)
        more = (Choice("yes", key=f"{again.question}.after"),) if again else ()
        return Say("thanks", choices=more, asked=again, end="finished")
    question = round.question(asked.question)
    key = question.id if asked.instance == 0 else f"{question.id}.again"
    return Say(key, choices=choices(city, question, autonyms), asked=asked)


def choices(city: City, question: Question, autonyms: Autonyms) -> tuple[Choice, ...]:
    """The buttons of a question: its options, and «skip» where it may be skipped."""
    options: list[Choice] = []
    if question.kind is Kind.LANGUAGE:
        options = [Choice(code, name=name, language=code) for code, name in autonyms if code in city.languages]
    elif question.kind in YES_OR_NO:
        options = [Choice(value, key=f"{question.id}.{value}") for value in ("yes", "no")]
    elif question.kind is Kind.DISTRICT:
        options = [Choice(district.id, name=district.name, language="de") for district in city.districts]
        options.append(Choice(DECLINE, key=f"{question.id}.{DECLINE}"))
    if question.skip and question.kind is not Kind.DISTRICT:
        options.append(Choice("", key="skip", act="skip"))
    return tuple(options)


def _again(round: Round, progress: Progress) -> Instance | None:
    """The last «anything else?» on the person's path: a yes to it after the end opens another need."""
    asked = [asked for asked in path(round, progress) if round.question(asked.question).again]
    return asked[-1] if asked else None
