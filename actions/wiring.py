"""Where the real things meet: database, city pack, words."""

from dataclasses import dataclass
from functools import cache

from dialogue.contacts import Contact
from dialogue.reading import Lexicon
from dialogue.rounds import City, Round
from store import config, packs
from store.config import Config
from store.database import Database
from translations import lexicon
from translations.catalogs import Words


@dataclass(frozen=True)
class Wiring:
    """Everything that an action needs."""

    config: Config
    database: Database
    city: City
    round: Round
    words: Words
    lexicon: Lexicon
    contacts: tuple[Contact, ...]


def wire(settings: Config) -> Wiring:
    """The real things, by the settings."""
    city, words = packs.city(settings.city), Words(settings.city)
    round = packs.round(settings.city, settings.round)
    return Wiring(
        settings,
        Database(settings.database_url),
        city,
        round,
        words,
        lexicon.build(city, round, words),
        packs.contacts(settings.city),
    )


@cache
def wiring() -> Wiring:
    """The wiring of this process, made when the first action needs it."""
    return wire(config.load())
