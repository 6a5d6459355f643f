"""Answers that people wrote: a run corrected, the correction given word for word, and what a file adds."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import clerk
from tests.e2e.browsing import ANSWER_TIMEOUT_MS, Owner, ask, chromium_running, shoot, sign_in, visiting
from tests.e2e.conftest import Site, app_publish, provider_lent

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
QUESTION = "When does the ferry to Korvala leave?"
ANSWER = "At **07:40**, from pier nine. Come ten minutes early."
FILE = b"question,answer\nDo you sell tea?,Only coffee.\n,an answer to nothing\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


@pytest.fixture
def app_id(site: Site) -> Iterator[str]:
    """An app that knows nothing."""
    with (
        clerk.clerk_serving() as base_url,
        site.console() as console,
        provider_lent(console, "counter", base_url, clerk.MODEL),
    ):
        draft = {"model": {"id": "counter/clerk"}, "prompt": "You are the clerk of the harbour."}
        app, _ = app_publish(console, "Annotated", draft)
        yield app
        assert console.delete(f"/apps/{app}").status_code == 204


def test_a_corrected_answer_is_given_word_for_word_from_then_on(site: Site, browser: Browser, app_id: str) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        app = re.sub("/home$", f"/apps/{app_id}", page.url)
        page.goto(f"{app}/build")
        expect(ask(page, QUESTION)).to_contain_text(clerk.IGNORANT)

        # The run is corrected where it is read.
        page.goto(f"{app}/runs")
        page.get_by_role("row").filter(has_text=QUESTION).first.click()
        page.get_by_role("button", name="Correct this answer").click()
        dialog = page.get_by_role("dialog", name="Correct this answer")
        expect(dialog.get_by_role("textbox", name="Question")).to_have_value(QUESTION)
        dialog.get_by_role("textbox", name="Answer").fill(ANSWER)
        shoot(page, "annotations-correct")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)

        # Switched on, it answers such a question; another goes on to the model.
        page.goto(f"{app}/annotations")
        switch = page.get_by_role("switch", name="Answer with annotations")
        expect(page.get_by_text(QUESTION, exact=True)).to_be_visible()
        with page.expect_response(lambda answer: answer.url.endswith("/settings") and answer.request.method != "GET"):
            switch.check()
        expect(switch).to_be_checked()
        page.get_by_role("textbox", name="Try a question").fill("When does the ferry to Korvala leave")
        page.get_by_role("button", name="Try", exact=True).click()
        expect(page.get_by_text("This annotation would answer:")).to_be_visible(timeout=ANSWER_TIMEOUT_MS)
        shoot(page, "annotations-on")
        page.goto(f"{app}/build")
        answer = ask(page, QUESTION)
        expect(answer).to_contain_text("At 07:40, from pier nine. Come ten minutes early.")
        expect(ask(page, "Who is the captain?")).to_contain_text(clerk.IGNORANT)

        # The run says where its answer came from, and the annotation what it answered.
        page.goto(f"{app}/runs")
        page.get_by_role("row").filter(has_text=QUESTION).first.click()
        page.get_by_text("Annotation reply").first.click()
        expect(page.get_by_text(re.compile("Answered from an annotation: likeness"))).to_be_visible()
        page.goto(f"{app}/annotations")
        page.get_by_role("button", name="1 hit").click()
        expect(page.get_by_role("dialog", name="What it answered")).to_contain_text(QUESTION)
        page.keyboard.press("Escape")

        # A file adds what can be used and names the rest; what is deleted can be brought back.
        page.get_by_role("button", name="Import and export").click()
        page.get_by_role("menuitem", name="Import a CSV file").click()
        importing = page.get_by_role("dialog", name="Import a CSV file")
        file = {"name": "more.csv", "mimeType": "text/csv", "buffer": FILE}
        page.locator("input[type=file]").last.set_input_files(file)
        expect(importing.get_by_role("status")).to_contain_text("1 annotation is added")
        expect(importing.get_by_role("status")).to_contain_text("Line 3")
        importing.get_by_role("button", name="Close").last.click()
        page.get_by_role("button", name="Delete: Do you sell tea?").click()
        expect(page.get_by_text("Only coffee.")).to_have_count(0)
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Only coffee.")).to_be_visible()
