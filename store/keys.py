"""Names that reveal nothing: pseudonyms of persons, keys of messages: HMAC with a secret outside the database."""

import hashlib
import hmac
import re
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


def button(secret: bytes, person: str, number: int, about: str, index: int) -> str:
    """The id of a button: the message it hangs on, its place, and a mark that only we can make for this person.

    `about` is the key of what the message replies to: numbers begin anew when somebody comes back who was forgotten.
    """
    mark = _mac(secret, "button", person, str(number), about, str(index))[:20]
    return f"{number}.{index}.{mark}"


def numbered(id: str) -> tuple[int, int]:
    """The number of the message and the place on it that the id of a button names; (0, 0) where it is none of ours."""
    number, _, rest = id.partition(".")
    index = rest.partition(".")[0]
    ours = number.isdecimal() and index.isdecimal() and len(number) < 10 and len(index) < 4
    return (int(number), int(index)) if ours else (0, 0)


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


def mark() -> str:
    """A random name of a participation, for the deletion journal and the code to go on with."""
    return secrets.token_hex(16)


def resume_code(secret: bytes, mark: str) -> str:
    """The code by which a talk goes on elsewhere: 20 digits, 66 bits; nobody can make it without the secret."""
    return str(int(_mac(secret, "resume", mark), 16) % 10**20).zfill(20)


def code_hash(secret: bytes, code: str) -> str:
    """What the database keeps of a code."""
    return _mac(secret, "code", code)


def hide(mark: str) -> str:
    """What stands in stored sentences in place of the code."""
    return f"{HIDDEN}{mark}{HIDDEN}"


def reveal(secret: bytes, text: str) -> str:
    """The sentence as the person reads it: each hidden mark has become its code, in groups of four digits."""
    return _MARKED.sub(lambda found: _grouped(resume_code(secret, found[1])), text)


def _grouped(code: str) -> str:
    return " ".join(code[place : place + 4] for place in range(0, len(code), 4))


HIDDEN = "\ue000"
"""A private character; no person can write it (dialogue.texts.clean)."""
_MARKED = re.compile(f"{HIDDEN}([0-9a-f]{{32}}){HIDDEN}")


def export_number() -> int:
    """The random number by which an export calls a conversation."""
    return secrets.randbelow(9 * 10**11) + 10**11


def _mac(secret: bytes, *parts: str) -> str:
    return hmac.new(secret, "\x1f".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:40]
