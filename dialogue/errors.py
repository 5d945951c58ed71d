"""Every error of ours. Errors carry a key and values; the edges turn them into words.

MitspracheError
├── Invalid         what was given can't be taken: a text, a message, a city pack
├── Refused         it may not be done: unknown session, foreign button, stale lease, reused key
├── Busy            not now: too many messages are waiting; the sender keeps it and tries again
└── Misconfigured   the process can't start: a setting or a file is missing or wrong
"""


class MitspracheError(Exception):
    """An error with a key and its values. Its text names both, and never what a person wrote."""

    def __init__(self, key: str, **values: object) -> None:
        self.key = key
        self.values = values
        super().__init__(f"{key} {values}" if values else key)


class Invalid(MitspracheError):
    """What was given can't be taken."""


class Refused(MitspracheError):
    """It may not be done."""


class Busy(MitspracheError):
    """Not now."""


class Misconfigured(MitspracheError):
    """The process can't start."""
