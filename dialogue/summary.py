"""The answers in short, to be played back: name and value of each, nothing that is not stored. Pure."""

from dialogue.outcome import Choice, Line
from dialogue.progress import Progress, State
from dialogue.rounds import City, Instance, Kind, Round

PLAYED_BACK = (Kind.DISTRICT, Kind.THEME, Kind.TEXT, Kind.SCALE, Kind.CHOICE, Kind.LANGUAGES)


def summary(city: City, round: Round, progress: Progress) -> tuple[Line, ...]:
    """One line an answer, in the order of the round."""
    several = _several(round, progress)
    return tuple(
        line(city, round, asked, progress.answers[asked].value or "", _number(round, asked, several))
        for asked in said(round, progress)
    )


def picks(round: Round, progress: Progress) -> tuple[Choice, ...]:
    """A button for each answer that can be changed."""
    several = _several(round, progress)
    return tuple(
        Choice(f"{asked.question}.{asked.instance}", f"{asked.question}.name", number=_number(round, asked, several))
        for asked in said(round, progress)
    )


def said(round: Round, progress: Progress) -> list[Instance]:
    """What the person has answered, in the order of the round; of a repeated group one time after the other."""
    order = [question.id for question in round.questions if question.kind in PLAYED_BACK]
    given = [
        asked
        for asked, value in progress.answers.items()
        if asked.question in order and value.state is State.ANSWERED and value.value
    ]
    return sorted(given, key=lambda asked: (_place(round, asked), asked.instance, order.index(asked.question)))


def line(city: City, round: Round, asked: Instance, value: str, number: int | None = None) -> Line:
    """The answer as a line: its name, and its value in a form that can be put into words."""
    question, name = round.question(asked.question), f"{asked.question}.name"
    if question.kind is Kind.TEXT:
        return Line(name, number, value=value)
    if question.kind is Kind.LANGUAGES:
        return Line(name, number, languages=tuple(value.split(",")))
    district = next((one.name for one in city.districts if one.id == value), None)
    if question.kind is Kind.DISTRICT and district:
        return Line(name, number, value=district)
    return Line(name, number, keys=(f"{question.id}.{value}",))


def _place(round: Round, asked: Instance) -> int:
    """Where the question, or the group that it repeats with, stands in the round."""
    group = round.question(asked.question).group
    return next(
        index
        for index, question in enumerate(round.questions)
        if question.id == asked.question or (group is not None and question.group == group)
    )


def _several(round: Round, progress: Progress) -> set[str | None]:
    """The groups of which more than one time was answered."""
    return {round.question(asked.question).group for asked in said(round, progress) if asked.instance > 0}


def _number(round: Round, asked: Instance, several: set[str | None]) -> int | None:
    return asked.instance + 1 if round.question(asked.question).group in several else None
