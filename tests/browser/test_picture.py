"""Two neighbours on their phones, at the same question: the picture of the page that the README shows."""

import base64
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.conftest import PageAt
from tests.browser.visitor import SHOTS, Visitor
from tests.stack import Stack
from translations.catalogs import Words

PHONE, SHARP = (360, 640), 1.25
"""The phone's width and height, and how many pixels of the picture go to one of them."""

NEIGHBOURS = (("ar", "rtl", "الحافلات قليلة في المساء"), ("de", "ltr", "Abends fahren zu wenige Busse"))


def test_two_neighbours(stack: Stack, page_at: PageAt, browser: Browser) -> None:
    """The same question in Arabic and in German: each page runs in its own direction and shows what was written."""
    shots = []
    for language, direction, need in NEIGHBOURS:
        page = page_at(f"{stack.url}/chat", locale=language, viewport=PHONE, device_scale_factor=SHARP)
        visitor = Visitor(page, Words("kaiserslautern"), language)
        visitor.begins()
        visitor.tells(need)
        assert page.locator("html").get_attribute("dir") == direction
        assert page.locator(".me .text").last.text_content() == need
        page.mouse.move(0, 0)
        page.wait_for_timeout(300)
        shots.append(page.screenshot())
    if SHOTS:
        side_by_side(browser, shots, Path(SHOTS) / "chat.png")


def side_by_side(browser: Browser, shots: list[bytes], file: Path) -> None:
    """One picture of several, made by the browser too."""
    page = browser.new_page(device_scale_factor=SHARP)
    images = "".join(f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}">' for shot in shots)
    # Whole pixels throughout: nothing is blurred.
    look = f"div {{display: inline-flex; gap: 8px; padding: 8px; background: #ccc}} img {{width: {PHONE[0]}px}}"
    page.set_content(f"<style>{look}</style><div>{images}</div>")
    file.parent.mkdir(parents=True, exist_ok=True)
    page.locator("div").screenshot(path=file)
    page.close()
