"""A visitor's whole interview in a real browser on the real stack, in German and in Arabic."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PageAt
from tests.browser.visitor import own, start, write
from tests.stack import Stack

SHOTS = os.environ.get("SCREENSHOTS")
"""A folder: there the pictures of the interview are kept, to be looked at."""


def shoot(page: Page, name: str) -> None:
    """Keeps a picture."""
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png")


def hears(page: Page, text: str) -> None:
    """The newest message of the city holds this."""
    expect(page.locator(".city").last).to_contain_text(text, timeout=30_000)


def press(page: Page, label: str) -> None:
    """Presses a quick reply."""
    page.get_by_role("button", name=label, exact=True).click()


@pytest.mark.parametrize(("viewport", "device"), [((1280, 800), "desktop"), ((360, 740), "phone")])
def test_german(stack: Stack, page_at: PageAt, viewport: tuple[int, int], device: str) -> None:
    """The interview in German, by buttons and typed words, over a reload, to the end."""
    page = page_at(f"{stack.url}/chat", locale="de-DE", viewport=viewport)
    shoot(page, f"de-{device}-1-start")
    start(page)
    hears(page, "In welcher Sprache")
    press(page, "Deutsch")
    hears(page, "16 Jahre")
    write(page, "ja")
    hears(page, "Machen Sie mit?")
    shoot(page, f"de-{device}-2-consent")
    press(page, "Ja, ich mache mit")
    hears(page, "Stadtteil wohnen")
    shoot(page, f"de-{device}-3-district")
    press(page, "Betzenberg")
    hears(page, "Was brauchen Sie")
    page.reload()
    hears(page, "Was brauchen Sie")
    write(page, "Mehr Bänke <b>und</b> Bäume")
    hears(page, "Möchten Sie noch etwas sagen?")
    shoot(page, f"de-{device}-4-need")
    press(page, "Nein, das war alles")
    hears(page, "Vielen Dank!")
    assert own(page, "sent")[-2:] == ["Mehr Bänke <b>und</b> Bäume", "Nein, das war alles"]
    expect(page.locator(".city", has_text="Danke, Ihre Antwort ist gespeichert.")).to_have_count(1)


def test_too_young(stack: Stack, page_at: PageAt) -> None:
    """D10: a child who says so is sent off kindly, and pressing «start again» at once does not help."""
    page = page_at(f"{stack.url}/chat", locale="de-DE")
    start(page)
    hears(page, "In welcher Sprache")
    press(page, "Deutsch")
    hears(page, "16 Jahre")
    press(page, "Nein, ich bin jünger")
    hears(page, "Mitmachen kann man ab 16 Jahren")
    press(page, "Neu beginnen")
    start(page)
    hears(page, "Ich speichere nichts")


def test_arabic(stack: Stack, page_at: PageAt) -> None:
    """The interview in Arabic on a phone: right to left, corrected, and at last deleted with a receipt code."""
    page = page_at(f"{stack.url}/chat", locale="ar-SY", viewport=(360, 740))
    shoot(page, "ar-1-start")
    start(page)
    hears(page, "لغة الكتابة")
    press(page, "العربية")
    hears(page, "16")
    write(page, "نعم")
    hears(page, "المشاركة؟")
    shoot(page, "ar-2-consent")
    press(page, "نعم، أشارك")
    hears(page, "ما الحي")
    shoot(page, "ar-3-district")
    press(page, "Dansenberg")
    hears(page, "ما الذي ينقص")
    write(page, "نريد ملعبًا للأطفال")
    hears(page, "شيء آخر")
    write(page, "رجوع")
    hears(page, "ما الذي ينقص")
    write(page, "نريد ملعبًا وحديقة في Dansenberg")
    hears(page, "شيء آخر")
    shoot(page, "ar-4-need")
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.locator(".city .text").last.get_attribute("dir") == "rtl"
    write(page, "احذف بياناتي")
    hears(page, "هل أحذف")
    press(page, "نعم، احذف كل شيء")
    hears(page, "رمز الإيصال")
    shoot(page, "ar-5-erased")
    assert page.evaluate("JSON.stringify({...sessionStorage})").find("ملعب") == -1
