"""A question as it is put to a person: the key of its words and its buttons. Pure."""

from collections.abc import Iterable

from dialogue.outcome import Choice, Say
from dialogue.progress import Given, Progress, State, last_again, open_question
from dialogue.rounds import YES_OR_NO, City, Instance, Kind, Question, Round
from dialogue.summary import picks, summary

DECLINE = "rather_not"
"""The option of a person who would rather not say."""
ELSEWHERE = "elsewhere"
"""The option of a person who does not live in the city."""
LATER = "later"
"""The option of a person who would rather choose the theme afterwards."""

Autonyms = Iterable[tuple[str, str]]
"""Language code and the language's name in itself."""


def ask(
    city: City,
    round: Round,
    progress: Progress,
    autonyms: Autonyms,
    offers: tuple[Choice, ...] = (),
    finished: bool = False,
) -> Say | None:
    """The open question with its buttons and what is offered besides; the last word when nothing is open.

    `finished`: nothing was open before either, so the last word has been said.
    """
    asked = open_question(round, progress)
    if asked is None:
        again = last_again(round, progress)
        more = (Choice("yes", key=f"{again.question}.after"),) if again else ()
        if finished:
            return Say("finished", choices=more, asked=again, end="finished") if more else None
        return Say("thanks", {"code": progress.code or ""}, choices=more, asked=again, end="finished")
    question = round.question(asked.question)
    buttons = choices(city, round, progress, asked, autonyms)
    buttons = (*buttons, *(offer for offer in offers if offer.act not in {button.act for button in buttons}))
    lines = summary(city, round, progress) if question.kind is Kind.REVIEW else ()
    values = {"code": progress.code or ""} if question.id == "someone_else" else {}
    return Say(_key(question, asked, progress), values, lines=lines, choices=buttons, asked=asked)


def choices(city: City, round: Round, progress: Progress, asked: Instance, autonyms: Autonyms) -> tuple[Choice, ...]:
    """The buttons of a question: its options, and «skip» where it may be skipped."""
    question, given = round.question(asked.question), progress.answers.get(asked)
    if question.kind is Kind.PICK:
        return (*picks(round, progress), Choice("", key="change.none", act="skip"))
    if question.kind is Kind.LANGUAGE:
        return tuple(Choice(code, name=name, language=code) for code, name in autonyms if code in city.languages)
    if question.kind is Kind.LANGUAGES and given and given.value and progress.revisit == asked:
        return (Choice("", key="done", act="skip"), *_marked(question, given.value.split(",")))
    options = option_choices(city, question)
    if question.kind is Kind.THEME and given is not None and given.state is State.LATER:
        options = tuple(option for option in options if option.value != LATER)
    skips = question.skip and question.kind is not Kind.DISTRICT
    return (*options, Choice("", key="skip", act="skip")) if skips else options


def option_choices(city: City, question: Question) -> tuple[Choice, ...]:
    """What can be chosen at a question, whoever is asked."""
    options = tuple(Choice(option, key=f"{question.id}.{option}") for option in question.options)
    match question.kind:
        case kind if kind in YES_OR_NO:
            return tuple(Choice(value, key=f"{question.id}.{value}") for value in ("yes", "no"))
        case Kind.DISTRICT:
            named = tuple(Choice(district.id, name=district.name, language="de") for district in city.districts)
            return (*named, *(Choice(value, key=f"{question.id}.{value}") for value in (ELSEWHERE, DECLINE)))
        case Kind.THEME:
            return (*options, Choice(LATER, key=f"{question.id}.{LATER}"))
        case Kind.LANGUAGES:
            return _marked(question, [])
        case Kind.REVIEW:
            return (
                Choice("yes", key=f"{question.id}.yes"),
                Choice("", key=f"{question.id}.change", act="change_answer"),
                Choice("", key=f"{question.id}.delete", act="delete_my_data"),
            )
    return options


def _key(question: Question, asked: Instance, progress: Progress) -> str:
    """The key of the question's words: they differ when it is asked again, or about something."""
    if question.id == "meant":
        return f"meant.{(progress.about or '').partition(' ')[0]}"
    given = progress.answers.get(asked, Given(State.SKIPPED, None))
    if question.kind is Kind.LANGUAGES and given.value and progress.revisit == asked:
        return f"{question.id}.more"
    return f"{question.id}.again" if asked.instance > 0 and question.kind is not Kind.REVIEW else question.id


def _marked(question: Question, chosen: list[str]) -> tuple[Choice, ...]:
    """The languages that have a button, and those that were named besides; chosen ones are marked."""
    codes = dict.fromkeys([*question.options, *chosen])
    return tuple(Choice(code, names=code, chosen=code in chosen) for code in codes)
