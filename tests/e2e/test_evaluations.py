"""The loop that makes an app better: a bad answer in the logs, a test case, an experiment, a gate, a better prompt."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e import clerk
from tests.e2e.browsing import ANSWER_TIMEOUT_MS, Owner, chromium_running, enter, shoot, sign_in, visiting
from tests.e2e.conftest import Site, app_publish, events_of, ok, provider_lent

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
SET, EVALUATOR = "Questions at the counter", "Says so"
ROLE = "You are the clerk of the harbour."
LIVE = "\n".join((ROLE, *(clerk.HANDBOOK[word] for word in ("pier", "ticket", "bicycle", "soup"))))
"""The published version knows four of six things."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


@pytest.fixture
def app_id(site: Site) -> Iterator[str]:
    """A published app that has just answered one question badly."""
    with (
        clerk.clerk_serving() as base_url,
        site.console() as console,
        provider_lent(console, "counter", base_url, clerk.MODEL),
    ):
        app, key = app_publish(console, "Counter", {"model": {"id": "counter/clerk"}, "prompt": LIVE})
        body = {"query": clerk.QUESTIONS["ferry"], "inputs": {}, "user": "a passenger", "response_mode": "streaming"}
        with site.service(key) as client, client.stream("POST", "/chat-messages", json=body) as answer:
            assert answer.is_success, answer.read()
            assert "".join(event.data.get("answer", "") for event in events_of(answer))
        yield app
        assert console.delete(f"/apps/{app}").status_code == 204
        for kind, name in (("test-sets", SET), ("evaluators", EVALUATOR)):
            for made in ok(console.get(f"/{kind}"))["results"]:
                if made["name"] == name:
                    assert console.delete(f"/{kind}/{made['id']}").status_code == 204


def other_cases() -> bytes:
    """Return a file with the other five questions, and a line that is none."""
    others = [word for word in clerk.QUESTIONS if word != "ferry"]
    rows = [f"{clerk.QUESTIONS[word]},{clerk.HANDBOOK[word]}" for word in others]
    return "\n".join(("query,expected", *rows[:2], ",an answer to nothing", *rows[2:])).encode()


def prompt_write(page: Page, text: str) -> None:
    """Change the draft's instructions and wait until the server has them."""
    page.get_by_role("tab", name="Build").or_(page.get_by_role("link", name="Build", exact=True)).first.click()
    page.get_by_role("textbox", name="Instructions").fill(text)
    expect(page.get_by_role("status").get_by_text("Saved", exact=True)).to_be_visible()


def publishing(page: Page) -> Locator:
    """Open what asks before the draft is published."""
    page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog").filter(has=page.get_by_role("textbox", name="Note"))
    expect(dialog).to_be_visible()
    return dialog


def results(page: Page) -> Locator:
    """Wait for the end of the experiment whose page is open; returns the rows of its variants."""
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=ANSWER_TIMEOUT_MS)
    return page.get_by_role("table", name="Results").get_by_role("row")


def test_a_bad_answer_becomes_a_case_and_a_better_prompt_that_the_gate_lets_through(
    site: Site, browser: Browser, app_id: str
) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)

        # The bad answer, found in the logs, becomes a case with what a good one would have been.
        enter(page, "Runs")
        page.get_by_role("row").filter(has_text=clerk.QUESTIONS["ferry"]).first.click()
        page.get_by_role("button", name="Add to test set").click()
        adding = page.get_by_role("dialog", name="Add this run to a test set")
        if adding.get_by_role("textbox", name="Name of the set").count() == 0:
            adding.get_by_label("Test set").and_(page.locator("input")).first.click()
            page.get_by_role("option", name="A new test set").click()
        adding.get_by_role("textbox", name="Name of the set").fill(SET)
        expect(adding.get_by_role("textbox", name="Expected answer")).to_have_value(clerk.IGNORANT)
        adding.get_by_role("textbox", name="Expected answer").fill(clerk.HANDBOOK["ferry"])
        shoot(page, "evaluations-add-run")
        adding.get_by_role("button", name="Add case").click()
        expect(adding).to_have_count(0)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

        # Five more come from a file, whose broken line is named.
        enter(page, "Evaluations")
        page.get_by_role("link", name="Test sets").or_(page.get_by_role("tab", name="Test sets")).first.click()
        page.get_by_role("link", name=SET).first.click()
        file = {"name": "cases.csv", "mimeType": "text/csv", "buffer": other_cases()}
        page.locator("input[type=file]").first.set_input_files(file)
        expect(page.get_by_text("5 cases added")).to_be_visible()
        expect(page.get_by_text(re.compile("^Line 4:"))).to_be_visible()
        expect(page.get_by_role("table").get_by_role("row")).to_have_count(7)
        shoot(page, "evaluations-set")
        for name in (f"{SET} of spring", SET):
            page.get_by_role("button", name="Edit", exact=True).first.click()
            naming = page.get_by_role("dialog", name="Edit test set")
            naming.get_by_role("textbox", name="Name of the set").fill(name)
            naming.get_by_role("button", name="Save").click()
            expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
            expect(naming).to_have_count(0)

        # How answers are judged.
        page.goto(re.sub("/evaluations.*", "/evaluations/evaluators", page.url))
        page.get_by_role("button", name="New evaluator").first.click()
        page.get_by_role("dialog").get_by_role("textbox", name="Name").fill(EVALUATOR)
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        expect(page.get_by_text(EVALUATOR, exact=True).first).to_be_visible()

        # The app demands an experiment before it is published.
        page.goto(re.sub("/evaluations.*", f"/apps/{app_id}/evaluate", page.url))
        page.get_by_role("switch", name="Demand an experiment before publishing").check()
        gate = page.get_by_role("region", name="Gate before publishing")
        gate.get_by_label("Test set").and_(page.locator("input")).first.click()
        page.get_by_role("option", name=re.compile(f"^{SET}")).click()
        gate.locator(".mantine-MultiSelect-input").click()
        page.get_by_role("option", name=EVALUATOR).click()
        page.keyboard.press("Escape")
        gate.get_by_role("button", name="Save the gate").click()
        expect(page.get_by_text("The gate is saved")).to_be_visible()

        # A draft that was not tried is refused, and so is one that lost what the live version knew.
        prompt_write(page, ROLE)
        dialog = publishing(page)
        expect(dialog.get_by_role("alert")).to_contain_text("the draft was not tried")
        expect(dialog.get_by_role("button", name="Publish anyway")).to_be_disabled()
        dialog.get_by_role("button", name="Run the experiment").click()
        refused = dialog.get_by_role("alert").filter(has_text="The gate is closed: the draft is worse")
        expect(refused).to_be_visible(timeout=ANSWER_TIMEOUT_MS)
        expect(refused.get_by_role("list", name="Cases that fell").get_by_role("listitem")).to_have_count(4)
        shoot(page, "evaluations-gate-closed")
        refused.get_by_role("link", name="Open the experiment").click()
        expect(results(page)).to_have_count(3)
        expect(results(page).last).to_contain_text("worse")
        shoot(page, "evaluations-worse")

        # What failed improves the prompt: the change is shown, and an experiment begins when it is used.
        page.get_by_role("button", name="Improve the prompt").click()
        improving = page.get_by_role("dialog", name="Improve the prompt from what failed")
        expect(improving.get_by_role("textbox", name="What shall change?")).to_have_value(re.compile("soup"))
        improving.get_by_role("button", name="Generate").click()
        use = improving.get_by_role("button", name="Use it")
        expect(use).to_be_visible(timeout=ANSWER_TIMEOUT_MS)
        shoot(page, "evaluations-improve")
        first = page.url
        use.click()
        page.wait_for_url(lambda url: url != first)
        expect(results(page).last).to_contain_text("100 %")
        expect(page.get_by_text(re.compile("^12 of 12"))).to_be_visible(timeout=ANSWER_TIMEOUT_MS)
        shoot(page, "evaluations-better")

        # Now the gate lets it through.
        page.goto(re.sub("/evaluations.*", f"/apps/{app_id}/build", page.url))
        dialog = publishing(page)
        expect(dialog.get_by_text("The gate is open: the draft is not worse")).to_be_visible()
        dialog.get_by_role("button", name="Publish now").click()
        expect(page.get_by_text("Version 2 is live.").first).to_be_visible()

    with site.console() as console:
        assert ok(console.get(f"/apps/{app_id}"))["published_version"] == 2
