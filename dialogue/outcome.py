"""What a message leads to: changes for the store, sentences for the person. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dialogue.progress import State
from dialogue.rounds import Instance


@dataclass(frozen=True)
class ChooseLanguage:
    """The person reads and writes this language from now on."""

    language: str


@dataclass(frozen=True)
class ConfirmAdult:
    """The person said to be old enough."""


@dataclass(frozen=True)
class Consent:
    """The person agreed to this version of the consent text."""

    version: str


@dataclass(frozen=True)
class Give:
    """An answer to keep; a second one for the same instance is a revision."""

    asked: Instance
    state: State
    value: str | None = None


@dataclass(frozen=True)
class Withdraw:
    """What was kept as an answer was none: it goes, and what stood there before comes back."""

    asked: Instance


@dataclass(frozen=True)
class StandAside:
    """The interview waits for this question, which may be about an act or a message held back; None: it goes on."""

    question: str | None
    about: str | None = None


@dataclass(frozen=True)
class HoldMore:
    """What was said besides waits together with the message that is held back."""

    text: str


@dataclass(frozen=True)
class Told:
    """The person has been told that personal data are taken out."""


@dataclass(frozen=True)
class Revisit:
    """The person goes back to this question; None: forward again."""

    asked: Instance | None


@dataclass(frozen=True)
class Stop:
    """The person stops; what was said stays."""


@dataclass(frozen=True)
class Resume:
    """A stopped person goes on."""


@dataclass(frozen=True)
class TakeUp:
    """The participation behind a code goes on here; where it was before, nothing of it stays."""

    participation: int


@dataclass(frozen=True)
class HandOver:
    """Somebody else answers from now on: the participation is out of reach here; done after the turn."""


class Erasure(StrEnum):
    """Why a person is erased."""

    ASKED = "asked"
    UNDERAGE = "underage"
    DECLINED = "declined"


@dataclass(frozen=True)
class Erase:
    """Everything of this person goes; done after the turn."""

    reason: Erasure


Change = (
    ChooseLanguage
    | ConfirmAdult
    | Consent
    | Give
    | Withdraw
    | StandAside
    | HoldMore
    | Told
    | Revisit
    | Stop
    | Resume
    | TakeUp
    | HandOver
    | Erase
)


@dataclass(frozen=True)
class Choice:
    """A button: what it answers, and its label as a key of the catalog or as a proper name."""

    value: str
    key: str | None = None
    name: str | None = None
    language: str | None = None
    """The language of the name where it is not the person's own: «العربية» among German buttons."""
    act: str = "answer"
    number: int | None = None
    """Which one, where there are several of the name: «Your need (2)»."""
    names: str | None = None
    """A language, as its code, whose name in the person's language is the label."""
    chosen: bool = False
    """Of several that may be chosen, this one is already."""


@dataclass(frozen=True)
class Line:
    """One line under a sentence: a name as a key, and what stands behind it; all keys, names and texts of persons."""

    name: str
    number: int | None = None
    value: str | None = None
    """A text or a proper name, as it is."""
    keys: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    """Languages, as codes."""
    hours: str | None = None
    """When somebody is there, as in the contacts; nothing where they always are."""


@dataclass(frozen=True)
class Say:
    """One sentence or question to the person, as a key of the catalog."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    count: int | None = None
    """The number by which the sentence takes its plural form; {count} in it."""
    lines: tuple[Line, ...] = ()
    choices: tuple[Choice, ...] = ()
    asked: Instance | None = None
    """The question instance that this asks."""
    end: str | None = None
    """«erased», «closed» (somebody else answers, or it goes on elsewhere) or «finished»: nothing more is expected."""
    attachment: str | None = None
    """«my_data»: the channel adds the person's copy of all that is stored."""


SAID = "said"
"""The effect of what changed nothing."""


@dataclass(frozen=True)
class Outcome:
    """The changes of one message and what is said before the next question."""

    changes: tuple[Change, ...] = ()
    says: tuple[Say, ...] = ()
    silent: bool = False
    """The next question is not asked again."""
    offers: tuple[Choice, ...] = ()
    """Buttons besides those of the next question."""

    @property
    def missed(self) -> bool:
        """Whether the message was not understood."""
        return any(say.key.partition(".")[0] == "unclear" for say in self.says)

    @property
    def hands_over(self) -> bool:
        """Whether somebody else answers from now on."""
        return HandOver() in self.changes

    @property
    def takes_up(self) -> bool:
        """Whether a talk that began elsewhere goes on here."""
        return any(isinstance(change, TakeUp) for change in self.changes)

    @property
    def erases(self) -> Erase | None:
        """The erasure among the changes, if any."""
        return next((change for change in self.changes if isinstance(change, Erase)), None)

    @property
    def touched(self) -> frozenset[Instance]:
        """The answers that are given, or taken away."""
        return frozenset(change.asked for change in self.changes if isinstance(change, Give | Withdraw))

    @property
    def effect(self) -> str:
        """One word for the receipt: the name of the change that counts most, or «said»."""
        return type(self.changes[0]).__name__.lower() if self.changes else SAID
