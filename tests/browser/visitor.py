"""What a visitor does on the chat page, and what can then be found out."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.fake_city import City


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


def remembered(page: Page) -> str:
    """All that the page can leave in the browser."""
    return page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])")


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Lets the page go on until something holds outside of it."""
    for _ in range(300):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("It never came to hold.")
