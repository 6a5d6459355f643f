"""What a person does in the browser: from an empty platform to a published app, and safe from what models write."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, FilePayload, expect

from tests.e2e import hostile
from tests.e2e.browsing import (
    NARROW,
    Owner,
    app_make,
    ask,
    choose,
    chromium_running,
    dataset_make,
    ended,
    enter,
    harmless,
    instruct,
    shoot,
    sign_up,
    sources_of,
    visiting,
)
from tests.e2e.conftest import EMAIL, KORVALA, PASSWORD, ok, pdf_of, platform_started
from tests.e2e.hostile import HostileServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
QUESTION = "What does the cook put into the soup?"
KORVALA_PDF: FilePayload = {"name": "korvala.pdf", "mimeType": "application/pdf", "buffer": pdf_of(KORVALA)}
ROOMS = ("Home", "Apps", "Knowledge", "Models", "Runs", "Settings")
HOSTILE_FILES: tuple[FilePayload, ...] = (
    {
        "name": f"soup {hostile.NAME}.md",
        "mimeType": "text/markdown",
        "buffer": f"# {hostile.NAME}\n\n{KORVALA[1]} {hostile.NAME}".encode(),
    },
    {
        "name": "javascript:window.__pwned=1.md",
        "mimeType": "text/markdown",
        "buffer": "\n\n".join(("# Rules of the harbour", *hostile.CORPUS)).encode(),
    },
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as browser:
        yield browser


@pytest.fixture(scope="module")
def owner(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """A platform whose first account was made in the browser."""
    with platform_started(tmp_path_factory.mktemp("browser") / "home") as url:
        with visiting(browser, Owner(url)) as page:
            sign_up(page, EMAIL, PASSWORD, "Korvala Harbour")
            expect(page.get_by_role("button", name="Create a chat app")).to_be_visible()
            shoot(page, "home-new")
            cookies = page.context.storage_state()
        yield Owner(url, cookies)


@pytest.fixture(scope="module")
def hostile_model(browser: Browser, owner: Owner) -> Iterator[HostileServer]:
    """A model whose name and answers attack the reader, connected on the page for models."""
    with hostile.hostile_server() as server:
        with visiting(browser, owner) as page:
            enter(page, "Models")
            page.get_by_role("tab", name="Providers").click()
            page.get_by_role("button", name="Add provider").first.click()
            drawer = page.get_by_role("dialog")
            drawer.get_by_role("textbox", name="Name", exact=False).first.fill("hostile")
            drawer.get_by_label("Base URL").fill(server.base_url)
            drawer.get_by_role("button", name="Test").click()
            drawer.get_by_role("button", name=hostile.NAME).click()
            drawer.get_by_role("checkbox", name="Function calling").check()
            drawer.get_by_role("button", name="Save").click()
            expect(drawer).to_have_count(0)
            expect(page.get_by_role("region", name="Providers")).to_contain_text(hostile.NAME)
            harmless(page)
            shoot(page, "models-hostile")
        yield server


def test_set_up_is_closed_behind_the_first_account_who_can_sign_in(browser: Browser, owner: Owner) -> None:
    with visiting(browser, Owner(owner.url)) as page:
        page.goto("/setup")
        page.wait_for_url("**/login")
        page.get_by_label("E-mail").fill(EMAIL)
        page.get_by_label(re.compile("^Password")).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/home")
        expect(page.get_by_role("button", name="Workspace Korvala Harbour")).to_be_visible()


def test_a_pdf_becomes_an_answer_with_its_page_a_key_and_a_trace(browser: Browser, owner: Owner) -> None:
    with visiting(browser, owner) as page:
        dataset_make(page, "Korvala", KORVALA_PDF)
        expect(page.get_by_text("3 passages", exact=True)).to_be_visible()
        shoot(page, "knowledge")
        app_make(page, "Harbour guide", "Chat")
        instruct(page, "You are the harbour guide of Korvala. Answer in one short sentence.", 60)
        choose(page, "Datasets", "Korvala")
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()

        answer = ask(page, QUESTION)
        said = answer.locator("p").first.inner_text()
        assert said.strip()
        expect(sources_of(answer).first).to_contain_text("korvala.pdf")
        expect(sources_of(answer).first).to_contain_text("Page 2")
        shoot(page, "build")
        sources_of(answer).first.click()
        passage = page.get_by_role("dialog", name="Passage")
        expect(passage).to_contain_text("dill and allspice")
        shoot(page, "passage")
        page.keyboard.press("Escape")
        expect(passage).to_have_count(0)

        page.reload()
        expect(page.get_by_role("article", name="Answer")).to_contain_text(said)
        page.get_by_role("button", name="New conversation").click()
        expect(page.get_by_role("article", name="Answer")).to_have_count(0)
        page.get_by_role("button", name="Earlier conversations").click()
        page.get_by_role("menuitem").first.click()
        expect(page.get_by_role("article", name="Answer")).to_contain_text(said)
        expect(sources_of(page.get_by_role("article", name="Answer")).first).to_contain_text("Page 2")

        page.get_by_role("button", name="Publish").click()
        page.get_by_role("textbox", name="Note").fill("First light")
        page.get_by_role("button", name="Publish now").click()
        expect(page.get_by_text("Version 1 is live", exact=True)).to_be_visible()

        page.get_by_role("tab", name="API").click()
        page.get_by_role("button", name="New key").click()
        page.get_by_role("dialog").get_by_label("Name").fill("Website")
        page.get_by_role("button", name="Create key").click()
        key = page.get_by_test_id("secret").inner_text()
        page.get_by_role("button", name="Done").click()
        expect(page.get_by_role("row").filter(has_text="Website")).to_contain_text(key[:8])
        expect(page.get_by_text(key)).to_have_count(0)
        page.reload()
        expect(page.get_by_role("row").filter(has_text="Website")).to_be_visible()
        assert key not in page.content()
        body = {"inputs": {}, "query": "Who built the lighthouse?", "user": "u-1", "response_mode": "blocking"}
        bearer = {"Authorization": f"Bearer {key}"}
        called = ok(httpx.post(f"{owner.url}/v1/chat-messages", json=body, headers=bearer, timeout=120))
        assert called["metadata"]["retriever_resources"][0]["document_name"] == "korvala.pdf"

        enter(page, "Runs")
        expect(page.get_by_role("row").filter(has_text="Who built the lighthouse?")).to_contain_text("Succeeded")
        page.get_by_role("link", name=QUESTION).click()
        run = page.get_by_role("dialog", name="Run")
        expect(run).to_contain_text(said)
        expect(sources_of(run).first).to_contain_text("Page 2")
        steps = run.get_by_role("listbox", name="Trace").get_by_role("option")
        expect(steps).to_have_count(2)
        steps.filter(has_text="knowledge-retrieval").click()
        expect(run).to_contain_text("Input")
        shoot(page, "run")
        run.get_by_role("tab", name="Events").click()
        expect(run.get_by_text("run_finished")).to_be_visible()


def test_an_agent_answers_and_so_does_a_completion_with_a_form(browser: Browser, owner: Owner) -> None:
    with visiting(browser, owner) as page:
        app_make(page, "Reckoner", "Agent")
        page.get_by_role("checkbox", name="Calculator").check()
        instruct(page, "You are good with numbers. Use the calculator.", 60)
        answer = ask(page, "What is 23 * 19?")
        assert answer.inner_text().strip()
        shoot(page, "agent")

        app_make(page, "Postcard", "Completion")
        instruct(page, "Write one {{tone}} sentence on a postcard about {{query}}.", 40)
        page.get_by_role("button", name="Add", exact=True).click()
        preview = page.get_by_role("region", name="Preview")
        preview.get_by_role("textbox", name="tone").fill("happy")
        preview.get_by_role("textbox", name="Text").fill("the sea at Korvala")
        preview.get_by_role("button", name="Run").click()
        postcard = preview.get_by_role("article", name="Answer")
        expect(postcard).to_be_visible()
        ended(postcard)
        assert postcard.locator("p").first.inner_text().strip()
        shoot(page, "completion")

        enter(page, "Runs")
        for question in ("What is 23 * 19?", "the sea at Korvala"):
            expect(page.get_by_role("row").filter(has_text=question)).to_contain_text("Succeeded")


def test_nothing_that_a_document_or_a_model_writes_runs_or_leaves(
    browser: Browser, owner: Owner, hostile_model: HostileServer
) -> None:
    with visiting(browser, owner) as page:
        dataset_make(page, f"Soup {hostile.NAME}", *HOSTILE_FILES)
        page.get_by_role("table").get_by_role("button", name=re.compile("^soup")).click()
        expect(page.get_by_role("dialog")).to_contain_text(hostile.NAME)
        harmless(page)
        page.keyboard.press("Escape")
        app_make(page, f"Cook {hostile.NAME}", "Chat")
        choose(page, "Model", f"hostile/{hostile.NAME}")
        choose(page, "Datasets", f"Soup {hostile.NAME}")

        answer = ask(page, f"{QUESTION} {hostile.NAME}")
        expect(answer).to_contain_text("That is all.")
        assert KORVALA[1] in str(hostile_model.seen[-1]["messages"])
        harmless(page)
        expect(answer.get_by_role("link", name="the plan")).to_have_attribute("href", re.compile("evil.example"))
        expect(sources_of(answer).first).to_contain_text("Cited")
        shoot(page, "hostile-answer")
        answer.get_by_role("button", name="Source 1", exact=True).first.click()
        passage = page.get_by_role("dialog", name="Passage")
        expect(passage).to_contain_text("dill and allspice")
        expect(passage).to_contain_text("Cited")
        harmless(page)
        page.keyboard.press("Escape")
        page.reload()
        expect(page.get_by_role("article", name="Answer")).to_contain_text("That is all.")
        harmless(page)

        for room in ROOMS:
            enter(page, room)
            harmless(page)
        enter(page, "Runs")
        page.get_by_role("link", name=QUESTION).filter(has_text=hostile.NAME).click()
        run = page.get_by_role("dialog", name="Run")
        expect(run).to_contain_text("That is all.")
        harmless(page)
        run.get_by_role("tab", name="Events").click()
        expect(run.get_by_text("run_finished")).to_be_visible()
        harmless(page)


def test_nothing_that_a_tool_returns_runs(browser: Browser, owner: Owner, hostile_model: HostileServer) -> None:
    with visiting(browser, owner) as page:
        app_make(page, f"Agent {hostile.NAME}", "Agent")
        page.get_by_role("checkbox", name="Calculator").check()
        choose(page, "Model", f"hostile/{hostile.NAME}")
        answer = ask(page, "Reckon.")
        expect(answer).to_contain_text("That is all.")
        assert hostile_model.seen[-1]["messages"][-1]["role"] == "tool"
        step = answer.get_by_role("list", name="Steps").get_by_role("button", name="calculator")
        step.click()
        expect(step).to_have_attribute("aria-expanded", "true")
        expect(answer.get_by_role("list", name="Steps")).to_contain_text(hostile.NAME)
        harmless(page)
        shoot(page, "hostile-agent")


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_is_wider_than_a_phone(browser: Browser, owner: Owner, room: str) -> None:
    with visiting(browser, owner, NARROW) as page:
        enter(page, room)
        shoot(page, f"narrow-{room.lower()}")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
