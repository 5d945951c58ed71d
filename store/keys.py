"""Names that reveal nothing: pseudonyms of persons, keys of messages: HMAC with a secret outside the database."""

import hashlib
import hmac
import secrets

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No letter or digit that could be mistaken for another when read aloud."""


def pseudonym(secret: bytes, channel: str, address: str) -> str:
    """The id of a person: what a channel calls them, made irreversible."""
    return _mac(secret, "person", channel, address)


def message_key(secret: bytes, channel: str, natural: str) -> str:
    """The natural key of a message, made irreversible."""
    return _mac(secret, "message", channel, natural)


def digest(secret: bytes, body: str) -> str:
    """What tells two bodies under one key apart, without keeping either."""
    return _mac(secret, "body", body)


def bar(secret: bytes, person: str) -> str:
    """What remains of a person who is too young, against an immediate second try."""
    return _mac(secret, "bar", person)


def button(secret: bytes, person: str, number: int, index: int) -> str:
    """The id of a button: the message it hangs on, its place, and a mark that only we can make for this person."""
    mark = _mac(secret, "button", person, str(number), str(index))[:20]
    return f"{number}.{index}.{mark}"


def same(given: str, expected: str) -> bool:
    """Compares two secrets in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())


def token() -> str:
    """A new session token, 256 bits."""
    return secrets.token_urlsafe(32)


def receipt_code() -> str:
    """The code that a deleted person can quote: 12 characters, 58 bits."""
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(12))
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def export_number() -> int:
    """The random number by which an export calls a conversation."""
    return secrets.randbelow(9 * 10**11) + 10**11


def _mac(secret: bytes, *parts: str) -> str:
    return hmac.new(secret, "\x1f".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:40]
