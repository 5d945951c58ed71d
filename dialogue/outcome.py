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
    """An answer to keep; a second one for the same instance is a revision. `append` adds to the text that is there."""

    asked: Instance
    state: State
    value: str | None = None
    append: bool = False


@dataclass(frozen=True)
class StandAside:
    """The interview waits for this question; None: it goes on."""

    question: str | None


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


class Erasure(StrEnum):
    """Why a person is erased."""

    ASKED = "asked"
    UNDERAGE = "underage"
    DECLINED = "declined"


@dataclass(frozen=True)
class Erase:
    """Everything of this person goes; done after the turn."""

    reason: Erasure


Change = ChooseLanguage | ConfirmAdult | Consent | Give | StandAside | Revisit | Stop | Resume | Erase


@dataclass(frozen=True)
class Choice:
    """A button: what it answers, and its label as a key of the catalog or as a proper name."""

    value: str
    key: str | None = None
    name: str | None = None
    language: str | None = None
    """The language of the name where it is not the person's own: «العربية» among German buttons."""
    act: str = "answer"


@dataclass(frozen=True)
class Say:
    """One sentence or question to the person, as a key of the catalog."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    asked: Instance | None = None
    """The question instance that this asks."""
    end: str | None = None
    """«erased» or «finished»: nothing more is expected."""


@dataclass(frozen=True)
class Outcome:
    """The changes of one message and what is said before the next question."""

    changes: tuple[Change, ...] = ()
    says: tuple[Say, ...] = ()
    silent: bool = False
    """The next question is not asked again."""

    @property
    def erases(self) -> Erase | None:
        """The erasure among the changes, if any."""
        return next((change for change in self.changes if isinstance(change, Erase)), None)

    @property
    def effect(self) -> str:
        """One word for the receipt: the name of the change that counts most, or «said»."""
        return type(self.changes[0]).__name__.lower() if self.changes else "said"
