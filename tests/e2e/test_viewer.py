"""What a member who may only read finds: every room, no way to change anything, and who can."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.e2e.browsing import Owner, chromium_running, enter, shoot, sign_in, visiting
from tests.e2e.building import gives, joined, node, step
from tests.e2e.conftest import EMAIL, MODEL, PASSWORD, Site, ok

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
PROMPT = "You are the clerk of the harbour."
# A session is the reader's own, and counting tokens stores nothing.
HARMLESS = re.compile(r"/api/v1/(session|login|logout|me|token-counts)\b")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


@contextmanager
def member_of(console: httpx.Client, url: str, email: str, role: str) -> Iterator[httpx.Cookies]:
    """Let somebody join for a while; yields the cookies of their session."""
    link = ok(console.post("/invitations", json={"email": email, "role": role}))["link"]
    joined_as = {"token": link.rpartition("/")[2], "password": PASSWORD, "name": email.partition(".")[0].title()}
    answer = httpx.post(f"{url}/api/v1/invitations/accept", json=joined_as, timeout=60)
    ok(answer)
    try:
        yield answer.cookies
    finally:
        removed = console.delete(f"/members/{membership_of(console, email)}")
    assert removed.status_code == 204


def membership_of(console: httpx.Client, email: str) -> str:
    (found,) = [each for each in ok(console.get("/members"))["results"] if each["user"]["email"] == email]
    return str(found["id"])


def signed_in(page: Page, email: str) -> None:
    sign_in(page, email, PASSWORD)


def no_way_to(page: Page, *names: str) -> None:
    """No button or link of these names is there."""
    for name in names:
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
        expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)


def changes_sent(page: Page) -> list[str]:
    """Return a list that fills with every request that would change something of the workspace."""
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method not in ("GET", "HEAD") and "/api/v1/" in request.url and not HARMLESS.search(request.url):
            sent.append(f"{request.method} {request.url}")

    page.on("request", note)
    return sent


def apps_made(console: httpx.Client) -> tuple[str, str]:
    """Make a chat app and a workflow; returns their ids."""
    chat = ok(console.post("/apps", json={"name": "Read only", "mode": "chat"}))["id"]
    ok(console.put(f"/apps/{chat}/draft", json={"model": {"id": MODEL}, "prompt": PROMPT}))
    workflow = ok(console.post("/apps", json={"name": "Looked at", "mode": "workflow"}))["id"]
    graph = joined([step("start", "start", 0, 0), gives("end", 400, 0, "sys", "user_id")], "start > end")
    ok(console.put(f"/apps/{workflow}/draft", params={"check": "false"}, json={"graph": graph}))
    return str(chat), str(workflow)


def reads_the_prompt(page: Page) -> None:
    """The prompt IDE shows everything, says why nothing can be changed, and takes nothing."""
    why = page.get_by_role("note").first
    expect(why).to_contain_text("Editor or higher; yours is Viewer")
    expect(why).to_contain_text(f"{EMAIL} (Owner)")
    instructions = page.get_by_role("textbox", name="Instructions")
    expect(instructions).to_have_text(PROMPT)
    instructions.press_sequentially("Obey me. ")
    expect(instructions).to_have_text(PROMPT)
    expect(page.get_by_label("Longest answer")).to_be_disabled()
    expect(page.get_by_role("textbox", name="Your message")).to_have_count(0)
    no_way_to(page, "Publish", "Send")
    shoot(page, "viewer-build")


def reads_the_workflow(page: Page) -> None:
    """The builder shows the graph and its settings, says why, and takes nothing."""
    expect(page.get_by_role("note").first).to_contain_text(f"{EMAIL} (Owner)")
    expect(page.get_by_role("textbox", name="Search nodes")).to_have_count(0)
    no_way_to(page, "Publish", "Run", "Undo")
    end = node(page, "end")
    before = end.bounding_box()
    assert before is not None
    end.hover()
    page.mouse.down()
    page.mouse.move(before["x"] + 160, before["y"] + 120, steps=5)
    page.mouse.up()
    end.click()
    expect(page.get_by_role("textbox", name="Title of the node")).to_be_disabled()
    page.keyboard.press("Delete")
    expect(page.locator(".react-flow__node")).to_have_count(2)
    shoot(page, "viewer-workflow")


def test_a_viewer_sees_every_room_changes_nothing_and_reads_who_can(site: Site, browser: Browser) -> None:
    email = "vera.looks@example.org"
    with site.console() as console, member_of(console, site.url, email, "viewer") as cookies:
        chat, workflow = apps_made(console)
        before = [ok(console.get(f"/apps/{each}/draft")) for each in (chat, workflow)]
        with visiting(browser, Owner(site.url), refused=403) as page:
            signed_in(page, email)
            home = page.url.removesuffix("/home")
            sent = changes_sent(page)
            enter(page, "Apps")
            no_way_to(page, "New app")
            page.get_by_role("link", name=re.compile("Read only")).first.click()
            page.wait_for_url(f"**/apps/{chat}/build")
            reads_the_prompt(page)
            page.goto(f"{home}/apps/{workflow}/build")
            reads_the_workflow(page)

            enter(page, "Knowledge")
            no_way_to(page, "New dataset")
            enter(page, "Models")
            expect(page.get_by_text(MODEL).first).to_be_visible()
            no_way_to(page, "Add model", "Add provider")
            page.goto(f"{home}/settings/members")
            expect(page.get_by_role("note").first).to_contain_text(f"{EMAIL} (Owner)")
            no_way_to(page, "Invite")
            page.goto(f"{home}/settings/audit")
            expect(page.get_by_role("note").first).to_contain_text("Admin or higher; yours is Viewer")
            assert sent == [], sent

        # What the page does not offer, the server refuses, in words, to whoever asks all the same.
        headers = {"X-CSRFToken": cookies["csrftoken"], "Referer": site.url}
        with httpx.Client(base_url=f"{site.url}/api/v1", cookies=cookies, headers=headers, timeout=60) as client:
            client.headers["X-Workspace"] = ok(client.get("/me"))["workspaces"][0]["id"]
            for method, path, body in (
                ("PUT", f"/apps/{chat}/draft", {"prompt": "changed"}),
                ("PUT", f"/apps/{workflow}/draft", {"graph": {"nodes": [], "edges": []}}),
                ("DELETE", f"/apps/{chat}", None),
            ):
                refused = client.request(method, path, json=body)
                assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), refused.text
                assert f"ask {EMAIL}" in refused.json()["message"]
        assert [ok(console.get(f"/apps/{each}/draft")) for each in (chat, workflow)] == before


def test_a_right_that_was_lost_meanwhile_is_told_where_it_is_missed(site: Site, browser: Browser) -> None:
    """Somebody edits, is made a viewer by another, and hears it at the next click."""
    email = "eddi.edits@example.org"
    with site.console() as console, member_of(console, site.url, email, "editor"):
        app = ok(console.post("/apps", json={"name": "Taken away", "mode": "chat"}))
        with visiting(browser, Owner(site.url), refused=403) as page:
            signed_in(page, email)
            page.goto(f"{page.url.removesuffix('/home')}/apps/{app['id']}/settings")
            page.get_by_role("textbox", name="App name").fill("Mine now")
            ok(console.patch(f"/members/{membership_of(console, email)}", json={"role": "viewer"}))
            page.get_by_role("button", name="Save", exact=True).first.click()
            told = page.get_by_role("alert").first
            expect(told).to_contain_text("Your role doesn't allow this")
            expect(told).to_contain_text(EMAIL)
            shoot(page, "viewer-refused")
        assert ok(console.get(f"/apps/{app['id']}"))["name"] == "Taken away"
