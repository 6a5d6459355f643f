"""An app over a table: dropped, started, looked at again after a reload, and its results saved."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.e2e.browsing import ANSWER_TIMEOUT_MS, Owner, chromium_running, sign_in, visiting
from tests.e2e.conftest import MODEL, Site, app_publish

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

TABLE = 'id,product,note\n1,Green tea,=1+1\n2,Umbrella,\n3,"Lamp, brass",old\n4,Compass,\n5,Bicycle,\n'
DRAFT = {
    "model": {"id": MODEL, "parameters": {"temperature": 0, "max_tokens": 12}},
    "prompt": "Write one line about {{product}}.",
    "variables": [{"name": "product", "required": True}],
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


def table(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


def saved(page: Page) -> list[dict[str, str]]:
    """Return the rows of the results as a person saves them."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download results").click()
    text = Path(waiting.value.path()).read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_table_of_five_rows_runs_through_a_reload_and_comes_back_with_answers(site: Site, browser: Browser) -> None:
    with site.console() as console:
        app_id, _ = app_publish(console, "Product lines", DRAFT, "completion")
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        page.goto(page.url.replace("/home", f"/apps/{app_id}/build"))
        page.get_by_role("tab", name="Batch").click()

        # A table that lacks the column says so, and cannot be started.
        page.get_by_label("Choose a table").last.set_input_files(table("wrong.csv", "thing\ntea\n"))
        expect(page.get_by_role("alert")).to_contain_text("No column gives product")
        expect(page.get_by_role("button", name="Run 1 row")).to_be_disabled()
        page.get_by_role("link", name="All tables").click()

        page.get_by_label("Choose a table").last.set_input_files(table("products.csv", TABLE))
        expect(page.get_by_role("heading", name="products.csv")).to_be_visible()
        expect(page.get_by_text("Carried into the results as they are: id, note.")).to_be_visible()
        page.get_by_role("button", name="Run 5 rows").click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        page.reload()
        expect(page.get_by_text("5 of 5 rows", exact=True)).to_be_visible(timeout=ANSWER_TIMEOUT_MS)
        expect(page.get_by_text("Finished", exact=True)).to_be_visible()

        rows = saved(page)
        assert [row["product"] for row in rows] == ["Green tea", "Umbrella", "Lamp, brass", "Compass", "Bicycle"]
        assert [row["status"] for row in rows] == ["succeeded"] * 5
        assert all(row["answer"].strip() for row in rows)
        assert rows[0]["note"] == "'=1+1"
        assert len({row["run_id"] for row in rows}) == 5

        page.get_by_role("link", name="Run of row 3").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        expect(page.get_by_role("dialog")).to_contain_text("Lamp, brass")
