"""A person at the web page: what they click, and a witness of what the page does that nobody asked for."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Locator,
    Page,
    Request,
    StorageState,
    WebError,
    expect,
    sync_playwright,
)

from tests.e2e.conftest import EMAIL, PASSWORD

WIDE, NARROW = (1440, 900), (390, 844)
ANSWER_TIMEOUT_MS = 120_000
STEP_TIMEOUT_MS = 30_000
# The last three keep Chromium itself from calling home: every request that is seen is the page's own.
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
# What a page of ours never has, whatever it shows.
FORBIDDEN = "img, iframe, object, embed, base, [srcdoc], [onerror], [onload], [onclick], [onmouseover], [ontoggle]"
HOVER_ALL = """() => document.querySelectorAll("article *, [role=dialog] *").forEach(
    (element) => element.dispatchEvent(new MouseEvent("mouseover", { bubbles: true })))"""
LINK_SCHEMES = """() => [...new Set([...document.querySelectorAll("a[href]")].map((link) => link.protocol))]"""


@dataclass(frozen=True)
class Owner:
    """Where a platform answers, and the cookies of the person who set it up."""

    url: str
    cookies: StorageState | None = None


@dataclass
class Witness:
    """Notes errors in the page and requests to anyone but the platform."""

    origin: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", self._error)

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.strangers.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self.errors.append(f"uncaught: {error.error}")


@contextmanager
def chromium_running() -> Iterator[Browser]:
    """Start the system's Chromium, or the one that Playwright installed where there is none."""
    expect.set_options(timeout=STEP_TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def visiting(browser: Browser, owner: Owner, size: tuple[int, int] = WIDE, refused: int = 0) -> Iterator[Page]:
    """Open the page in a context of its own; at the end nothing may have gone wrong in it or left it.

    `refused` is a status that the server is meant to answer with: the browser calls it an error.
    """
    viewport = {"width": size[0], "height": size[1]}
    # Nothing glides: a hand that aims at what moves misses it on a busy machine.
    context = browser.new_context(
        base_url=owner.url,
        storage_state=owner.cookies,
        viewport=viewport,
        locale="en-US",
        color_scheme="light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(STEP_TIMEOUT_MS)
    witness = Witness(owner.url)
    witness.watch(context)
    page = context.new_page()
    try:
        page.goto("/")
        yield page
        assert page.evaluate("typeof window.__pwned") == "undefined"
    except BaseException:
        shoot(page, "failed")
        raise
    finally:
        context.close()
    assert witness.strangers == []
    unforeseen = [error for error in witness.errors if not refused or f"status of {refused} " not in error]
    assert unforeseen == [], unforeseen


def shoot(page: Page, name: str) -> None:
    """Save what is in sight, when ATELIER_SCREENSHOTS names a folder for it."""
    if folder := os.environ.get("ATELIER_SCREENSHOTS"):
        page.mouse.move(0, 0)  # no hint of a button under the pointer
        page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")


def sign_up(page: Page, email: str, password: str, workspace: str) -> None:
    """Make the first account on the page that a new platform shows."""
    page.wait_for_url("**/setup")
    shoot(page, "setup")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label(re.compile("^Password")).fill(password)
    page.get_by_label("Workspace name").fill(workspace)
    page.get_by_role("button", name="Create account").click()
    arrived(page)


def sign_in(page: Page, email: str = EMAIL, password: str = PASSWORD) -> None:
    """Sign in on the page that somebody without a session is shown."""
    page.get_by_label("E-mail").fill(email)
    page.locator("input[type=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()
    arrived(page)


def arrived(page: Page) -> None:
    """Wait until home is there; the address alone changes before the page hears keys."""
    page.wait_for_url("**/home")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Welcome")


def enter(page: Page, room: str) -> None:
    """Go to a room of the workspace by the rail."""
    rail = page.get_by_role("navigation", name="Main navigation")
    link = rail.get_by_role("link", name=room, exact=True)
    more = rail.get_by_role("button", name="More")
    expect(link.or_(more).first).to_be_visible()
    if link.count():
        link.click()
    else:  # a narrow screen has the minor rooms behind a button
        more.click()
        page.get_by_role("menuitem", name=room, exact=True).click()
    page.wait_for_url(f"**/{room.lower()}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome" if room == "Home" else room)
    expect(page.locator(".mantine-Skeleton-root")).to_have_count(0)


def app_make(page: Page, name: str, kind: str) -> None:
    """Create an app; leaves its build page open."""
    enter(page, "Apps")
    page.get_by_role("button", name="New app").first.click()
    page.get_by_role("textbox", name="App name").fill(name)
    page.get_by_role("dialog").get_by_role("radio", name=kind, exact=True).click()
    page.get_by_role("button", name="Create", exact=True).click()
    page.wait_for_url("**/build")
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def dataset_make(page: Page, name: str, *files: FilePayload) -> None:
    """Create a dataset and wait until all its files can be found; leaves its page open."""
    enter(page, "Knowledge")
    page.get_by_role("button", name="New dataset").first.click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("button", name="Create", exact=True).click()
    page.wait_for_url(re.compile("/knowledge/[0-9a-f-]{36}"))
    page.get_by_label("Choose files").last.set_input_files(files)
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(len(files) + 1)
    expect(rows.filter(has_text="Ready")).to_have_count(len(files), timeout=ANSWER_TIMEOUT_MS)


def choose(page: Page, label: str, option: str) -> None:
    """Choose in a drop-down of the build page."""
    page.get_by_label(label, exact=True).and_(page.locator("input")).first.click()
    page.get_by_role("option", name=option, exact=True).click()
    page.keyboard.press("Escape")


def instruct(page: Page, text: str, max_tokens: int) -> None:
    """Write the instructions, and keep answers short."""
    page.get_by_role("textbox", name="Instructions").fill(text)
    page.get_by_label("Longest answer").fill(str(max_tokens))


def ask(page: Page, question: str) -> Locator:
    """Ask in the preview and wait for the end of the answer."""
    page.get_by_role("textbox", name="Your message").fill(question)
    page.get_by_role("button", name="Send").click()
    answer = page.get_by_role("article", name="Answer").last
    ended(answer)
    return answer


def ended(answer: Locator) -> None:
    """Wait for the end of an answer, which must be a good one."""
    expect(answer).to_have_attribute("aria-busy", "false", timeout=ANSWER_TIMEOUT_MS)
    expect(answer.get_by_role("alert")).to_have_count(0)


def sources_of(place: Locator) -> Locator:
    """Return the sources that stand below an answer."""
    return place.get_by_role("region", name="Sources").get_by_role("button")


def harmless(page: Page) -> None:
    """Nothing foreign is in the page, no link leads into code, and being touched everywhere wakes nothing."""
    expect(page.locator(FORBIDDEN)).to_have_count(0)
    assert set(page.evaluate(LINK_SCHEMES)) <= {"http:", "https:", "mailto:"}
    page.evaluate(HOVER_ALL)
    assert page.evaluate("typeof window.__pwned") == "undefined"
