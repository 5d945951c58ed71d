"""The chat page in a real browser: what it shows, in which direction, by keyboard, on a tiny screen."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Begin, PageAt
from tests.browser.fake_city import COPY, WORDS, City
from tests.browser.visitor import NOTHING, code_seen, own, remembered, start, stored, until, write

DE = WORDS["de"]
PAYLOAD = "<img src=x onerror=alert(1)><script>alert(2)</script>\"';--"


def test_nothing_is_stored_before_the_visitor_starts(page_at: PageAt, city_url: str, city: City) -> None:
    """Opening the page and choosing a language leaves nothing in the browser and nothing at the city."""
    page = page_at(city_url)
    expect(page.locator(".intro")).to_have_text(DE["page.intro"])
    page.get_by_role("radio", name="العربية").check()
    expect(page.locator(".intro")).to_have_text(WORDS["ar"]["page.intro"])
    assert remembered(page) == NOTHING
    assert city.sessions == 0


def test_buttons_by_keyboard(begin: Begin, city: City) -> None:
    """A choice made by keyboard moves the focus to the field, removes the buttons and stands as an own message."""
    page = begin()
    city.says("Wo wohnen Sie?", buttons=("Mitte", "Nord"))
    group = page.get_by_role("group", name=DE["page.choices"])
    expect(group.get_by_role("button")).to_have_count(2)
    page.keyboard.press("Shift+Tab")
    expect(group.get_by_role("button", name="Nord")).to_be_focused()
    page.evaluate("""() => { window.falls = 0; document.addEventListener("focusout", (event) => {
        if (!event.relatedTarget) window.falls++; }) }""")
    page.keyboard.press("Enter")
    expect(page.locator("textarea")).to_be_focused()
    expect(group).to_have_count(0)
    assert own(page, "sent") == ["Nord"]
    assert [body["button"] for body in city.posts] == ["b1"]
    assert page.evaluate("window.falls") == 0


def test_typing_is_told_apart_from_the_log(begin: Begin, city: City) -> None:
    """While a reply is due a status outside the log says so, and falls silent when the reply is there."""
    page = begin()
    write(page, "Hallo")
    expect(page.locator("#typing [role=status]")).to_have_text(DE["page.typing"])
    city.says("Guten Tag")
    expect(page.locator("#typing [role=status]")).to_be_empty()


def test_change_of_language_keeps_the_talk(begin: Begin, city: City) -> None:
    """Another language in the header turns the page around, is told to the city, and nothing said is lost."""
    page = begin()
    write(page, "Hallo")
    assert own(page, "sent") == ["Hallo"]
    page.get_by_role("combobox", name=DE["page.language"]).select_option("ar")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    city.says("مرحبًا", "ar")
    expect(page.locator(".text")).to_have_text(["Hallo", "مرحبًا"])
    until(page, lambda: stored(city) == ["Hallo", "ar"])


def test_right_to_left(begin: Begin, city: City) -> None:
    """An Arabic visitor gets a right-to-left page, also in the empty field, and each message its own direction."""
    page = begin(locale="ar-SY", viewport=(360, 740))
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("html")).to_have_attribute("lang", "ar")
    field = page.locator("textarea")
    assert field.evaluate("field => getComputedStyle(field).direction") == "rtl"
    field.fill("Hallo")
    assert field.evaluate("field => getComputedStyle(field).direction") == "ltr"
    city.says("مرحبًا", "ar")
    expect(page.locator(".city .text")).to_have_attribute("dir", "rtl")
    expect(page.locator(".city .text")).to_have_attribute("lang", "ar")


def test_page_follows_the_city(begin: Begin, city: City) -> None:
    """When the city goes on in another language, the page's own words follow."""
    page = begin()
    city.says("مرحبًا", "ar")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("textarea")).to_have_attribute("placeholder", WORDS["ar"]["page.placeholder"])


def test_script_is_shown_as_text(begin: Begin, city: City) -> None:
    """Script in a message of either side or in a button is text, makes no element, and breaks no policy."""
    page = begin()
    city.says(PAYLOAD, buttons=(PAYLOAD,))
    expect(page.locator("[role=group] button")).to_have_text(PAYLOAD)
    write(page, PAYLOAD)
    assert own(page, "sent") == [PAYLOAD]
    expect(page.locator(".city .text")).to_have_text(PAYLOAD)
    expect(page.locator("#log img, #log script")).to_have_count(0)
    page.reload()
    expect(page.locator(".text")).to_have_text([PAYLOAD, PAYLOAD])


def test_tiny_screen_cuts_nothing(begin: Begin, city: City) -> None:
    """At 320 x 256 the page scrolls as a whole, nothing sticks out, and field and button can be reached."""
    page = begin(viewport=(320, 256))
    city.says("Wort" * 60, buttons=("Ich möchte das lieber nicht sagen", "Donaudampfschifffahrtsgesellschaft" * 2))
    expect(page.locator("[role=group] button")).to_have_count(2)
    outside = """() => [...document.querySelectorAll("body *")].filter((node) => {
        const { left, right, width } = node.getBoundingClientRect();
        return width > 1 && (left < 0 || right > innerWidth);
    }).map((node) => node.outerHTML)"""
    assert page.evaluate(outside) == []
    assert page.locator("#log").evaluate("log => log.scrollHeight <= log.clientHeight")
    page.locator("form button").scroll_into_view_if_needed()
    expect(page.locator("form button")).to_be_in_viewport(ratio=1)


def test_targets_are_large_enough(begin: Begin, city: City) -> None:
    """Everything that is pressed measures at least 44 by 44 pixels."""
    page = begin(viewport=(360, 740))
    city.says("Ja?", buttons=("Ja", "Ö"))
    expect(page.locator("[role=group] button")).to_have_count(2)
    small = """() => [...document.querySelectorAll("button, select, textarea")].filter((node) => {
        const { width, height } = node.getBoundingClientRect();
        return width && (width < 44 || height < 44);
    }).map((node) => node.outerHTML)"""
    assert page.evaluate(small) == []


def test_erased_wipes_the_tab(begin: Begin, city: City) -> None:
    """When the city has erased the talk, its notice stands alone, the tab remembers nothing, one can start again."""
    page = begin()
    write(page, "Etwas Persönliches")
    assert own(page, "sent") == ["Etwas Persönliches"]
    page.locator("textarea").fill("ein Entwurf")
    city.says("Alles ist gelöscht.", end="erased")
    expect(page.get_by_role("button", name=DE["page.again"])).to_be_focused()
    expect(page.locator(".text")).to_have_text(["Alles ist gelöscht."])
    assert remembered(page) == NOTHING
    page.keyboard.press("Enter")
    start(page)
    expect(page.locator("textarea")).to_have_value("")
    write(page, "Neu")
    assert own(page, "sent") == ["Neu"]
    assert city.sessions == 2


def test_closed_wipes_the_tab(begin: Begin, city: City) -> None:
    """When somebody else answers from now on, nothing of the talk stays, and what the city says then is nobody's."""
    page = begin()
    write(page, "Etwas Persönliches")
    assert own(page, "sent") == ["Etwas Persönliches"]
    city.says("Das ist gespeichert:\n• Das brauchen Sie: Etwas Persönliches", attachment="my_data")
    expect(page.locator(".download")).to_be_visible()
    page.locator("textarea").fill("ein Entwurf")
    city.says_all(
        {"text": "Das Gespräch ist geschlossen.", "end": "closed"},
        {"text": "In welcher Sprache?", "buttons": ("Deutsch",)},
    )
    expect(page.get_by_role("button", name=DE["page.again"])).to_be_focused()
    for _ in range(2):
        expect(page.locator(".text")).to_have_text(["Das Gespräch ist geschlossen."])
        expect(page.locator("#log button")).to_have_count(0)
        assert remembered(page) == NOTHING
        page.wait_for_timeout(600)  # the city's second message has come by now
    page.reload()
    expect(page.locator(".intro")).to_be_visible()
    assert "Persönliches" not in page.content()
    start(page)
    expect(page.locator("textarea")).to_have_value("")
    expect(page.locator(".message")).to_have_count(0)
    assert city.sessions == 2


def test_closed_while_away(begin: Begin, city: City, city_url: str) -> None:
    """A talk that went on elsewhere while the page was away is wiped as soon as the page comes back."""
    page = begin()
    write(page, "Etwas Persönliches")
    assert own(page, "sent") == ["Etwas Persönliches"]
    page.goto("about:blank")
    city.says("Das Gespräch geht auf einem anderen Gerät weiter.", end="closed")
    page.goto(city_url)
    expect(page.locator(".text")).to_have_text(["Das Gespräch geht auf einem anderen Gerät weiter."])
    assert remembered(page) == NOTHING


def test_copy_is_downloaded(begin: Begin, city: City) -> None:
    """The city's list of what is stored has a button, by keyboard and after a reload: it saves the copy as a file."""
    page = begin()
    city.says("Das ist gespeichert:", attachment="my_data")
    city.says("Wo wohnen Sie?", buttons=("Nord",))
    page.get_by_role("button", name="Nord").press("Enter")
    page.reload()
    button = page.get_by_role("log").get_by_role("button", name=DE["page.download"])
    with page.expect_download() as caught:
        button.press("Enter")
    assert caught.value.suggested_filename == "mitsprache.json"
    assert json.loads(Path(caught.value.path()).read_text("utf-8")) == COPY
    expect(button).to_be_focused()
    assert city.copies == 1


def test_copy_refused(begin: Begin, city: City) -> None:
    """When the city can't give the copy, its sentence says why; when it no longer knows the talk, the page ends it."""
    page = begin()
    city.says("Das ist gespeichert:", attachment="my_data")
    city.refusals = [(422, {"error": "unavailable", "message": "Gerade nicht."})]
    button = page.get_by_role("button", name=DE["page.download"])
    button.press("Enter")
    expect(page.locator("#notice")).to_have_text("Gerade nicht.")
    city.token = "another"
    button.press("Enter")
    expect(page.locator("#over")).to_contain_text(DE["page.lost"])
    expect(page.locator("#log button")).to_have_count(0)


@pytest.mark.parametrize("language", ["de", "ar"])
def test_long_reply_is_shown_from_its_beginning(begin: Begin, city: City, language: str) -> None:
    """Of a long reply the first message is seen; lines with a bullet are indented, and a code keeps its order."""
    page, code = begin(viewport=(360, 640)), "1234 5678 9012 3456 7890"
    write(page, "Hallo")
    own(page, "sent")
    items = "\n".join(f"• Das brauchen Sie ({number}): ein Platz mit vielen Bänken und Bäumen" for number in range(9))
    city.says_all(
        {"text": f"Das ist gespeichert:\n{items}", "language": language, "attachment": "my_data"},
        {"text": f"Ihr Code:\n\u2068{code}\u2069", "language": language, "buttons": ("Ja", "Nein")},
    )
    expect(page.locator(".city")).to_have_count(2)
    expect(page.locator(".city .text").first).to_be_in_viewport()
    assert page.locator("#log").evaluate("log => log.scrollWidth <= log.clientWidth")
    expect(page.locator(".item")).to_have_count(9)
    assert code_seen(page) == code.replace(" ", "")


def test_counter_appears_near_the_limit(begin: Begin) -> None:
    """The number of characters is told only when the text comes near the limit, in characters, not in bytes."""
    page = begin()
    page.locator("textarea").fill("😀" * 3500)
    expect(page.locator("#counter")).to_be_hidden()
    page.locator("textarea").fill("😀" * 3501)
    expect(page.locator("#counter")).to_have_text("Zeichen: 3.501 von 4.000")


def test_enter_sends_and_shift_enter_does_not(begin: Begin, city: City) -> None:
    """Shift and Enter begin a new line, Enter sends both lines."""
    page = begin()
    page.keyboard.type("eins")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("zwei")
    page.keyboard.press("Enter")
    assert own(page, "sent") == ["eins\nzwei"]
    assert stored(city) == ["eins\nzwei"]


def test_no_foreign_request(page_at: PageAt, city_url: str) -> None:
    """From opening to the first message the page asks nobody but the city."""
    page = page_at("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(city_url)
    start(page)
    write(page, "Hallo")
    own(page, "sent")
    assert asked
    assert all(address.startswith(city_url.removesuffix("/chat")) for address in asked)
