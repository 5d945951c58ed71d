"""What an act needs to know: the message, the person's progress, the city's data."""

from dataclasses import dataclass
from enum import StrEnum

from dialogue.contacts import AT_ALL_HOURS, Contact
from dialogue.outcome import Line
from dialogue.progress import Progress, open_question
from dialogue.reading import Lexicon
from dialogue.rounds import City, Instance, Question, Round


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
    key: str = ""
    """The key of the message, by which it can be held back."""
    meant: str | None = None
    """The act that an answer in free words may have been meant as."""
    early: bool = False
    """A text that was on its way before the open question was put: nobody agrees to what they have not read."""


class Claim(StrEnum):
    """What became of a code to go on with."""

    FOUND = "found"
    OWN = "own"
    """It is the one of this very talk."""
    UNKNOWN = "unknown"
    LIMITED = "limited"
    """Too many wrong ones: it was not looked up."""


@dataclass(frozen=True)
class Scene:
    """Everything an act needs to know."""

    city: City
    round: Round
    lexicon: Lexicon
    contacts: tuple[Contact, ...]
    progress: Progress
    heard: Heard
    claim: Claim | None = None
    claimed: int | None = None
    """The participation behind the code."""
    held: Heard | None = None
    """The message that is held back until the person says whether it may be kept."""

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

    def numbers(self, purpose: str) -> tuple[Line, ...]:
        """Where to turn to for this purpose; in an emergency nothing but names and numbers."""
        return numbers(self.contacts, purpose)


def numbers(contacts: tuple[Contact, ...], purpose: str) -> tuple[Line, ...]:
    """Where to turn to for this purpose."""
    return tuple(_contact(one, with_url=purpose != "emergency") for one in contacts if one.purpose == purpose)


def _contact(one: Contact, with_url: bool) -> Line:
    ways = filter(None, (one.phone, one.url if with_url else None))
    hours = one.hours if one.hours != AT_ALL_HOURS else None
    return Line(f"contact.{one.id}", value=", ".join(ways), hours=hours)
