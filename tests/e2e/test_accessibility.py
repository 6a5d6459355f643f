"""Whoever cannot see the page well, or has no mouse: axe finds nothing serious anywhere, and keys alone are enough."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, StorageState, expect

from tests.e2e.axe import violations
from tests.e2e.browsing import (
    ANSWER_TIMEOUT_MS,
    NARROW,
    STEP_TIMEOUT_MS,
    WIDE,
    Owner,
    chromium_running,
    sign_in,
    visiting,
)
from tests.e2e.conftest import EMAIL, PASSWORD, Site
from tests.e2e.ferries import Ferries, ferries_make
from tests.e2e.labels import overflowing
from tests.e2e.places import PLACES, WITHOUT_ACCOUNT, Place, settle

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SIZES = {"wide": WIDE, "narrow": NARROW}
GOING_AWAY = "net::ERR_ABORTED"
LANGUAGE_KEY = "atelier-language"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


@pytest.fixture(scope="module")
def ferries(site: Site) -> Iterator[Ferries]:
    """A workspace with something in every room."""
    with site.console() as console:
        made = ferries_make(console)
        yield made
        assert console.delete(f"/providers/{made.ids['provider']}").status_code == 204


@pytest.fixture(scope="module")
def member(site: Site, browser: Browser, ferries: Ferries) -> StorageState:
    """The cookies of somebody who is signed in; notes the workspace's id."""
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        ferries.ids["workspace"] = page.url.split("/w/")[1].split("/")[0]
        return page.context.storage_state()


class Complaints:
    """What a page has to say against itself while it is visited."""

    def __init__(self, page: Page) -> None:
        self.lines: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.lines.append(f"uncaught: {error}"))
        page.on("requestfailed", self._failed)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.lines.append(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != GOING_AWAY:  # whoever goes on does not wait for answers
            self.lines.append(f"failed: {request.url}")

    def taken(self) -> list[str]:
        lines, self.lines = self.lines, []
        return lines


@contextmanager
def looking(
    browser: Browser, url: str, size: str, language: str, scheme: Literal["light", "dark"], who: StorageState | None
) -> Iterator[tuple[Page, Complaints]]:
    """A page of that size, language and scheme, without motion, and what it complains of."""
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=url, storage_state=who, viewport={"width": width, "height": height}, locale=language,
        color_scheme=scheme, reduced_motion="reduce",
    )  # fmt: skip
    context.set_default_timeout(STEP_TIMEOUT_MS)
    # Whoever signed in has chosen a language already, and that goes before the browser's.
    context.add_init_script(f"localStorage.setItem({LANGUAGE_KEY!r}, {language!r})")
    page = context.new_page()
    complaints = Complaints(page)
    yield page, complaints
    context.close()


def tour(page: Page, ferries: Ferries, places: Sequence[Place]) -> Iterator[Place]:
    """Go to each place that is there on a window of that size."""
    for place in places:
        if place.fits(page):
            place.visit(page, ferries)
            yield place


@pytest.mark.parametrize("size", SIZES)
def test_no_page_shuts_anybody_out(
    site: Site, browser: Browser, ferries: Ferries, member: StorageState, size: str
) -> None:
    found: list[str] = []
    for places, who in ((PLACES, member), (WITHOUT_ACCOUNT, None)):
        with looking(browser, site.url, size, "en", "light", who) as (page, complaints):
            for place in tour(page, ferries, places):
                page.emulate_media(color_scheme="light", reduced_motion="reduce")
                wrong = chain(violations(page), overflowing(page), complaints.taken())
                found += [f"{place.name}, light: {line}" for line in wrong]
                page.emulate_media(color_scheme="dark", reduced_motion="reduce")
                expect(page.locator("html[data-mantine-color-scheme=dark]")).to_be_attached()
                found += [f"{place.name}, dark: {line}" for line in violations(page, "color-contrast")]
    assert found == [], "\n" + "\n".join(found)


@pytest.mark.parametrize("language", ["zh", "ru"])
def test_every_label_has_room_in_every_language(
    site: Site, browser: Browser, ferries: Ferries, member: StorageState, language: str
) -> None:
    found: list[str] = []
    for places, who in ((PLACES, member), (WITHOUT_ACCOUNT, None)):
        with looking(browser, site.url, "wide", language, "light", who) as (page, complaints):
            for place in tour(page, ferries, [place for place in places if place.opening is None]):
                expect(page.locator(f"html[lang={language}]")).to_be_attached()
                for size, (width, height) in SIZES.items():
                    page.set_viewport_size({"width": width, "height": height})
                    settle(page)
                    found += [f"{place.name}, {size}: {line}" for line in chain(overflowing(page), complaints.taken())]
                page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    assert found == [], "\n" + "\n".join(found)


def tab_to(page: Page, role: str, name: str, most: int = 80) -> None:
    """Press Tab until the focus is there; whoever looks must see where it is."""
    wanted = page.get_by_role(role, name=re.compile(name)).first  # type: ignore[arg-type]  # a role's name
    expect(wanted).to_be_visible()
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement || element.contains(document.activeElement)"):
            return
    raise AssertionError(f"Tab does not come to the {role} {name!r} within {most} steps")


def test_keys_alone_sign_in_make_an_app_and_ask_it(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as page:
        page.wait_for_url("**/login*")
        tab_to(page, "textbox", "E-mail")
        page.keyboard.type(EMAIL)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/home")

        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.keyboard.press("Control+k")
        expect(page.get_by_role("combobox", name="Go to, create, run, switch…")).to_be_focused()
        page.keyboard.type("New app")
        expect(page.get_by_role("option", selected=True)).to_contain_text("New app")
        page.keyboard.press("Enter")
        expect(page.get_by_role("textbox", name="App name")).to_be_focused()
        page.keyboard.type("By keys alone")
        page.keyboard.press("Enter")
        page.wait_for_url("**/build")
        expect(page.get_by_role("heading", name="By keys alone")).to_be_visible()

        tab_to(page, "textbox", "Longest answer")
        page.keyboard.press("Control+a")
        page.keyboard.type("12")
        tab_to(page, "textbox", "Your message")
        page.keyboard.type("Say hello.")
        page.keyboard.press("Enter")
        answer = page.get_by_role("article", name="Answer").last
        expect(answer).to_have_attribute("aria-busy", "false", timeout=ANSWER_TIMEOUT_MS)
        expect(answer.get_by_role("alert")).to_have_count(0)
        assert answer.inner_text().strip()
