"""The chat page on a bad line: answers get lost, the line breaks, proxies hold back, the city refuses or forgets."""

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Begin
from tests.browser.fake_city import WORDS, City
from tests.browser.visitor import own, start, stored, until, write

DE = WORDS["de"]


def test_lost_answer_is_sent_once(begin: Begin, city: City) -> None:
    """When the answer to a message is lost, it is sent again under its id and stored once, before the next."""
    page = begin()
    city.drop_answers = 1
    write(page, "Ein Spielplatz")
    write(page, "und Schatten")
    assert own(page, "sent") == ["Ein Spielplatz", "und Schatten"]
    assert [body["text"] for body in city.posts] == ["Ein Spielplatz", "Ein Spielplatz", "und Schatten"]
    assert stored(city) == ["Ein Spielplatz", "und Schatten"]


def test_reload_keeps_talk_and_draft(begin: Begin, city: City) -> None:
    """After a reload the talk stands as before, each message once, and the unfinished text is in the field."""
    page = begin()
    city.says("Was fehlt?", buttons=("Licht", "Ruhe"))
    write(page, "Bänke")
    assert own(page, "sent") == ["Bänke"]
    city.says("Wo?", buttons=("Nord", "Süd"))
    expect(page.get_by_role("button", name="Nord")).to_be_visible()
    page.locator("textarea").fill("Am Haf")
    page.reload()
    expect(page.locator("#log")).to_have_attribute("aria-live", "polite")
    city.says("Noch da?")
    expect(page.locator(".text")).to_have_text(["Was fehlt?", "Bänke", "Wo?", "Noch da?"])
    expect(page.locator("textarea")).to_have_value("Am Haf")
    expect(page.locator("[role=group] button")).to_have_text(["Nord", "Süd"])
    assert (city.sessions, len(city.posts)) == (1, 1)


def test_history_enters_before_the_log_is_live(begin: Begin, city: City) -> None:
    """What was said before a reload is not read aloud again: the log becomes live after it stands there."""
    page = begin()
    city.says("Was fehlt?")
    expect(page.locator(".city")).to_have_count(1)
    page.add_init_script("""addEventListener("DOMContentLoaded", () => {
        window.entered = [];
        const log = document.querySelector("#log");
        new MutationObserver((changes) => changes.forEach((change) => entered.push(
            change.addedNodes.length ? "message" : log.getAttribute("aria-live")
        ))).observe(log, { childList: true, attributes: true, attributeFilter: ["aria-live"] });
    })""")
    page.reload()
    expect(page.locator("#log")).to_have_attribute("aria-live", "polite")
    assert page.evaluate("window.entered") == ["message", "polite"]


def test_offline_text_arrives_once(begin: Begin, city: City) -> None:
    """What is written without a line is shown as being sent, and arrives once when the line is back."""
    page = begin()
    page.context.set_offline(True)
    write(page, "Mehr Bänke")
    expect(page.locator(".me .state")).to_have_text(DE["page.sending"])
    expect(page.locator("#notice")).to_have_text(DE["page.offline"])
    page.context.set_offline(False)
    assert own(page, "sent") == ["Mehr Bänke"]
    expect(page.locator("#notice")).to_be_empty()
    city.says("Danke")
    expect(page.locator(".city .text")).to_have_text(["Danke"])
    assert stored(city) == ["Mehr Bänke"]


def test_refused_text_comes_back(begin: Begin, city: City) -> None:
    """A text refused for good shows the city's sentence beside it and stands in the field again."""
    page = begin()
    city.refusals = [(422, {"error": "text_too_long", "message": "Das ist zu lang."})]
    write(page, "Sehr lang")
    assert own(page, "refused") == ["Sehr lang"]
    expect(page.locator(".error")).to_have_text("Das ist zu lang.")
    expect(page.locator("textarea")).to_have_value("Sehr lang")
    assert len(city.posts) == 1


def test_refusal_is_in_the_language_of_the_page(begin: Begin, city: City) -> None:
    """The city is asked to word a refusal in the page's language, whatever the browser's own is."""
    page = begin(locale="de-DE")
    city.says("مرحبًا", "ar")
    expect(page.locator("html")).to_have_attribute("lang", "ar")
    city.refusals = [(422, {"error": "text_too_long", "message": "النص طويل جدًا."})]
    write(page, "طويل")
    expect(page.locator(".error")).to_have_attribute("lang", "ar")
    assert city.asked_in == "ar"


@pytest.mark.parametrize("status", [503, 429])
def test_busy_city_is_asked_again(begin: Begin, city: City, status: int) -> None:
    """C19: after 503 or 429 the text stays being sent, with the city's sentence above, until it is stored once."""
    page = begin()
    city.refusals = [(status, {"error": "busy", "message": "Bitte einen Moment."})] * 2
    write(page, "Licht")
    expect(page.locator("#notice")).to_have_text("Bitte einen Moment.")
    assert own(page, "sent") == ["Licht"]
    assert stored(city) == ["Licht"]


def test_unknown_session_can_start_again(begin: Begin, city: City) -> None:
    """When the city no longer knows the talk, the page says so and gives the unsent text to the next talk."""
    page = begin()

    def forget(route: Route) -> None:
        city.token = "another"
        route.continue_()

    page.route("**/api/messages", forget)
    write(page, "Noch nicht gesendet")
    expect(page.locator("#over")).to_contain_text(DE["page.lost"])
    page.get_by_role("button", name=DE["page.again"]).press("Enter")
    start(page)
    expect(page.locator("textarea")).to_have_value("Noch nicht gesendet")


def test_mute_streams_fall_back_to_polls(begin: Begin, city: City) -> None:
    """Behind a proxy that holds streams back the messages come by long poll, each once."""
    city.mute_streams = True
    page = begin()
    city.says("Guten Tag")
    expect(page.locator(".city .text")).to_have_text(["Guten Tag"], timeout=20_000)
    city.says("Wo wohnen Sie?")
    expect(page.locator(".city .text")).to_have_text(["Guten Tag", "Wo wohnen Sie?"])
    assert city.polls >= 1


def test_hidden_tab_holds_no_stream(begin: Begin, city: City) -> None:
    """A tab that nobody sees closes its stream; seen again it gets what was said meanwhile."""
    page = begin()
    city.says("Guten Tag")
    expect(page.locator(".city .text")).to_have_text(["Guten Tag"])
    hide = """hidden => { Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange")); }"""
    page.evaluate(hide, True)
    city.says("Noch etwas")
    until(page, lambda: city.streams == 0)
    expect(page.locator(".city .text")).to_have_text(["Guten Tag"])
    page.evaluate(hide, False)
    expect(page.locator(".city .text")).to_have_text(["Guten Tag", "Noch etwas"])
