"""Knowledge in the browser: files in, passages seen before and after, found, marked as right, and measured."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.e2e.browsing import (
    ANSWER_TIMEOUT_MS,
    NARROW,
    Owner,
    chromium_running,
    dataset_make,
    enter,
    shoot,
    sign_up,
    visiting,
)
from tests.e2e.conftest import EMAIL, KORVALA, PASSWORD, pdf_of, platform_started

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
QUESTION = "What does the cook put into the soup?"
PDF: FilePayload = {"name": "korvala.pdf", "mimeType": "application/pdf", "buffer": pdf_of(KORVALA)}
NOTES: FilePayload = {
    "name": "notes.md",
    "mimeType": "text/markdown",
    "buffer": b"# Harbour\n\nBoats are cleaned in April.\n\n## Winter\n\nThe harbour is closed from December to March.",
}
OLD_WORD: FilePayload = {
    "name": "old.doc",
    "mimeType": "application/msword",
    "buffer": bytes.fromhex("d0cf11e0a1b11ae1") * 200,
}
TABS = ("Documents", "Retrieval test", "Evaluation", "Settings")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as browser:
        yield browser


@pytest.fixture(scope="module")
def owner(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """A platform whose first account was made in the browser."""
    with platform_started(tmp_path_factory.mktemp("knowledge") / "home") as url:
        with visiting(browser, Owner(url)) as page:
            sign_up(page, EMAIL, PASSWORD, "Korvala Harbour")
            cookies = page.context.storage_state()
        yield Owner(url, cookies)


def tab_open(page: Page, name: str) -> None:
    """Go to a tab of the dataset."""
    page.get_by_role("tab", name=name, exact=True).click()
    expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")
    expect(page.locator(".mantine-Skeleton-root")).to_have_count(0)


def test_files_become_passages_that_are_found_marked_and_measured(browser: Browser, owner: Owner) -> None:
    with visiting(browser, owner) as page:
        dataset_make(page, "Korvala", PDF, NOTES)
        expect(page.get_by_role("row").filter(has_text="korvala.pdf")).to_contain_text("English")

        # A file is cut in the preview as the settings say, before anything is indexed so.
        tab_open(page, "Settings")
        page.get_by_role("tab", name="Chunking").click()
        preview = page.get_by_role("region", name="Preview")
        expect(preview.get_by_role("status")).to_contain_text("3 passages, the whole document")
        page.get_by_label("Choose a file").last.set_input_files(NOTES)
        expect(preview).to_contain_text("closed from December to March")
        page.get_by_role("radio", name="Parent and child").click()
        expect(preview).to_contain_text(re.compile(r"\d parts?"))
        shoot(page, "knowledge-preview")
        page.get_by_role("button", name="Discard").click()

        # Each stage shows its hits; the search stands in the address.
        tab_open(page, "Retrieval test")
        page.get_by_role("textbox", name="Question").fill(QUESTION)
        page.get_by_role("button", name="Search", exact=True).first.click()
        for stage in ("Semantic", "Full text", "Fused"):
            first = page.get_by_role("region", name=stage, exact=True).get_by_role("article").first
            expect(first).to_contain_text("dill and allspice")
            expect(first).to_contain_text("p. 2")
        page.reload()
        fused = page.get_by_role("region", name="Fused", exact=True)
        expect(fused.get_by_role("article").first).to_contain_text("dill and allspice")
        shoot(page, "knowledge-retrieval")

        # A hit opens its passage, and becomes the right answer of a test set.
        fused.get_by_role("button", name=re.compile("^1 ?korvala.pdf")).click()
        drawer = page.get_by_role("dialog", name="korvala.pdf")
        expect(drawer.get_by_role("article").first).to_contain_text("dill and allspice")
        expect(drawer.get_by_role("button", name="Where it stands on page 2").first).to_be_visible()
        expect(drawer.get_by_role("img", name="Page 2, with the passage marked")).to_be_visible()
        page.keyboard.press("Escape")
        expect(drawer).to_have_count(0)
        fused.get_by_role("button", name="Mark hit 1 as right answer").click()
        dialog = page.get_by_role("dialog", name="Mark as right answer")
        dialog.get_by_role("textbox", name="Name").fill("Visitors")
        dialog.get_by_role("button", name="Mark", exact=True).click()
        expect(dialog).to_have_count(0)

        # The settings are compared on it, and the question shows its rank under each.
        tab_open(page, "Evaluation")
        page.get_by_role("button", name="Compare settings").click()
        page.get_by_role("button", name="Run 3").click()
        table = page.get_by_role("table")
        expect(table.get_by_role("row")).to_have_count(4, timeout=ANSWER_TIMEOUT_MS)
        expect(table.get_by_role("row").filter(has_text="Hybrid")).to_contain_text("1.000")
        page.get_by_role("button", name="Hybrid", exact=True).click()
        questions = page.get_by_role("region", name="Per question")
        expect(questions).to_contain_text("Hybrid missed 0 of 1")
        expect(questions.get_by_role("row").filter(has_text=QUESTION)).to_have_text(re.compile(r"111$"))
        shoot(page, "knowledge-evaluation")


def test_a_refused_file_says_why_and_the_others_go_on(browser: Browser, owner: Owner) -> None:
    with visiting(browser, owner, refused=415) as page:
        dataset_make(page, "Letters", NOTES)
        page.get_by_label("Choose files").last.set_input_files([OLD_WORD, PDF])
        uploads = page.get_by_role("list", name="Uploads")
        expect(uploads.get_by_role("listitem").filter(has_text="old.doc")).to_contain_text("save the document as DOCX")
        expect(page.get_by_role("row").filter(has_text="korvala.pdf")).to_contain_text(
            "Ready", timeout=ANSWER_TIMEOUT_MS
        )
        expect(page.get_by_role("table").get_by_role("row")).to_have_count(3)
        page.get_by_label("Choose files").last.set_input_files([PDF])
        expect(uploads).to_contain_text("not stored twice")
        expect(page.get_by_role("table").get_by_role("row")).to_have_count(3)


def test_chosen_documents_are_disabled_found_by_their_state_and_deleted(browser: Browser, owner: Owner) -> None:
    with visiting(browser, owner) as page:
        dataset_make(page, "Drawer", PDF, NOTES)
        page.get_by_role("checkbox", name="Choose all").check()
        bar = page.get_by_role("toolbar", name="2 chosen")
        bar.get_by_role("button", name="Disable").click()
        expect(page.get_by_role("table").get_by_text("Disabled")).to_have_count(2)
        tab_open(page, "Retrieval test")
        page.get_by_role("textbox", name="Question").fill(QUESTION)
        page.get_by_role("button", name="Search", exact=True).first.click()
        expect(page.get_by_text("Nothing found.", exact=False)).to_be_visible()
        tab_open(page, "Documents")
        page.get_by_role("checkbox", name="Choose notes.md").check()
        page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("row").filter(has_text="notes.md")).to_have_count(0)
        expect(page.get_by_role("row").filter(has_text="korvala.pdf")).to_be_visible()


def test_a_changed_passage_is_found_at_once(browser: Browser, owner: Owner) -> None:
    with visiting(browser, owner) as page:
        dataset_make(page, "Corrections", NOTES)
        page.get_by_role("table").get_by_role("button", name="notes.md", exact=True).click()
        drawer = page.get_by_role("dialog", name="notes.md")
        drawer.get_by_role("button", name=re.compile("^Edit passage")).first.click()
        drawer.get_by_role("textbox", name="Text").fill("Boats are painted by Ursula Quint in a yellow shed.")
        drawer.get_by_role("button", name="Save").click()
        expect(drawer.get_by_text("Edited")).to_be_visible()
        page.keyboard.press("Escape")
        tab_open(page, "Retrieval test")
        page.get_by_role("textbox", name="Question").fill("Ursula Quint")
        page.get_by_role("button", name="Search", exact=True).first.click()
        expect(page.get_by_role("region", name="Full text", exact=True)).to_contain_text("yellow shed")


def test_no_page_of_a_dataset_is_wider_than_a_phone(browser: Browser, owner: Owner) -> None:
    with visiting(browser, owner, NARROW) as page:
        enter(page, "Knowledge")
        page.get_by_role("button", name="New dataset").first.click()
        page.get_by_role("textbox", name="Name").fill("Pocket")
        page.get_by_role("button", name="Create", exact=True).click()
        page.wait_for_url(re.compile("/knowledge/[0-9a-f-]{36}"))
        page.get_by_label("Choose files").last.set_input_files([PDF])
        expect(page.get_by_role("listitem").filter(has_text="Ready")).to_have_count(1, timeout=ANSWER_TIMEOUT_MS)
        for name in TABS:
            tab_open(page, name)
            shoot(page, f"narrow-knowledge-{name.lower().replace(' ', '-')}")
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
