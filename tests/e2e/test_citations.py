"""From an answer to the page that it stands on: the passage is marked where its words are printed."""

import io
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect
from pypdfium2 import PdfDocument  # type: ignore[import-untyped]  # the wheel carries no types

from tests.e2e.browsing import (
    NARROW,
    Owner,
    app_make,
    ask,
    choose,
    chromium_running,
    dataset_make,
    shoot,
    sign_in,
    sources_of,
    visiting,
)
from tests.e2e.conftest import KORVALA, Site, app_publish, dataset_create, pdf_of, provider_lent
from tests.e2e.hostile import HostileServer, hostile_server
from tests.e2e.test_published import page_on, question

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
QUESTION = "What does the cook put into the soup?"
WORDS, PAGE = "dill and allspice", 2
MARKED = f"Page {PAGE}, with the passage marked"
PDF: FilePayload = {"name": "korvala.pdf", "mimeType": "application/pdf", "buffer": pdf_of(KORVALA)}
NOTES: FilePayload = {
    "name": "notes.md",
    "mimeType": "text/markdown",
    "buffer": "\n\n".join(f"# Part {number}\n\n{text * 12}" for number, text in enumerate(KORVALA, start=1)).encode(),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


@pytest.fixture(scope="module")
def citing(site: Site) -> Iterator[HostileServer]:
    """A model that cites the first passage in whatever it is asked, known to the platform for a while."""
    with (
        hostile_server() as server,
        site.console() as console,
        provider_lent(console, "citing", server.base_url, {"name": "writer", "kind": "chat"}),
    ):
        yield server


def printed_at(pdf: bytes, words: str, number: int) -> tuple[float, float, float, float]:
    """Return where the words are printed by the PDF's own account: left, top, right, bottom, of the page's size."""
    with PdfDocument(pdf) as document:
        page = document[number - 1]
        width, height = page.get_size()
        text = page.get_textpage()
        start, count = text.search(words).get_next()
        boxes = [text.get_charbox(index) for index in range(start, start + count)]
    left, bottom, right, top = zip(*boxes, strict=True)
    return min(left) / width, 1 - max(top) / height, max(right) / width, 1 - min(bottom) / height


MEASURE = """(sheet) => {
  const page = sheet.getBoundingClientRect();
  return [...sheet.querySelectorAll("[data-testid=passage-mark]")].map((mark) => {
    const box = mark.getBoundingClientRect();
    const across = [box.left, box.right].map((x) => (x - page.left) / page.width);
    const down = [box.top, box.bottom].map((y) => (y - page.top) / page.height);
    return [across[0], down[0], across[1], down[1]];
  });
}"""


def marks_in(sheet: Locator) -> list[tuple[float, float, float, float]]:
    """Return the marks of a page that is shown, of the page's size; at one moment, since it may still glide in."""
    return [tuple(box) for box in sheet.evaluate(MEASURE)]


def marked_rightly(place: Locator) -> None:
    """The page is drawn, and one mark lies over the words that it was printed with, and over little else."""
    sheet = place.get_by_role("img", name=MARKED)
    expect(sheet).to_be_visible()
    expect(sheet.locator("image")).to_have_attribute("href", re.compile("^blob:"))
    (mark,) = marks_in(sheet)
    words = printed_at(PDF["buffer"], WORDS, PAGE)
    edge = 0.006
    assert mark[0] - edge <= words[0] and words[2] <= mark[2] + edge, (mark, words)
    assert mark[1] - edge <= words[1] and words[3] <= mark[3] + edge, (mark, words)
    assert (mark[2] - mark[0]) * (mark[3] - mark[1]) < 0.1, mark
    shot = Image.open(io.BytesIO(sheet.get_by_test_id("passage-mark").screenshot())).convert("L")
    assert min(shot.tobytes()) < 90, "letters are to be seen through the mark"


def hit_open(page: Page) -> Locator:
    """Search in the retrieval test and open the first hit."""
    page.get_by_role("tab", name="Retrieval test").click()
    page.get_by_role("textbox", name="Question").fill(QUESTION)
    page.get_by_role("button", name="Search", exact=True).first.click()
    page.get_by_role("region", name="Fused", exact=True).get_by_role(
        "button", name=re.compile("^1 ?korvala.pdf")
    ).click()
    return page.get_by_role("dialog", name="korvala.pdf")


def test_a_pdf_is_found_cited_and_its_page_shown_with_the_passage_marked(
    site: Site, browser: Browser, citing: HostileServer
) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        dataset_make(page, "Cited A", PDF)
        document = hit_open(page)
        marked_rightly(document)
        page.reload()
        marked_rightly(document)
        shoot(page, "citation-hit")
        page.keyboard.press("Escape")
        expect(document).to_have_count(0)

        app_make(page, "Citing guide", "Chat")
        choose(page, "Model", "citing/writer")
        choose(page, "Datasets", "Cited A")
        answer = ask(page, QUESTION)
        expect(sources_of(answer).first).to_contain_text("Cited")
        answer.get_by_role("button", name="Source 1", exact=True).first.click()
        passage = page.get_by_role("dialog", name="Passage")
        marked_rightly(passage)
        shoot(page, "citation")

        # Leafing shows other pages without a mark; the way back leads to it again; larger is larger.
        expect(passage.get_by_text("Page 2 of 3", exact=True)).to_be_visible()
        passage.get_by_role("button", name="Next page").click()
        expect(passage.get_by_role("img", name="Page 3", exact=True)).to_be_visible()
        expect(passage.get_by_test_id("passage-mark")).to_have_count(0)
        expect(passage.get_by_role("button", name="Next page")).to_be_disabled()
        passage.get_by_role("button", name="Page before").click()
        marked_rightly(passage)
        before = passage.get_by_role("img", name=MARKED).bounding_box()
        passage.get_by_role("button", name="Larger").click()
        expect(passage.get_by_text("150 %")).to_be_visible()
        marked_rightly(passage)
        after = passage.get_by_role("img", name=MARKED).bounding_box()
        assert before is not None and after is not None and after["width"] > 1.4 * before["width"]

        # The conversation is there after a reload, and so is the way from its source to the document.
        page.keyboard.press("Escape")
        page.reload()
        sources_of(page.get_by_role("article", name="Answer")).first.click()
        marked_rightly(passage)
        passage.get_by_role("link", name="Open in the document").click()
        marked_rightly(document)
        page.reload()
        marked_rightly(document)

        # The trace of the run leads to the same page.
        page.goto(page.url.split("/knowledge")[0] + "/runs")
        page.get_by_role("link", name=QUESTION).first.click()
        run = page.get_by_role("dialog", name="Run")
        sources_of(run).first.click()
        marked_rightly(passage)


def test_a_text_shows_its_passage_between_the_words_around_it(
    site: Site, browser: Browser, citing: HostileServer
) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        dataset_make(page, "Cited notes A", NOTES)
        app_make(page, "Notes guide", "Chat")
        choose(page, "Model", "citing/writer")
        choose(page, "Datasets", "Cited notes A")
        sources_of(ask(page, QUESTION)).first.click()
        passage = page.get_by_role("dialog", name="Passage")
        expect(passage.locator("mark")).to_contain_text(WORDS)
        expect(passage).to_contain_text("pier nine")
        assert "pier nine" not in passage.locator("mark").inner_text()
        expect(passage.get_by_test_id("passage-mark")).to_have_count(0)
        shoot(page, "citation-text")


def test_a_stranger_sees_the_page_that_their_answer_cites(site: Site, browser: Browser, citing: HostileServer) -> None:
    with site.console() as console:
        code = _published(console, "Cited for strangers")
        with visiting(browser, Owner(site.url), NARROW) as page:
            page.goto(f"/p/{code}")
            answer = question(page, QUESTION)
            sources = answer.get_by_role("region", name="Sources")
            sources.get_by_role("button").first.click()
            sources.get_by_role("button", name=f"Show page {PAGE}").click()
            marked_rightly(sources)
            expect(sources.get_by_role("button", name="Next page")).to_have_count(0)
            shoot(page, "citation-published")
            page.reload()
            sources.get_by_role("button").first.click()
            sources.get_by_role("button", name=f"Show page {PAGE}").click()
            marked_rightly(sources)


def _published(console: httpx.Client, name: str) -> str:
    dataset = dataset_create(console, name)
    draft: dict[str, Any] = {"model": {"id": "citing/writer"}, "prompt": "Answer.", "datasets": [dataset]}
    app_id, _ = app_publish(console, name, draft)
    return page_on(console, app_id)
