"""Where the real things of the channels meet."""

from dataclasses import dataclass

from bot.limits import Limits
from bot.rasa import Rasa
from dialogue.contacts import Contact
from dialogue.reading import Lexicon
from dialogue.rounds import City, Round
from store import packs
from store.config import Config
from store.database import Database
from translations import lexicon
from translations.catalogs import Words


@dataclass(frozen=True)
class Wiring:
    """Everything that the channels and the turns need."""

    config: Config
    database: Database
    rasa: Rasa
    limits: Limits
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
        Rasa(settings.rasa_url, settings.rasa_token),
        Limits(settings),
        city,
        round,
        words,
        lexicon.build(city, round, words),
        packs.contacts(settings.city),
    )
