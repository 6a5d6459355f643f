"""What an app is given besides a question: files that it asks for, and tools that are set for it alone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.e2e.browsing import ANSWER_TIMEOUT_MS, Owner, app_make, ask, chromium_running, shoot, sign_in, visiting
from tests.e2e.conftest import MODEL, Site, ok

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
REPORT: FilePayload = {
    "name": "report.txt",
    "mimeType": "text/plain",
    "buffer": b"The lighthouse of Korvala was built in 1871 by the engineer Aino Seppala.",
}
SAID = "The report says: The lighthouse of Korvala was built in 1871"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


@pytest.fixture(scope="module")
def owner(site: Site, browser: Browser) -> Owner:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        return Owner(site.url, page.context.storage_state())


def file_given(page: Page, button: str) -> None:
    """Choose the report in the dialog that a button opens."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=button).first.click()
    chooser.value.set_files(REPORT)


def test_a_document_is_read_in_the_preview_and_on_the_published_page(
    site: Site, browser: Browser, owner: Owner
) -> None:
    asked_for = {"name": "report", "label": "Report", "type": "file", "required": True}
    with site.console() as console:
        app = ok(console.post("/apps", json={"name": "Reads reports", "mode": "chat"}))["id"]
        draft = {
            "model": {"id": MODEL, "parameters": {"max_tokens": 12}},
            "prompt": "The report says: {{report}} Answer from it.",
            "variables": [asked_for],
        }
        ok(console.put(f"/apps/{app}/draft", json=draft))
        ok(console.post(f"/apps/{app}/publish", json={}))
        code = ok(console.patch(f"/apps/{app}/site", json={"is_on": True}))["code"]
        with visiting(browser, owner) as page:
            page.wait_for_url("**/home")
            page.goto(f"{page.url.removesuffix('/home')}/apps/{app}/build")
            page.get_by_role("textbox", name="Your message").fill("When?")
            expect(page.get_by_role("button", name="Send")).to_be_disabled()
            file_given(page, "Choose a file")
            expect(page.get_by_text("report.txt")).to_be_visible()
            shoot(page, "file-given")
            ask(page, "When was it built?")

            page.goto(f"/p/{code}")
            file_given(page, "Report")
            page.get_by_role("textbox").last.fill("Who built it?")
            page.get_by_role("button", name="Send").click()
            answer = page.get_by_role("article").last
            expect(answer).to_have_attribute("aria-busy", "false", timeout=ANSWER_TIMEOUT_MS)
            expect(page.get_by_role("alert")).to_have_count(0)
        listed = ok(console.get("/runs", params={"app": app}))["results"]
        assert sorted(run["source"] for run in listed) == ["console", "published"]
        for run in listed:
            assert run["status"] == "succeeded"
            assert SAID in str(ok(console.get(f"/runs/{run['id']}"))["nodes"])


def test_a_tool_is_set_where_it_is_chosen(browser: Browser, owner: Owner) -> None:
    with visiting(browser, owner, refused=400) as page:
        app_make(page, "Calls one host", "Agent")
        page.get_by_role("checkbox", name="HTTP request").check()
        settings = page.get_by_role("group", name="Settings of HTTP request").get_by_role("button").first
        settings.click()
        hosts = page.get_by_label("Allowed hosts").and_(page.locator("input"))
        hosts.fill("no host at all")
        hosts.press("Enter")
        expect(page.get_by_text(re.compile("neither a host such as"))).to_be_visible()
        hosts.press("Backspace")
        hosts.fill("api.example.org")
        hosts.press("Enter")
        page.get_by_label("Time limit in seconds").fill("45")
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
        page.reload()
        expect(settings).to_contain_text("Allowed hosts, Time limit in seconds")
        settings.click()
        expect(page.get_by_text("api.example.org")).to_be_visible()
        expect(page.get_by_label("Time limit in seconds")).to_have_value("45")
        shoot(page, "tool-set")
