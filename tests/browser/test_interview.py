"""A visitor's whole interview in a real browser on the real stack; a talk that changes hands, and one that moves on."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PageAt
from tests.browser.visitor import (
    DESKTOP,
    NOTHING,
    PHONE,
    Visitor,
    code_seen,
    own,
    quoted,
    remembered,
    shoot,
    start,
    write,
)
from tests.stack import Stack
from translations.catalogs import Words
from translations.wording import CHOSEN, language_name

TYPED = {
    "de": ("Mehr <b>Bänke</b> und Bäume am Spielplatz", "Die Nachbarn könnten beim Pflanzen helfen"),
    "ar": ("نريد ملعبًا للأطفال وحديقة قريبة", "يمكن أن نزرع الأشجار معًا في الربيع"),
    "tr": ("Çocuklar için bir oyun parkı ve daha çok ağaç istiyoruz", "Ağaçları komşularla birlikte dikebiliriz"),
}
"""The need and the idea that a visitor types."""

KEPT = {
    "district": "betzenberg",
    "theme": "mobility",
    "importance": "4",
    "more": "no",
    "about": "yes",
    "age_band": "25_39",
    "gender": None,
    "years": "5_9",
    "children": "3_plus",
    "home_languages": "tr,ar",
    "review": "yes",
}
"""What is stored in the end, besides what was typed; the gender was skipped."""


@pytest.mark.parametrize(
    ("language", "locale", "viewport"),
    [("de", "de-DE", DESKTOP), ("de", "de-DE", PHONE), ("ar", "ar-SY", PHONE), ("tr", "tr-TR", PHONE)],
    ids=["de-desktop", "de-phone", "ar-phone", "tr-phone"],
)
def test_interview(
    stack: Stack,
    page_at: PageAt,
    words: Words,
    request: pytest.FixtureRequest,
    language: str,
    locale: str,
    viewport: tuple[int, int],
) -> None:
    """From the start to the code, over a reload; then the copy, an answer changed, and all of it deleted."""
    page = page_at(f"{stack.url}/chat", locale=locale, viewport=viewport)
    visitor, (need, idea) = Visitor(page, words, language), TYPED[language]
    name = request.node.callspec.id
    shoot(page, f"{name}-01-start")
    visitor.begins()
    shoot(page, f"{name}-02-district")
    visitor.picks("Betzenberg")
    visitor.hears("theme")
    shoot(page, f"{name}-03-theme")
    page.reload()
    visitor.hears("theme")
    visitor.presses("theme.mobility")
    visitor.hears("need")
    write(page, need)
    visitor.hears("importance")
    shoot(page, f"{name}-04-importance")
    visitor.presses("importance.4")
    visitor.hears("idea")
    write(page, idea)
    visitor.hears("more")
    visitor.presses("more.no")
    visitor.hears("about")
    visitor.presses("about.yes")
    visitor.hears("age_band")
    visitor.presses("age_band.25_39")
    visitor.hears("gender")
    visitor.presses("skip")
    visitor.hears("years")
    visitor.presses("years.5_9")
    visitor.hears("children")
    visitor.presses("children.3_plus")
    visitor.hears("home_languages")
    shoot(page, f"{name}-05-languages")
    for code in ("tr", "ar"):
        visitor.picks(language_name(code, language))
        expect(page.get_by_role("button", name=CHOSEN + language_name(code, language), exact=True)).to_be_attached()
    shoot(page, f"{name}-06-languages-chosen")
    visitor.presses("done")
    visitor.hears("review")
    expect(page.locator(".city .text").last).to_contain_text(idea)
    shoot(page, f"{name}-07-review")
    visitor.presses("review.yes")
    visitor.hears("thanks")
    shoot(page, f"{name}-08-code")
    assert own(page, "sent")[-1] == words.raw(language, "review.yes")
    code = code_seen(page)
    assert code == "".join(filter(str.isdigit, page.locator(".city .text").last.text_content()))

    visitor.asks("my_data")
    visitor.hears("finished")
    shoot(page, f"{name}-09-my-data")
    page.reload()
    copy = visitor.downloads()
    kept = {answer["question"]: answer["text"] for answer in copy["answers"]}
    assert kept == KEPT | {"need": need, "idea": idea}

    visitor.asks("change_answer")
    visitor.hears("change")
    shoot(page, f"{name}-10-change")
    visitor.presses("importance.name")
    visitor.hears("importance")
    visitor.presses("importance.5")
    visitor.hears("thanks")
    shoot(page, f"{name}-11-changed")
    changed = visitor.downloads()
    assert [answer["text"] for answer in changed["answers"] if answer["question"] == "importance"] == ["5"]
    assert [answer["text"] for answer in changed["earlier_answers"] if answer["question"] == "importance"] == ["4"]

    visitor.asks("delete_my_data")
    visitor.hears("delete")
    visitor.presses("delete.yes")
    visitor.hears("erased")
    shoot(page, f"{name}-12-erased")
    expect(page.locator(".message")).to_have_count(1)
    assert remembered(page) == NOTHING


def test_too_young(stack: Stack, page_at: PageAt, words: Words) -> None:
    """D10: a child who says so is sent off kindly, and pressing «start again» at once does not help."""
    page = page_at(f"{stack.url}/chat", locale="de-DE")
    child = Visitor(page, words, "de")
    start(page)
    child.hears("language")
    child.picks("Deutsch")
    child.hears("age")
    child.presses("age.no")
    child.hears("underage")
    child.presses("page.again")
    start(page)
    child.hears("underage_again")


def test_correction_by_typing(stack: Stack, page_at: PageAt, words: Words) -> None:
    """In Arabic on a phone, right to left: all is typed, and what was typed is corrected."""
    page = page_at(f"{stack.url}/chat", locale="ar-SY", viewport=PHONE)
    visitor = Visitor(page, words, "ar")
    start(page)
    visitor.hears("language")
    write(page, "العربية")
    visitor.hears("age")
    write(page, "نعم")
    visitor.hears("consent")
    shoot(page, "ar-typed-1-consent")
    write(page, "نعم")
    visitor.hears("district")
    write(page, "Dansenberg")
    visitor.hears("theme")
    write(page, words.raw("ar", "theme.housing"))
    visitor.hears("need")
    write(page, "نريد ملعبًا للأطفال")
    visitor.hears("importance")
    visitor.asks("go_back")
    visitor.hears("need")
    write(page, "نريد ملعبًا وحديقة في Dansenberg")
    visitor.hears("importance")
    shoot(page, "ar-typed-2-corrected")
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.locator(".city .text").last.get_attribute("dir") == "rtl"


@pytest.mark.parametrize(("language", "on_device"), [("de", False), ("ar", True)])
def test_hand_over(stack: Stack, page_at: PageAt, words: Words, language: str, on_device: bool) -> None:
    """Two persons on one phone: the second sees nothing of the first, on the screen, in the browser or by asking."""
    page = page_at(f"{stack.url}/chat", locale=language, viewport=PHONE)
    need, _ = TYPED[language]
    first = Visitor(page, words, language)
    page.get_by_role("checkbox").set_checked(on_device)
    first.begins()
    first.tells(need)
    write(page, quoted(words.raw(language, "code_taken"))[0])
    first.hears("someone_else")
    shoot(page, f"{language}-hand-over-1-asked")
    code = code_seen(page)
    assert len(code) == 20
    page.locator("textarea").fill("…")
    first.presses("someone_else.yes")
    first.sees_alone("handed_over")
    shoot(page, f"{language}-hand-over-2-closed")
    page.reload()
    expect(page.locator(".intro")).to_be_visible()
    second = Visitor(page, words, language)
    expect(page.get_by_role("checkbox")).not_to_be_checked()
    second.begins()
    expect(page.locator("textarea")).to_have_value("")
    second.asks("my_data")
    second.hears("district")
    assert second.downloads()["answers"] == []
    shoot(page, f"{language}-hand-over-3-second")
    assert need not in page.content()
    assert code[:4] not in page.content()


def test_taken_up_on_another_device(stack: Stack, page_at: PageAt, words: Words) -> None:
    """With the code the talk goes on at another device; the first one says so, and keeps nothing of it."""
    there = page_at(f"{stack.url}/chat", locale="ar-SY", viewport=PHONE)
    need, _ = TYPED["ar"]
    first = Visitor(there, words, "ar")
    first.begins()
    first.tells(need)
    first.asks("pause")
    first.hears("code")
    shoot(there, "taken-up-1-paused")
    code = code_seen(there)

    here = page_at(f"{stack.url}/chat", locale="de-DE", viewport=DESKTOP)
    start(here)
    Visitor(here, words, "de").hears("language")
    write(here, code)
    second = Visitor(here, words, "ar")
    second.hears("importance")
    expect(here.locator(".city", has_text=words.raw("ar", "taken_up"))).to_have_count(1)
    shoot(here, "taken-up-2-here")
    second.presses("importance.4")
    second.hears("idea")

    first.sees_alone("taken_elsewhere")
    shoot(there, "taken-up-3-there")
    there.reload()
    expect(there.locator(".intro")).to_be_visible()
    assert need not in there.content()
