"""What a person does with tools and the palette: try one, store a key, rule the network, find an app by its name."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browsing import Owner, chromium_running, enter, shoot, sign_in, visiting
from tests.e2e.conftest import EMAIL, PASSWORD, Site, ok

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
VIEWER = "vera.of.tools@example.org"
KEY = "tvly-CANARY-of-the-page"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


def tool(page: Page, title: str) -> Locator:
    """Open a tool from the list; returns what opens beside it."""
    enter(page, "Tools")
    page.get_by_role("main").get_by_role("link").filter(has=page.get_by_text(title, exact=True)).click()
    opened = page.get_by_role("dialog", name=title)
    expect(opened).to_be_visible()
    return opened


def test_a_tool_is_tried_and_a_failure_says_what_to_do(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        opened = tool(page, "Calculator")
        opened.get_by_role("button", name="Run").click()
        expect(opened.get_by_text("Fill this in.")).to_be_visible()
        opened.get_by_label("Expression").fill("23 * 19")
        opened.get_by_role("button", name="Run").click()
        expect(opened.get_by_text("437", exact=True)).to_be_visible()
        opened.get_by_label("Expression").fill("import os")
        opened.get_by_role("button", name="Run").click()
        expect(opened.get_by_role("alert")).to_contain_text("Change what you filled in")

        page.goto(re.sub("calculator", "chart", page.url))
        opened = page.get_by_role("dialog", name="Chart")
        opened.get_by_role("button", name="Fill in an example").click()
        opened.get_by_role("button", name="Run").click()
        drawn = opened.get_by_role("img", name="The image bar-chart.svg that the tool drew")
        expect(drawn).to_be_visible()
        assert drawn.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        shoot(page, "tools-try")


def test_a_key_is_stored_never_shown_again_and_forgotten(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        opened = tool(page, "Tavily")
        expect(opened.get_by_role("tab", selected=True)).to_have_text("Key and address")
        opened.locator("input[type=password]").fill(KEY)
        page.keyboard.press("Escape")
        asked = page.get_by_role("dialog", name="Leave without saving?")
        asked.get_by_role("button", name="Stay").click()
        opened.get_by_role("button", name="Save").click()
        expect(opened.get_by_role("button", name="Forget")).to_be_visible()

        page.reload()
        opened = page.get_by_role("dialog", name="Tavily")
        opened.get_by_role("tab", name="Key and address").click()
        expect(opened.get_by_text("Entered", exact=True)).to_have_count(1)
        expect(opened.locator("input[type=password]")).to_have_value("")
        assert KEY not in page.content()
        opened.get_by_role("button", name="Forget").click()
        page.get_by_role("dialog", name=re.compile("^Forget what")).get_by_role("button", name="Forget").click()
        expect(opened.get_by_text("Entered", exact=True)).to_have_count(0)
        page.reload()
        expect(page.get_by_role("dialog", name="Tavily").get_by_role("button", name="Forget")).to_have_count(0)


def test_rules_of_the_network_are_asked_saved_and_kept(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        enter(page, "Tools")
        page.get_by_role("tab", name="Network rules").click()
        page.get_by_label("Add a place to: Allowed").fill("127.0.0.1:8888")
        page.keyboard.press("Enter")
        page.get_by_label("Address to check").fill("http://127.0.0.1:8888/search")
        page.keyboard.press("Enter")
        expect(page.get_by_text("127.0.0.1:8888 would be reached")).to_be_visible()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()

        page.reload()
        allowed = page.get_by_role("region", name="Allowed")
        expect(allowed.get_by_role("listitem")).to_have_text(["127.0.0.1:8888"])
        shoot(page, "tools-network")
        allowed.get_by_role("button", name="Remove 127.0.0.1:8888").click()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
        page.get_by_label("Address to check").fill("http://127.0.0.1:8888/search")
        page.keyboard.press("Enter")
        expect(page.get_by_text("127.0.0.1:8888 would be refused")).to_be_visible()


def test_the_palette_goes_to_an_app_by_its_name_and_keys_to_rooms(site: Site, browser: Browser) -> None:
    with site.console() as console:
        app = ok(console.post("/apps", json={"name": "Harbour tariffs", "mode": "chat"}))
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        page.keyboard.press("Control+k")
        field = page.get_by_role("combobox", name="Go to, create, run, switch…")
        expect(field).to_be_focused()
        field.fill("harb tar")
        expect(page.get_by_role("option", selected=True)).to_contain_text("Harbour tariffs")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/apps/{app['id']}/build")
        expect(page.get_by_role("heading", name="Harbour tariffs")).to_be_visible()

        page.keyboard.press("Control+k")
        expect(page.get_by_role("group", name="Recent").get_by_role("option")).to_have_text([re.compile("Harbour")])
        page.keyboard.press("Escape")
        page.get_by_role("heading", name="Harbour tariffs").click()
        page.keyboard.press("g")
        page.keyboard.press("t")
        page.wait_for_url("**/tools")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def test_a_viewer_reads_why_nothing_can_be_changed_and_who_can(site: Site, browser: Browser) -> None:
    with site.console() as console:
        link = ok(console.post("/invitations", json={"email": VIEWER, "role": "viewer"}))["link"]
    token = link.rpartition("/")[2]
    joined = {"token": token, "password": PASSWORD, "name": "Vera"}
    ok(httpx.post(f"{site.url}/api/v1/invitations/accept", json=joined, timeout=60))
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page, VIEWER)
        opened = tool(page, "Calculator")
        why = opened.get_by_role("note")
        expect(why).to_contain_text("Editor or higher; yours is Viewer")
        expect(why).to_contain_text(f"{EMAIL} (Owner)")
        expect(opened.get_by_role("button", name="Run")).to_have_count(0)
        page.goto(f"{page.url.partition('/tools')[0]}/tools?tab=network")
        expect(page.get_by_role("note")).to_contain_text("Admin or higher")
