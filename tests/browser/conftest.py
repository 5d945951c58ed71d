"""A real browser for the tests of pages: `page_at(url, …)` opens a fresh visitor's page."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Error, Page, ViewportSize, sync_playwright

from tests.browser.fake_city import City, Server
from tests.browser.visitor import start
from translations.catalogs import Words

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-sync",
)

PageAt = Callable[..., Page]
Begin = Callable[..., Page]


def chromium() -> str:
    """The path of the browser: CHROMIUM, or one that the machine knows by name."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not path:
        pytest.fail("The browser tests need Chromium: run `make chromium`, or say CHROMIUM=/path/to/it.", pytrace=False)
    return path


# For this package, not for the session: while Playwright runs, asyncio.run() fails in all other tests.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page_at(browser: Browser) -> Iterator[PageAt]:
    """Opens `url` for a visitor with these settings. A script error or a breach of the policy fails the test."""
    contexts, complaints = [], []

    def open_page(
        url: str,
        locale: str = "de-DE",
        viewport: tuple[int, int] = (1280, 800),
        color_scheme: str = "light",
        **settings: object,
    ) -> Page:
        size = ViewportSize(width=viewport[0], height=viewport[1])
        context = browser.new_context(locale=locale, viewport=size, color_scheme=color_scheme, **settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
        page.on("console", lambda line: complaints.append(line.text) if "Policy" in line.text else None)
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


class Phone:
    """A browser with a folder of its own for what it remembers; it can be killed and opened again."""

    def __init__(self, kind: BrowserType, folder: Path) -> None:
        self._kind, self._folder = kind, folder
        self._context: BrowserContext | None = None

    def opens(self, url: str) -> Page:
        """Starts the browser, and opens the page in its one tab."""
        self._context = self._kind.launch_persistent_context(
            self._folder,
            executable_path=chromium(),
            args=QUIET,
            locale="de-DE",
            viewport=ViewportSize(width=360, height=740),
        )
        page = self._context.pages[0]
        page.set_default_timeout(15_000)
        page.goto(url)
        return page

    def dies(self) -> None:
        """kill -9 of the browser; its lock names the process."""
        os.kill(int(os.readlink(self._folder / "SingletonLock").rpartition("-")[2]), signal.SIGKILL)
        self.closes()

    def closes(self) -> None:
        """Waits until the browser has gone, by itself or now."""
        with suppress(Error):
            if self._context:
                self._context.close()


@pytest.fixture
def phone(browser: Browser, tmp_path: Path) -> Iterator[Phone]:
    """Somebody's own browser."""
    phone = Phone(browser.browser_type, tmp_path / "profile")
    yield phone
    phone.closes()


@pytest.fixture(scope="session")
def words() -> Words:
    """What the real city says."""
    return Words("kaiserslautern")


@pytest.fixture
def city() -> City:
    return City()


@pytest.fixture
def city_url(city: City) -> Iterator[str]:
    server = Server(city)
    yield server.url
    server.shutdown()
    server.server_close()


@pytest.fixture
def begin(page_at: PageAt, city_url: str) -> Begin:
    """Opens the fake city's page and starts a talk by keyboard; `ticked` remembers it on the device."""

    def open_and_start(ticked: bool = False, **settings: object) -> Page:
        page = page_at(city_url, **settings)
        page.get_by_role("checkbox").set_checked(ticked)
        start(page)
        return page

    return open_and_start
