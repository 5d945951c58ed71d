"""The one place that reads the environment. A missing setting is named, with what to do."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from limits import RateLimitItem, parse_many

from dialogue.errors import Misconfigured

ROOT = Path(__file__).resolve().parent.parent
SECRETS = ("DATABASE_URL", "RASA_TOKEN", "ACTIONS_TOKEN", "TELEGRAM_TOKEN", "TELEGRAM_SECRET", "REDIS_URL")
"""Settings that may stand in a file instead: `<NAME>_FILE` names it. deploy/secret_files.py has the same rules."""

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
YES_NO = ("yes", "no")
FORMATS = ("logfmt", "json")
"""How a line of the logs may look. Of this list and the one before, the first word is the default."""


@dataclass(frozen=True)
class Config:
    """What a process must know to start. Times in seconds."""

    data: Path
    database_url: str
    secret: bytes
    journal: Path
    """The deletion journal: no part of the database, nor of its backups."""
    city: str
    round: str
    host: str
    port: int
    rasa_url: str
    rasa_token: str
    website: str
    """Where one can write without Telegram."""
    telegram_token: str
    telegram_api: str
    telegram_webhook: str
    """The public address at which Telegram brings messages; empty: they are fetched."""
    telegram_secret: str
    actions_host: str
    actions_port: int
    actions_token: str
    grace: float
    """How long after a free-text answer a further bubble still belongs to it."""
    most_tries: int
    """After so many failed turns a message is parked: about ten minutes."""
    redis_url: str
    """Where several processes count together; empty: each one counts by itself."""
    limit_person: tuple[RateLimitItem, ...]
    limit_all: tuple[RateLimitItem, ...]
    limit_new: tuple[RateLimitItem, ...]
    log_level: str
    log_format: str
    """How a line of the logs looks: logfmt or json."""
    background: bool
    """Whether bot does the background work, too; no where a worker does it."""
    metrics_port: int
    """Where bot tells its metrics to this machine; 0: nowhere."""
    fault_dir: Path | None


def load(environ: dict[str, str] | None = None) -> Config:
    """The settings of this process.

    Raises Misconfigured (setting_invalid, secret_…, file_missing) with the setting's name.
    """
    env = _unfold(os.environ if environ is None else environ)
    data = Path(env.get("DATA_DIR", ROOT / "var")).resolve()
    return Config(
        data=data,
        database_url=driver(env.get("DATABASE_URL", f"sqlite:///{data / 'mitsprache.db'}")),
        secret=_secret(env, data),
        journal=Path(env.get("JOURNAL_FILE", data / "deletions.jsonl")).resolve(),
        city=env.get("CITY", "kaiserslautern"),
        round=env.get("ROUND", "needs"),
        host=env.get("BOT_HOST", "127.0.0.1"),
        port=_number(env, "BOT_PORT", 8080),
        rasa_url=env.get("RASA_URL", "http://127.0.0.1:5005"),
        rasa_token=env.get("RASA_TOKEN", ""),
        website=env.get("WEBSITE", f"http://{env.get('BOT_HOST', '127.0.0.1')}:{env.get('BOT_PORT', '8080')}/chat"),
        telegram_token=env.get("TELEGRAM_TOKEN", ""),
        telegram_api=env.get("TELEGRAM_API", "https://api.telegram.org"),
        telegram_webhook=env.get("TELEGRAM_WEBHOOK", ""),
        telegram_secret=env.get("TELEGRAM_SECRET", ""),
        actions_host=env.get("ACTIONS_HOST", "127.0.0.1"),
        actions_port=_number(env, "ACTIONS_PORT", 5055),
        actions_token=env.get("ACTIONS_TOKEN", ""),
        grace=_decimal(env, "GRACE_SECONDS", 3.0),
        most_tries=_number(env, "MOST_TRIES", 25),
        redis_url=env.get("REDIS_URL", ""),
        limit_person=_rates(env, "LIMIT_PERSON", "100 per 10 seconds; 1000 per hour"),
        limit_all=_rates(env, "LIMIT_ALL", "1000 per 10 seconds"),
        limit_new=_rates(env, "LIMIT_NEW", "300 per minute; 6000 per hour"),
        log_level=_one_of(LEVELS, {"LOG_LEVEL": env.get("LOG_LEVEL", "INFO").upper()}, "LOG_LEVEL"),
        log_format=_one_of(FORMATS, env, "LOG_FORMAT"),
        background=_one_of(YES_NO, env, "BACKGROUND") == "yes",
        metrics_port=_number(env, "METRICS_PORT", 0),
        fault_dir=Path(env["FAULT_DIR"]) if env.get("FAULT_DIR") else None,
    )


def driver(given: str) -> str:
    """The address with our driver in it, whatever a hoster writes before the address of a PostgreSQL."""
    scheme, parted, rest = given.partition("://")
    return f"postgresql+psycopg{parted}{rest}" if scheme in ("postgres", "postgresql") else given


def _secret(env: Mapping[str, str], data: Path) -> bytes:
    file = Path(env.get("SECRET_FILE", data / "secret"))
    if not file.exists():
        raise Misconfigured("secret_missing", name="SECRET_FILE", given=str(file))
    secret = _read(file, "SECRET_FILE").strip()
    if len(secret) < 32:
        raise Misconfigured("setting_invalid", name="SECRET_FILE", given="< 32 bytes")
    return secret


def _unfold(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with each secret in place of its file's name."""
    env = dict(environ)
    for name in SECRETS:
        setting = f"{name}_FILE"
        file = env.pop(setting, "")
        if file and env.get(name):
            raise Misconfigured("secret_twice", name=name, given=setting)
        if file:
            env[name] = _one_word(_read(Path(file), setting), file, setting)
    return env


def _read(file: Path, name: str) -> bytes:
    try:
        open_to_others = file.stat().st_mode & 0o077
        content = file.read_bytes()
    except OSError:
        raise Misconfigured("file_missing", name=name, given=str(file)) from None
    if open_to_others:
        raise Misconfigured("secret_readable", name=name, given=str(file))
    return content


def _one_word(content: bytes, file: str, name: str) -> str:
    try:
        (secret,) = content.decode().split()
    except ValueError:  # its words would hold the secret
        raise Misconfigured("secret_malformed", name=name, given=file) from None
    return secret


def _one_of(known: tuple[str, ...], env: Mapping[str, str], name: str) -> str:
    given = env.get(name, known[0])
    if given not in known:
        raise Misconfigured("setting_invalid", name=name, given=given)
    return given


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(env.get(name, default))
    except ValueError:
        raise Misconfigured("setting_invalid", name=name, given=env[name]) from None


def _decimal(env: Mapping[str, str], name: str, default: float) -> float:
    try:
        return float(env.get(name, default))
    except ValueError:
        raise Misconfigured("setting_invalid", name=name, given=env[name]) from None


def _rates(env: Mapping[str, str], name: str, default: str) -> tuple[RateLimitItem, ...]:
    try:
        return tuple(parse_many(env.get(name, default)))
    except ValueError:
        raise Misconfigured("setting_invalid", name=name, given=env[name]) from None
