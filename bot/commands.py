"""The commands of Telegram's menu: which there are, what they say in a language, and which one a message is."""

from telegram import BotCommand, Message

from translations.catalogs import Words

COMMANDS = {
    "language": "change_language",
    "help": "help",
    "privacy": "privacy",
    "mydata": "my_data",
    "delete": "delete_my_data",
    "stop": "stop",
}
"""The commands, in Latin letters as Telegram wants them, and their acts."""


def menu(words: Words, language: str) -> list[BotCommand]:
    """The menu in this language."""
    return [BotCommand(name, words.say(language, f"command.{name}")) for name in COMMANDS]


def command(message: Message) -> str | None:
    """The command that the message is, alone or with what a link put behind it; «start» is one, too."""
    text = message.text or ""
    name, _, rest = text.removeprefix("/").partition(" ")
    name = name.partition("@")[0]
    known = name == "start" or (name in COMMANDS and not rest)
    return name if known and text.startswith("/") else None
