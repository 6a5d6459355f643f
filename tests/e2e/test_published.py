"""What strangers find on the published page of an app, and where it can be framed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browsing import (
    ANSWER_TIMEOUT_MS,
    NARROW,
    Owner,
    app_make,
    chromium_running,
    ended,
    harmless,
    instruct,
    shoot,
    sign_in,
    visiting,
)
from tests.e2e.conftest import MODEL, Site, app_publish, dataset_create, ok, provider_lent
from tests.e2e.hostile import hostile_server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

SHORT = {"id": MODEL, "parameters": {"max_tokens": 16, "temperature": 0}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


def question(page: Any, text: str) -> Locator:
    """Ask on the page and wait for the end of the answer."""
    page.get_by_role("textbox", name="Your message").fill(text)
    page.get_by_role("button", name="Send").click()
    answer: Locator = page.get_by_role("article", name="Answer").last
    ended(answer)
    return answer


def history(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Conversations").get_by_role("listitem")


def page_on(console: httpx.Client, app_id: str, **changes: object) -> str:
    """Switch the page of an app on; returns its code."""
    return str(ok(console.patch(f"/apps/{app_id}/site", json={"is_on": True, **changes}))["code"])


def test_a_page_is_switched_on_used_by_strangers_and_switched_off(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as owner:
        sign_in(owner)
        app_make(owner, "Porter", "Chat")
        instruct(owner, "You are a porter. Answer briefly.", 16)
        expect(owner.get_by_text("Saved", exact=True)).to_be_visible()
        owner.get_by_role("tab", name="Publish").click()
        expect(owner.get_by_role("switch", name="Page", exact=True)).to_be_disabled()
        owner.get_by_role("button", name="Publish", exact=True).click()
        owner.get_by_role("button", name="Publish now").click()
        owner.locator("label").filter(has=owner.get_by_role("switch", name="Page", exact=True)).click()
        expect(owner.get_by_text("Open", exact=True)).to_be_visible()
        owner.get_by_label("Copyright line").fill("Made in Korvala")
        owner.get_by_role("button", name="Save", exact=True).first.click()
        owner.reload()
        expect(owner.get_by_label("Copyright line")).to_have_value("Made in Korvala")
        link = owner.get_by_test_id("site-link").inner_text()
        assert link.startswith(f"{site.url}/p/")
        shoot(owner, "site")

        with visiting(browser, Owner(site.url), NARROW) as stranger:
            stranger.goto(link)
            answer = question(stranger, "Where is the ferry?")
            words = answer.inner_text()
            stranger.reload()
            expect(stranger.get_by_role("log").get_by_text("Where is the ferry?", exact=True)).to_be_visible()
            expect(answer).to_have_text(words, use_inner_text=True)
            stranger.get_by_role("button", name="Open the menu").click()
            expect(history(stranger)).to_have_count(1)
            expect(stranger.get_by_role("dialog").get_by_text("Made in Korvala")).to_be_visible()

            with visiting(browser, Owner(site.url), refused=404) as another:
                another.goto(link)
                expect(another.get_by_text("Nothing here yet.")).to_be_visible()
                expect(history(another)).to_have_count(0)
                another.goto(stranger.url)  # even with the address of somebody's conversation
                expect(another.get_by_role("textbox", name="Your message")).to_be_visible()
                expect(another.get_by_text("Where is the ferry?", exact=True)).to_have_count(0)
                another.goto("about:blank")

        owner.locator("label").filter(has=owner.get_by_role("switch", name="Page", exact=True)).click()
        expect(owner.get_by_text("Closed", exact=True)).to_be_visible()
    with visiting(browser, Owner(site.url), refused=404) as late:
        late.goto(link)
        expect(late.get_by_role("heading", name="This page is closed")).to_be_visible()
        shoot(late, "site-closed")


def test_an_answer_that_attacks_its_reader_does_nothing_and_its_source_unfolds(site: Site, browser: Browser) -> None:
    with (
        hostile_server() as server,
        site.console() as console,
        provider_lent(console, "hostile", server.base_url, {"name": "writer", "kind": "chat"}),
    ):
        dataset = dataset_create(console, "Korvala for strangers")
        draft = {"model": {"id": "hostile/writer"}, "prompt": "Answer.", "datasets": [dataset]}
        app_id, _ = app_publish(console, "Attacked", draft)
        code = page_on(console, app_id)
        with visiting(browser, Owner(site.url)) as page:
            page.goto(f"/p/{code}")
            answer = question(page, "What goes into the soup?")
            expect(answer.get_by_text("That is all.")).to_be_visible()
            harmless(page)
            (source,) = answer.get_by_role("region", name="Sources").get_by_role("button").all()
            source.click()
            expect(answer.get_by_text("dill and allspice into the soup")).to_be_visible()
            page.reload()
            expect(page.get_by_text("That is all.")).to_be_visible()
            harmless(page)


def test_a_form_gives_its_result_and_remembers_it(site: Site, browser: Browser) -> None:
    with site.console() as console:
        variables = [{"name": "topic", "label": "Topic", "type": "paragraph", "required": True}]
        draft = {"model": SHORT, "prompt": "Write about {{topic}}.", "variables": variables}
        app_id, _ = app_publish(console, "Writer", draft, "completion")
        code = page_on(console, app_id)
    with visiting(browser, Owner(site.url)) as page:
        page.goto(f"/p/{code}")
        expect(page.get_by_role("button", name="Run")).to_be_disabled()
        page.get_by_label("Topic").fill("tea")
        page.get_by_role("button", name="Run").click()
        ended(page.get_by_role("article", name="Answer"))
        page.reload()
        page.get_by_role("navigation", name="Earlier results").get_by_role("button", name="tea").click()
        expect(page.get_by_label("Topic")).to_have_value("tea")
        ended(page.get_by_role("article", name="Answer"))


@contextmanager
def foreign_page(html: str) -> Iterator[str]:
    """Serve a page under another name than the platform's, which makes it a foreign site; yields its origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(f"<!doctype html><title>Shop</title><h1>Shop</h1>{html}".encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_bubble_opens_on_the_sites_that_are_named_and_on_no_other(site: Site, browser: Browser) -> None:
    with site.console() as console:
        app_id, _ = app_publish(console, "Bubble", {"model": SHORT, "prompt": "Answer briefly."})
        code = page_on(console, app_id)
        snippet = f'<script src="{site.url}/embed.js" data-code="{code}" data-label="Ask us" defer></script>'
        with foreign_page(snippet) as origin:
            context = browser.new_context(locale="en-US")
            page = context.new_page()
            frame = page.frame_locator("iframe[title='Ask us']")
            page.goto(origin)
            page.get_by_role("button", name="Ask us").click()
            page.wait_for_timeout(2000)
            expect(frame.get_by_role("textbox", name="Your message")).to_have_count(0)

            page_on(console, app_id, embed_origins=[origin])
            page.goto(origin)
            page.get_by_role("button", name="Ask us").click()
            question(frame, "Hello?")
            assert [cookie for cookie in context.cookies() if cookie["name"] == "atelier_visitor"] == []
            frame.get_by_role("button", name="Close").click()
            expect(page.locator("iframe")).to_be_hidden()
            # After a reload it would begin anew here: a private window lets no frame of another site store anything.
            page.get_by_role("button", name="Ask us").click()
            expect(frame.get_by_text("Hello?", exact=True)).to_be_visible(timeout=ANSWER_TIMEOUT_MS)
            context.close()
