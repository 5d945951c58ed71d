"""What Telegram shows of the bot before a talk, in every language: name, description, commands. Sets them all anew."""

from telegram import Bot

from bot.commands import menu
from bot.wiring import Wiring

LONGEST_CODE = 2
"""Telegram knows languages by two letters; people with another one are shown the default."""


async def publish(wiring: Wiring, bot: Bot) -> int:
    """Sets the profile in each language of the city, and without a language what English says; how many were set."""
    await bot.initialize()
    spoken = [code for code in wiring.city.languages if len(code) == LONGEST_CODE]
    default = "en" if "en" in spoken else spoken[0]
    for code, shown in ((None, default), *((code, code) for code in spoken)):
        values = {"city": wiring.city.name}
        name, short, description = (
            # The marks that isolate an inserted value are for sentences; a profile shows them as they are.
            wiring.words.raw(shown, f"telegram.{part}").format_map(values)
            for part in ("name", "short", "description")
        )
        await bot.set_my_name(name, language_code=code)
        await bot.set_my_short_description(short, language_code=code)
        await bot.set_my_description(description, language_code=code)
        await bot.set_my_commands(menu(wiring.words, shown), language_code=code)
    await bot.shutdown()
    return len(spoken) + 1
