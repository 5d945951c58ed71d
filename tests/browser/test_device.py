"""What outlives a lost answer, a reload and a killed browser; and the choice to be remembered on the device."""

import json
import os
import signal

import pytest
from playwright.sync_api import Page, Route, expect

from store.tables import inbox, outbox
from tests.browser.conftest import Begin, PageAt, Phone
from tests.browser.fake_city import WORDS, City
from tests.browser.visitor import NOTHING, PHONE, Visitor, own, remembered, shoot, start, stored, until, write
from tests.stack import Stack
from tests.tester import Resident
from translations.catalogs import Words

NEED, DRAFT = "Mehr Bänke und Bäume am Spielplatz", "Und abends brauchen wir"
CHOICE = WORDS["de"]["page.remember"]
ASKED = 'JSON.parse(sessionStorage["mitsprache.talk"])'


def resident(stack: Stack, token: str) -> Resident:
    """The same person, as the stack knows residents."""
    person = Resident(stack.url)
    person.token = token
    return person


def times_asked(stack: Stack, visitor: Visitor, person: Resident, key: str) -> int:
    """How often the city has put this question to the person, by its log in the database."""
    question = visitor.words.raw(visitor.language, key).partition("{")[0]
    return sum(question in text for text in stack.replies_to(stack.person(person)))


def box(page: Page) -> None:
    """Opens the choice in the header by keyboard; the box has the focus then."""
    page.locator("#device summary").press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("checkbox", name=CHOICE)).to_be_focused()


def on_device(page: Page) -> dict[str, str]:
    """What lies on the device."""
    return json.loads(remembered(page))[3].get("mitsprache", {})


# --- on the real stack


def test_lost_answer_and_reload(stack: Stack, page_at: PageAt, words: Words) -> None:
    """A21: the answer to a message is lost, the page reloaded, the message sent again: one row, one reply."""
    page = page_at(f"{stack.url}/chat", viewport=PHONE)
    visitor = Visitor(page, words, "de")
    visitor.begins()
    visitor.comes_to_need()
    person = resident(stack, page.evaluate(f"{ASKED}.token"))
    mine = inbox.c.person == stack.person(person)
    before = stack.count(inbox, mine)
    tries: list[tuple[str, str]] = []
    cut = True

    def line(route: Route) -> None:
        answer = route.fetch()
        tries.append((route.request.post_data_json["id"], answer.json()["state"]))
        if cut:
            route.abort()
        else:
            route.fulfill(response=answer)

    page.route("**/api/messages", line)
    rasa = stack.supervisor.pid_of("rasa")
    os.killpg(rasa, signal.SIGSTOP)  # a reply that came meanwhile would make the page keep the talk anew
    try:
        write(page, NEED)
        until(page, lambda: bool(tries))
        page.locator("textarea").fill(DRAFT)
        page.reload()
        expect(page.locator("textarea")).to_have_value(DRAFT)
    finally:
        os.killpg(rasa, signal.SIGCONT)
    cut = False
    assert own(page, "sent")[-1] == NEED
    visitor.hears("importance")

    assert len({id for id, _state in tries}) == 1
    assert [state for _id, state in tries] == ["stored"] + ["duplicate"] * (len(tries) - 1)
    assert len(tries) > 1
    assert stack.count(inbox, mine) == before + 1
    assert stack.needs_of(person) == [(0, "answered", NEED, 1)]
    assert times_asked(stack, visitor, person, "importance") == 1
    expect(page.locator(".city", has_text=words.raw("de", "importance").partition("{")[0])).to_have_count(1)
    assert stack.count(outbox, outbox.c.person == stack.person(person)) == page.locator(".city").count()


def test_draft_outlives_a_reload(stack: Stack, page_at: PageAt, words: Words) -> None:
    """A22: without any choice a typed text is in the field again after a reload; it lies in this tab alone."""
    page = page_at(f"{stack.url}/chat", viewport=PHONE)
    visitor = Visitor(page, words, "de")
    visitor.begins()
    for text in (DRAFT, "Nur ein anderer Satz"):
        page.locator("textarea").fill(text)
        page.reload()
        expect(page.locator("textarea")).to_have_value(text)
    assert json.loads(remembered(page))[1:] == [{}, "", {}]
    visitor.hears("district")


def test_talk_outlives_a_killed_browser(stack: Stack, phone: Phone, words: Words) -> None:
    """A22: with the choice the talk, an unsent message and a draft outlive kill -9; the message is stored once."""
    page = phone.opens(f"{stack.url}/chat")
    page.get_by_role("checkbox", name=words.raw("de", "page.remember")).check()
    visitor = Visitor(page, words, "de")
    visitor.begins()
    visitor.comes_to_need()
    page.context.set_offline(True)
    write(page, NEED)
    page.locator("textarea").fill(DRAFT)
    until(page, lambda: NEED in on_device(page)["mitsprache.talk"] and on_device(page)["mitsprache.draft"] == DRAFT)
    person = resident(stack, json.loads(on_device(page)["mitsprache.talk"])["token"])
    assert json.loads(remembered(page))[:2] == [{}, {}]
    phone.dies()
    assert stack.needs_of(person) == []

    page = phone.opens(f"{stack.url}/chat")
    expect(page.locator("textarea")).to_have_value(DRAFT)
    assert own(page, "sent")[-1] == NEED
    Visitor(page, words, "de").hears("importance")
    assert stack.needs_of(person) == [(0, "answered", NEED, 1)]
    assert times_asked(stack, visitor, person, "importance") == 1


def test_without_the_choice_nothing_outlives_the_browser(phone: Phone, city_url: str) -> None:
    """E9: who has not chosen to be remembered leaves nothing behind in a browser that is killed."""
    page = phone.opens(city_url)
    start(page)
    write(page, NEED)
    assert own(page, "sent") == [NEED]
    page.locator("textarea").fill(DRAFT)
    phone.dies()
    page = phone.opens(city_url)
    expect(page.locator(".intro")).to_be_visible()
    assert remembered(page) == NOTHING


# --- the choice


def test_choice_is_off_and_plain(page_at: PageAt, city_url: str) -> None:
    """E9: the choice is a box with a name, off, with a sentence that it is read with; ticking it stores nothing yet."""
    page = page_at(city_url, viewport=PHONE)
    choice = page.get_by_role("checkbox", name=CHOICE)
    expect(choice).not_to_be_checked()
    expect(choice).to_have_accessible_description(WORDS["de"]["page.remembered"])
    page.locator("#start button").focus()
    page.keyboard.press("Tab")
    expect(choice).to_be_focused()
    page.keyboard.press("Space")
    expect(choice).to_be_checked()
    assert remembered(page) == NOTHING
    page.reload()
    expect(choice).not_to_be_checked()


@pytest.mark.parametrize("at_start", [True, False])
def test_choice_moves_the_talk_to_the_device(begin: Begin, city: City, city_url: str, at_start: bool) -> None:
    """E9: chosen at the start or by keyboard in the talk, all lies on the device and nothing in the tab."""
    page = begin(viewport=PHONE, ticked=at_start)
    write(page, NEED)
    assert own(page, "sent") == [NEED]
    page.locator("textarea").fill(DRAFT)
    if not at_start:
        assert on_device(page) == {}
        box(page)
        page.keyboard.press("Space")
    until(page, lambda: on_device(page).get("mitsprache.draft") == DRAFT)
    assert json.loads(remembered(page))[:3] == [{}, {}, ""]
    page.reload()
    expect(page.locator("textarea")).to_have_value(DRAFT)
    expect(page.locator(".text")).to_have_text([NEED])
    box(page)
    expect(page.get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("Escape")
    expect(page.get_by_role("checkbox")).to_be_hidden()
    expect(page.locator("#device summary")).to_be_focused()
    assert city.sessions == 1


def test_unticking_clears_the_device(city_url: str, city: City, phone: Phone) -> None:
    """A22, E9: unticked, the device is empty at once, also for a browser killed then; the talk goes on in its tab."""
    page = phone.opens(city_url)
    page.get_by_role("checkbox").check()
    start(page)
    write(page, NEED)
    assert own(page, "sent") == [NEED]
    page.locator("textarea").fill(DRAFT)
    until(page, lambda: on_device(page).get("mitsprache.draft") == DRAFT)
    box(page)
    page.keyboard.press("Space")
    until(page, lambda: on_device(page) == {})
    page.reload()
    expect(page.locator(".text")).to_have_text([NEED])
    expect(page.locator("textarea")).to_have_value(DRAFT)
    until(page, lambda: on_device(page) == {})
    phone.dies()
    page = phone.opens(city_url)
    expect(page.locator(".intro")).to_be_visible()
    assert remembered(page) == NOTHING
    assert city.sessions == 1


@pytest.mark.parametrize("ending", ["erased", "closed"])
def test_an_end_clears_the_device(begin: Begin, city: City, ending: str) -> None:
    """When all is deleted or somebody else answers, nothing stays on the device, and the choice is off again."""
    page = begin(ticked=True)
    write(page, NEED)
    assert own(page, "sent") == [NEED]
    page.locator("textarea").fill(DRAFT)
    until(page, lambda: on_device(page).get("mitsprache.draft") == DRAFT)
    city.says("Das war alles.", end=ending)
    page.get_by_role("button", name=WORDS["de"]["page.again"]).press("Enter")
    expect(page.get_by_role("checkbox")).not_to_be_checked()
    until(page, lambda: remembered(page) == NOTHING)
    start(page)
    expect(page.locator("textarea")).to_have_value("")
    assert on_device(page) == {}


def test_a_lost_talk_clears_the_device(begin: Begin, city: City) -> None:
    """When the city no longer knows the talk, only the unsent text stays, and in the tab alone."""
    page = begin(ticked=True)
    until(page, lambda: on_device(page) != {})
    city.token = "another"
    write(page, NEED)
    expect(page.locator("#over")).to_contain_text(WORDS["de"]["page.lost"])
    until(page, lambda: json.loads(remembered(page)) == [{"mitsprache.draft": NEED}, {}, "", {}])


def test_second_window_takes_the_talk(begin: Begin, city: City, city_url: str) -> None:
    """A talk on the device is open in one window at a time: the other one is emptied, and can take it back."""
    first = begin(ticked=True)
    write(first, NEED)
    assert own(first, "sent") == [NEED]
    first.locator("textarea").fill(DRAFT)
    until(first, lambda: on_device(first).get("mitsprache.draft") == DRAFT)
    second = first.context.new_page()
    second.goto(city_url)
    expect(second.locator("textarea")).to_have_value(DRAFT)
    expect(first.locator("#over")).to_contain_text(WORDS["de"]["page.elsewhere"])
    expect(first.locator(".message")).to_have_count(0)
    expect(first.locator("textarea")).to_have_value("")
    write(second, "Und Schatten")
    assert own(second, "sent") == [NEED, "Und Schatten"]
    first.get_by_role("button", name=WORDS["de"]["page.here"]).press("Enter")
    expect(first.locator(".text")).to_have_text([NEED, "Und Schatten"])
    expect(second.locator("#over")).to_contain_text(WORDS["de"]["page.elsewhere"])
    assert stored(city) == [NEED, "Und Schatten"]
    assert city.sessions == 1


def test_another_talk_on_the_device(stack: Stack, page_at: PageAt, words: Words) -> None:
    """When another window puts another talk on the device, the first one goes on in its tab, and keeps its draft."""
    first = page_at(f"{stack.url}/chat")
    second = first.context.new_page()
    second.goto(f"{stack.url}/chat")
    first.get_by_role("checkbox").check()
    start(first)
    Visitor(first, words, "de").hears("language")
    first.locator("textarea").fill(DRAFT)
    until(first, lambda: on_device(first).get("mitsprache.draft") == DRAFT)
    mine = on_device(first)["mitsprache.talk"]
    second.get_by_role("checkbox").check()
    start(second)
    until(first, lambda: json.loads(remembered(first))[0].get("mitsprache.draft") == DRAFT)
    assert first.evaluate(f"{ASKED}.token") == json.loads(mine)["token"]
    until(first, lambda: on_device(first).get("mitsprache.talk", mine) != mine)
    expect(first.get_by_role("checkbox", include_hidden=True)).not_to_be_checked()
    Visitor(first, words, "de").picks("Deutsch")
    Visitor(first, words, "de").hears("age")
    expect(first.locator("textarea")).to_have_value(DRAFT)


@pytest.mark.parametrize("language", ["de", "ar"])
def test_choice_fits_a_phone(stack: Stack, page_at: PageAt, words: Words, language: str) -> None:
    """On a phone the start stands above the choice, both whole; in the talk the choice opens under its button."""
    page = page_at(f"{stack.url}/chat", locale=language, viewport=PHONE)
    expect(page.locator("#start button")).to_be_in_viewport(ratio=1)
    shoot(page, f"{language}-choice-1-start")
    page.locator("#remember").scroll_into_view_if_needed()
    expect(page.locator("#remember")).to_be_in_viewport(ratio=0.99)
    shoot(page, f"{language}-choice-2-scrolled")
    page.get_by_role("checkbox").check()
    start(page)
    Visitor(page, words, language).hears("language")
    lines = "node => node.getBoundingClientRect().height / parseFloat(getComputedStyle(node).lineHeight)"
    assert page.locator("h1").evaluate(lines) < 1.5
    page.locator("#device summary").press("Enter")
    expect(page.locator("#remember")).to_be_in_viewport(ratio=0.99)
    shoot(page, f"{language}-choice-3-talk")
    for pressed in page.locator("summary, #remember label").all():
        assert pressed.evaluate("node => Math.min(node.offsetWidth, node.offsetHeight)") >= 44
    page.set_viewport_size({"width": 320, "height": 256})
    shoot(page, f"{language}-choice-4-tiny")
    page.locator("#remembered").evaluate("node => node.scrollIntoView({ block: 'end' })")
    end = page.locator("#remembered").evaluate("node => node.getBoundingClientRect().bottom - innerHeight")
    assert end <= 0
