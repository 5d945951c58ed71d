"""How far a person has come. Pure: takes a round and what is stored, gives the question that is open."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from dialogue.rounds import OPENING, Instance, Kind, Question, Round


class State(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    SKIPPED = "skipped"
    DECLINED = "declined"
    LATER = "later"
    """To be asked again before the group ends: who writes first may find the theme easier afterwards."""


class Status(StrEnum):
    """How far a participation has come."""

    CONSENTED = "consented"
    PARTIAL = "partial"
    COMPLETE = "complete"
    STOPPED = "stopped"


class Given(NamedTuple):
    """A stored answer: its state and its value (a text, an option's id, yes or no)."""

    state: State
    value: str | None


class Unread(Exception):
    """An answer is asked for that was not read: whoever began the work does it once more, with all of them."""


class Answers(Mapping[Instance, Given]):
    """What was answered. Of a long talk only the latest is here: of repeated groups what was asked from `since` on.

    What is not here is Unread, and so is a look at all: nothing is taken for unanswered because it was not read.
    """

    def __init__(self, given: Mapping[Instance, Given] | None = None, since: int = 0) -> None:
        self._given, self.since = dict(given or {}), since

    def __getitem__(self, asked: Instance) -> Given:
        if 0 < asked.instance < self.since:
            raise Unread
        return self._given[asked]

    def __iter__(self) -> Iterator[Instance]:
        self._whole()
        return iter(self._given)

    def __len__(self) -> int:
        self._whole()
        return len(self._given)

    def __bool__(self) -> bool:
        return bool(self._given)

    def latest(self) -> Iterator[tuple[Instance, Given]]:
        """Those from `since` on."""
        return ((asked, given) for asked, given in self._given.items() if asked.instance >= self.since)

    def but(self, given: Mapping[Instance, Given], gone: Collection[Instance] = ()) -> "Answers":
        """The same but for these, and without what is gone. Unread, if that lies where a way is not walked."""
        if any(asked.instance < self.since for asked in (*given, *gone)):
            raise Unread
        left = {asked: value for asked, value in self._given.items() if asked not in gone}
        return Answers({**left, **given}, self.since)

    def _whole(self) -> None:
        if self.since:
            raise Unread


@dataclass(frozen=True)
class Progress:
    """What is known of a person's interview. Everything here comes from the store, nothing from Rasa."""

    language: str | None = None
    adult: bool = False
    consent: str | None = None
    """The version of the consent text that was agreed to."""
    answers: Answers = field(default_factory=Answers)
    aside: str | None = None
    """The id of a question that stands aside of the interview, now open."""
    revisit: Instance | None = None
    """The earlier question that the person went back to."""
    stopped: bool = False
    barred: bool = False
    """Said a moment ago to be too young."""
    about: str | None = None
    """What the question that stands aside is about: an act, or the key of a message."""
    misses: int = 0
    """Messages in a row that were not understood."""
    told: bool = False
    """Whether the person knows that personal data are taken out of what they write."""
    before: Given | None = None
    """What stood where the text stands that may have been meant as an act."""
    code: str | None = None
    """The mark behind which the channel shows the code to go on with."""
    walked: "dict[int, tuple[Step, ...]]" = field(default_factory=dict, init=False, repr=False, compare=False)
    """The person's way through a round, kept by the round: a turn asks for it a dozen times, and it may be long."""


class Step(NamedTuple):
    """A question on a person's path; `late`: put off at its own place, it is asked here at last."""

    asked: Instance
    late: bool = False


def doubted(about: str) -> tuple[str, tuple[Instance, ...]]:
    """The act that a text may have been meant as, and all that it answered, the text first: «skip need.1 theme.1»."""
    act, *places = about.split()
    parted = (place.partition(".") for place in places)
    return act, tuple(Instance(question, int(instance)) for question, _, instance in parted)


def doubt(act: str, told: tuple[Instance, ...]) -> str:
    """How a doubt is noted until the person has said what was meant."""
    return " ".join([act, *(f"{one.question}.{one.instance}" for one in told)])


def last_again(round: Round, progress: Progress) -> Instance | None:
    """The last «anything else?» on the person's path: a yes to it after the end opens another need."""
    asked = [asked for asked in path(round, progress) if round.question(asked.question).again]
    return asked[-1] if asked else None


def open_question(round: Round, progress: Progress) -> Instance | None:
    """The question that waits for an answer now, None when the interview is complete."""
    if progress.aside:
        return Instance(progress.aside, 0)
    consented = progress.consent == round.consent_version
    if progress.revisit and (consented or round.question(progress.revisit.question).kind in OPENING):
        return progress.revisit
    return _first_open(round, progress)


def previous_question(round: Round, progress: Progress) -> Instance | None:
    """The question before the open one, None at the very first."""
    steps, since = path(round, progress), progress.answers.since
    if progress.revisit:
        index = steps.index(progress.revisit) if progress.revisit in steps else len(steps)
    else:
        # What was put off stands on the path twice: it is open at its later place, the last one.
        index = len(steps) - (_first_open(round, progress) is not None)
    earlier = steps[index - 1] if index > 0 else None
    if since and earlier and index < len(steps) and steps[index].instance == since:
        group = round.question(steps[index].question).group
        if group and round.question(earlier.question).group != group:
            raise Unread  # between them lies what was not read of the group
    return earlier


def path(round: Round, progress: Progress) -> list[Instance]:
    """The questions in the order in which this person meets them, up to the first that is not yet passed.

    Of repeated groups from the first time on that was read.
    """
    met: list[Instance] = []
    for step in _order(round, progress):
        met.append(step.asked)
        if not passed(round, progress, step):
            break
    return met


def passed(round: Round, progress: Progress, step: Step) -> bool:
    """Whether the person has answered, skipped or declined it."""
    question = round.question(step.asked.question)
    match question.kind:
        case Kind.LANGUAGE:
            return progress.language is not None
        case Kind.AGE_GATE:
            return progress.adult
        case Kind.CONSENT:
            return progress.consent == question.version
        case _:
            given = progress.answers.get(step.asked)
            return given is not None and not (step.late and given.state is State.LATER)


def status(round: Round, progress: Progress) -> Status:
    """The status of the participation that this progress describes."""
    if _first_open(round, progress) is None:
        return Status.COMPLETE
    if progress.stopped:
        return Status.STOPPED
    return Status.PARTIAL if progress.answers else Status.CONSENTED


def behind(round: Round, progress: Progress) -> int:
    """How often every repeated group is over: all that was due is passed, and «anything else?» answered yes."""
    times = []
    for group in round.repeated:
        steps = [step for step in _order(round, progress) if round.question(step.asked.question).group == group]
        waits = (step for step in steps if not passed(round, progress, step))
        times.append(next(waits, steps[-1]).asked.instance)
    return min(times, default=0)


def needed_since(round: Round, behind: int, looked_at: Iterable[Instance]) -> int:
    """From which time of the repeated groups on a turn has to know the answers.

    One step back from what is not over, and from the questions that it looks at.
    """
    return max(min([behind, *(asked.instance for asked in looked_at if asked.question in round.bearing)]) - 1, 0)


def _first_open(round: Round, progress: Progress) -> Instance | None:
    return next((step.asked for step in _order(round, progress) if not passed(round, progress, step)), None)


def _order(round: Round, progress: Progress) -> tuple[Step, ...]:
    if id(round) not in progress.walked:
        progress.walked[id(round)] = tuple(_walk(round, progress))
    return progress.walked[id(round)]


def _walk(round: Round, progress: Progress) -> Iterator[Step]:
    done: set[str] = set()
    for question in round.questions:
        if question.kind is Kind.REVIEW:
            # Whoever adds a need after the end sees once more what will be handed on.
            yield Step(Instance(question.id, _further(round, progress)))
        elif question.group is None:
            if _due(round, progress, question, 0):
                yield Step(Instance(question.id, 0))
        elif question.group not in done:
            done.add(question.group)
            yield from _repeated(round, progress, question.group)


def _repeated(round: Round, progress: Progress, group: str) -> Iterator[Step]:
    members = [question for question in round.questions if question.group == group]
    again = next((question for question in members if question.again), None)
    number = progress.answers.since if again else 0
    while True:
        due = [question for question in members if _due(round, progress, question, number)]
        yield from (Step(Instance(question.id, number)) for question in due if not question.again)
        for question in due:
            given = progress.answers.get(Instance(question.id, number))
            if given is not None and given.state is State.LATER:
                yield Step(Instance(question.id, number), late=True)
        if again is None:
            return
        yield Step(Instance(again.id, number))
        if progress.answers.get(Instance(again.id, number)) != YES:
            return
        number += 1


def _due(round: Round, progress: Progress, question: Question, number: int) -> bool:
    """Whether the answer that it hangs on was given; of the same round of its group, where that is its group too."""
    if question.when is None:
        return True
    condition = round.question(question.when.question)
    same = condition.group is not None and condition.group == question.group
    given = progress.answers.get(Instance(condition.id, number if same else 0))
    return given is not None and given.state is State.ANSWERED and question.when.answer in (None, given.value)


def _further(round: Round, progress: Progress) -> int:
    """How often «anything else?» was answered yes."""
    again = {question.id for question in round.questions if question.again}
    unread = progress.answers.since * len(round.repeated)
    return unread + sum(given == YES and asked.question in again for asked, given in progress.answers.latest())


YES = Given(State.ANSWERED, "yes")
