"""What a visitor does on the chat page, and what can then be found out."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.fake_city import City
from translations.catalogs import Words
from translations.languages import languages

SHOTS = os.environ.get("SCREENSHOTS")
"""A folder: there the pictures of the interview are kept, to be looked at."""

PHONE, DESKTOP = (360, 740), (1280, 800)

IN_HELP = (
    *("skip", "go_back", "change_answer", "repeat", "pause"),
    *("change_language", "my_data", "delete_my_data", "talk_to_a_person", "stop"),
)
"""What the help says that one can type, in this order in every language."""


def shoot(page: Page, name: str) -> None:
    """Keeps a picture. Whatever is seen, nothing sticks out to the side."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("#log").evaluate("log => log.scrollWidth <= log.clientWidth")
    if SHOTS:
        page.wait_for_timeout(200)
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png")


def start(page: Page) -> None:
    """Starts a talk by keyboard."""
    button = page.locator("#start button")
    expect(button).to_be_visible()
    button.press("Enter")
    expect(page.locator("textarea")).to_be_focused()


def write(page: Page, text: str) -> None:
    page.locator("textarea").fill(text)
    page.locator("textarea").press("Enter")


def own(page: Page, state: str) -> list[str]:
    """The own messages, once each of them is in this state."""
    expect(page.locator(".me").first).to_be_visible()
    expect(page.locator(f".me:not([data-state={state}])")).to_have_count(0)
    return page.locator(".me .text").all_text_contents()


def stored(city: City) -> list[str]:
    """What the city holds, in the order of arrival: texts, ids of buttons, codes of languages."""
    return [body.get("text") or body.get("button") or body["language"] for body in city.stored.values()]


NOTHING = '[{},{},"",{}]'
"""What is remembered where nothing is."""


def remembered(page: Page) -> str:
    """All that the page can leave in the browser: in the tab, in localStorage, as a cookie, and in databases."""
    return page.evaluate(
        """async () => {
            const done = (request) => new Promise((resolve, reject) => {
                request.onsuccess = () => resolve(request.result);
                request.onerror = () => reject(request.error);
            });
            const kept = {};
            for (const { name } of await indexedDB.databases()) {
                const request = indexedDB.open(name);
                request.onupgradeneeded = () => request.transaction.abort(); // gone meanwhile
                const database = await done(request).catch(() => null);
                if (!database) continue;
                kept[name] = {};
                const store = database.transaction(name).objectStore(name);
                const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
                keys.forEach((key, place) => kept[name][key] = values[place]);
                database.close();
            }
            return JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie, kept]);
        }"""
    )


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Lets the page go on until something holds outside of it."""
    for _ in range(300):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("It never came to hold.")


def code_seen(page: Page) -> str:
    """The digits of the code in the newest message, as they stand on the screen from left to right."""
    places = page.locator(".city .text").last.evaluate(
        """node => {
            const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT), range = document.createRange();
            const lines = [];
            while (walker.nextNode()) lines.push(walker.currentNode);
            const line = lines.find((line) => /(\\d{4} ){4}\\d{4}/.test(line.data));
            return [...line.data].flatMap((sign, index) => {
                range.setStart(line, index);
                range.setEnd(line, index + 1);
                return /\\d/.test(sign) ? [[range.getBoundingClientRect().left, sign]] : [];
            });
        }"""
    )
    return "".join(digit for _, digit in sorted(places))


class Visitor:
    """A person at the page of the real stack; what is said and pressed comes from the catalogs, by its key."""

    def __init__(self, page: Page, words: Words, language: str) -> None:
        self.page, self.words, self.language = page, words, language

    def hears(self, key: str) -> None:
        """The newest message is the city's, and this one."""
        sentence = self.words.raw(self.language, key).partition("{")[0]
        expect(self.page.locator(".city:last-child .text")).to_contain_text(sentence, timeout=60_000)

    def presses(self, key: str) -> None:
        """Presses the quick reply of this key."""
        self.picks(self.words.raw(self.language, key))

    def picks(self, label: str) -> None:
        """Presses the quick reply with this name."""
        self.page.get_by_role("button", name=label, exact=True).click()

    def asks(self, act: str) -> None:
        """Types what the help says that one can type for this."""
        commands = quoted(self.words.raw(self.language, "help"))
        write(self.page, dict(zip(IN_HELP, commands, strict=True))[act])

    def begins(self) -> None:
        """Starts, chooses the language, is old enough and takes part: the district is asked for."""
        start(self.page)
        self.hears("language")
        self.picks(languages()[self.language].autonym)
        self.hears("age")
        self.presses("age.yes")
        self.hears("consent")
        self.presses("consent.yes")
        self.hears("district")

    def comes_to_need(self) -> None:
        """From the district to the question for a need."""
        self.picks("Betzenberg")
        self.hears("theme")
        self.presses("theme.mobility")
        self.hears("need")

    def tells(self, need: str) -> None:
        """From the district to a need that is told."""
        self.comes_to_need()
        write(self.page, need)
        self.hears("importance")

    def downloads(self) -> dict[str, Any]:
        """Takes the copy of all that is stored, by keyboard."""
        with self.page.expect_download() as caught:
            self.page.locator(".download").last.press("Enter")
        assert caught.value.suggested_filename == "mitsprache.json"
        return json.loads(Path(caught.value.path()).read_text("utf-8"))

    def sees_alone(self, key: str) -> None:
        """Of all that was said only this is left on the screen, and nothing in the browser."""
        expect(self.page.locator(".text")).to_have_text([self.words.raw(self.language, key)], timeout=60_000)
        expect(self.page.get_by_role("button", name=self.words.raw(self.language, "page.again"))).to_be_visible()
        until(self.page, lambda: remembered(self.page) == NOTHING)


def quoted(sentence: str) -> list[str]:
    """What stands in quotation marks, of whatever form."""
    return re.findall("[„“«]([^„“”«»]+)[“”»]", sentence)
