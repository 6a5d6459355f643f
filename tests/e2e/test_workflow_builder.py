"""What a person does on the canvas: a workflow by mouse and by keyboard, a broken node mended, kept after a reload."""

import os
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from agents.dsl.exporting import to_yaml
from tests.agents.dsl.files import end, graph_file, llm, start
from tests.e2e.browsing import ANSWER_TIMEOUT_MS, Owner, app_make, chromium_running, enter, sign_in, visiting
from tests.e2e.building import (
    app_open,
    asks,
    edges,
    ended,
    graph_saved,
    middle,
    node,
    pull,
    reach,
    rerun,
    saved,
    step,
    tab_to,
)
from tests.e2e.conftest import Site, ok

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


def add_behind(page: Page, node_id: str, kind: str, made: str) -> None:
    """Add a node by keyboard behind the one that has the focus."""
    node(page, node_id).click()
    node(page, node_id).focus()
    page.keyboard.press("a")
    page.get_by_role("textbox", name="Search nodes").last.fill(kind)
    page.keyboard.press("Enter")
    expect(node(page, made)).to_be_visible()


def file_import(page: Page, content: bytes, name: str) -> Locator:
    """Choose a file to import; leaves the report open."""
    enter(page, "Apps")
    page.get_by_role("button", name="Import").first.click()
    dialog = page.get_by_role("dialog")
    with page.expect_file_chooser() as chooser:
        dialog.get_by_role("button", name="File").click()
    chooser.value.set_files({"name": name, "mimeType": "application/yaml", "buffer": content})
    expect(dialog.get_by_role("table")).to_be_visible()
    return dialog


def test_a_workflow_is_drawn_mended_run_published_called_and_taken_along(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        app_make(page, "Letters", "Workflow")
        expect(node(page, "start")).to_be_visible()

        # By mouse: the plus behind the start.
        node(page, "start").click()
        node(page, "start").get_by_role("button", name="Add a node here").click()
        page.get_by_role("textbox", name="Search nodes").last.fill("Template")
        page.keyboard.press("Enter")
        expect(node(page, "template_transform")).to_be_visible()
        page.get_by_role("textbox", name="Template").fill("Dear {{ 1 / 0 }}")

        # By keyboard: two more behind it, the last of which leads to the end; the first is moved by an arrow.
        add_behind(page, "template_transform", "Template", "template_transform_2")
        page.get_by_role("textbox", name="Template").fill("second")
        add_behind(page, "template_transform_2", "Template", "template_transform_3")
        page.get_by_role("textbox", name="Template").fill("third")
        node(page, "template_transform_3").focus()
        page.keyboard.press("c")
        page.get_by_role("dialog").get_by_role("textbox").fill("End")
        page.keyboard.press("Enter")
        expect(page.locator(".react-flow__edge")).to_have_count(6)
        before = node(page, "template_transform_3").get_attribute("style") or ""
        node(page, "template_transform_3").focus()
        page.keyboard.press("ArrowDown")
        expect.soft(node(page, "template_transform_3")).to_be_focused()
        expect(node(page, "template_transform_3")).not_to_have_attribute("style", before)

        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_label("Text").last.fill("tea")
        rerun(page, "template_transform", "Failed")
        node(page, "template_transform").click()
        page.get_by_role("tab", name="Settings", exact=True).last.click()
        page.get_by_role("textbox", name="Template").fill("Dear reader")
        rerun(page, "end", "Succeeded")

        # One node alone, then the whole run again as it was logged.
        node(page, "template_transform_2").click()
        page.get_by_role("button", name="What to do with this node").click()
        page.get_by_role("menuitem", name="Run this node alone").click()
        steps = page.get_by_role("listbox", name="Steps").get_by_role("option")
        expect(steps).to_have_count(1)
        expect(node(page, "template_transform_2").get_by_role("status")).to_have_attribute("aria-label", "Succeeded")
        rerun(page, "end", "Succeeded")
        page.get_by_role("button", name="Run again").click()
        expect(steps).to_have_count(6)
        expect(node(page, "end").get_by_role("status")).to_have_attribute(
            "aria-label", "Succeeded", timeout=ANSWER_TIMEOUT_MS
        )
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()

        page.reload()
        node(page, "template_transform").click()
        expect(page.get_by_role("textbox", name="Template")).to_have_text("Dear reader")
        expect(page.locator(".react-flow__edge")).to_have_count(6)

        page.get_by_role("button", name="Publish").click()
        page.get_by_role("button", name="Publish now").click()
        expect(page.get_by_text("Version 1 is live.")).to_be_visible()
        app_id = page.url.split("/apps/")[1].split("/")[0]
        with site.console() as console:
            key = ok(console.post(f"/apps/{app_id}/keys", json={"name": "curl"}))["key"]
        asked = {"inputs": {"query": "tea"}, "response_mode": "blocking", "user": "ann"}
        with site.service(key) as service:
            called = ok(service.post("/workflows/run", json=asked))
        assert called["data"]["status"] == "succeeded" and called["data"]["outputs"]["text"]

        page.get_by_role("button", name="More actions").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name="Export as a file").click()
        dialog = file_import(page, download.value.path().read_bytes(), "letters.yml")
        expect(dialog.get_by_text("Not possible")).to_have_count(0)
        dialog.get_by_role("button", name="Make the app").click()
        page.wait_for_url(lambda url: url.endswith("/build") and app_id not in url)
        expect(page.locator(".react-flow__node")).to_have_count(6)


def called_as_shown(page: Page, key: str) -> str:
    """Run the command that the page shows, as a person pastes it into a shell."""
    page.get_by_role("tab", name="API", exact=True).click()
    command = page.locator("pre").filter(has_text="curl").inner_text()
    environment = {"PATH": os.environ["PATH"], "ATELIER_APP_KEY": key, "no_proxy": "*"}
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_workflow_of_six_nodes_is_built_by_mouse(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as page, site.console() as console:
        sign_in(page)
        app_open(
            page, console, "By mouse", {"nodes": [step("start", "start", 0, 0, variables=asks("text"))], "edges": []}
        )
        palette = page.locator("aside").filter(has=page.get_by_role("textbox", name="Search nodes"))

        # From the palette onto the canvas, then a line from the start to it.
        palette.get_by_role("textbox").fill("Template")
        palette.get_by_role("button", name="Template").drag_to(
            page.get_by_test_id("canvas"), target_position={"x": 500, "y": 120}
        )
        expect(node(page, "template_transform")).to_be_visible()
        ways_out, way_in = node(page, "start").locator(".source"), node(page, "template_transform").locator(".target")
        pull(page, middle(ways_out), middle(way_in))
        expect(edges(page)).to_have_count(1)
        page.get_by_role("textbox", name="Template").fill("Dear {{ 1 / 0 }}")

        # A line that ends on nothing offers what fits there.
        begin = middle(node(page, "template_transform").locator(".source"))
        pull(page, begin, (begin[0], begin[1] + 160))
        page.get_by_role("textbox", name="Search nodes").last.fill("Template")
        page.keyboard.press("Enter")
        expect(node(page, "template_transform_2")).to_be_visible()
        page.get_by_role("textbox", name="Template").fill("second")

        # The plus behind a node, twice, and the plus in an edge.
        for made in ("template_transform_3", "end"):
            behind = "template_transform_2" if made != "end" else "template_transform_3"
            page.get_by_role("button", name="Show all").click()
            node(page, behind).click()
            node(page, behind).get_by_role("button", name="Add a node here").click()
            page.get_by_role("textbox", name="Search nodes").last.fill("End" if made == "end" else "Template")
            page.keyboard.press("Enter")
            expect(node(page, made)).to_be_visible()
            if made != "end":
                page.get_by_role("textbox", name="Template").fill("third")
        page.get_by_role("button", name="Show all").click()
        reach(page, edges(page).first)
        page.get_by_role("button", name="Put a node in between").click()
        page.get_by_role("textbox", name="Search nodes").last.fill("Template")
        page.keyboard.press("Enter")
        expect(edges(page)).to_have_count(5)
        page.get_by_role("textbox", name="Template").fill("zeroth")
        assert len(graph_saved(console, page)) == 6
        page.reload()
        expect(page.locator(".react-flow__node")).to_have_count(6)
        expect(edges(page)).to_have_count(5)


def write(page: Page, text: str) -> None:
    """Fill in the template of the chosen node by keyboard."""
    tab_to(page, page.get_by_role("textbox", name="Template"))
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def chosen(page: Page, node_id: str) -> None:
    """Go back to a node of the canvas and choose it by keyboard."""
    tab_to(page, node(page, node_id), "Shift+Tab")
    page.keyboard.press("Enter")


def test_a_workflow_of_six_nodes_is_built_mended_published_and_called_by_keyboard(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as page, site.console() as console:
        sign_in(page)
        begun = {"nodes": [step("start", "start", 0, 0, variables=asks("text"))], "edges": []}
        made_id = app_open(page, console, "By keyboard", begun)
        tab_to(page, node(page, "start"))
        page.keyboard.press("Enter")
        texts = {
            "template_transform": "Dear {{ 1 / 0 }}",
            "template_transform_2": "second",
            "template_transform_3": "third",
        }
        for made, text in {**texts, "template_transform_4": "fourth", "end": ""}.items():
            page.keyboard.press("a")
            page.keyboard.type("Template" if text else "End")
            page.keyboard.press("Enter")
            expect(node(page, made)).to_be_visible()
            if text:
                write(page, text)
                chosen(page, made)
        tab_to(page, page.get_by_role("button", name="Add", exact=True))
        page.keyboard.press("Enter")
        tab_to(
            page, page.get_by_role("complementary", name="Chosen node").locator("input[aria-haspopup=listbox]").first
        )
        page.keyboard.type("Template 4")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        chosen(page, "template_transform_2")
        page.keyboard.press("c")
        expect(page.locator("input:focus")).to_have_count(1)  # where to is asked
        page.keyboard.type("End")
        page.keyboard.press("Enter")
        expect(edges(page)).to_have_count(6)

        drawer = page.get_by_role("region", name="Run")
        page.keyboard.press("ControlOrMeta+Enter")
        tab_to(page, drawer.get_by_label("text"))
        page.keyboard.type("tea")
        tab_to(page, drawer.get_by_role("button", name="Run", exact=True))
        page.keyboard.press("Enter")
        ended(page, "template_transform", "Failed")
        chosen(page, "template_transform")
        write(page, "Dear reader")
        tab_to(page, drawer.get_by_role("button", name="Run", exact=True), "Shift+Tab")
        page.keyboard.press("Enter")
        ended(page, "end")
        saved(page)

        page.reload()
        expect(node(page, "start")).to_be_visible()
        expect(edges(page)).to_have_count(6)
        tab_to(page, page.get_by_role("button", name="Publish"))
        page.keyboard.press("Enter")
        tab_to(page, page.get_by_role("button", name="Publish now"))
        page.keyboard.press("Enter")
        expect(page.get_by_text("Version 1 is live.")).to_be_visible()
        key = ok(console.post(f"/apps/{made_id}/keys", json={"name": "curl"}))["key"]
        told = called_as_shown(page, key)
        assert "workflow_finished" in told and "fourth" in told, told


def test_a_file_of_dify_is_imported_with_a_report_and_runs(site: Site, browser: Browser) -> None:
    asked = {"provider": "openai", "name": "gpt-4o", "mode": "chat", "completion_params": {"max_tokens": 12}}
    file = graph_file([start("name"), llm("llm", model=asked), end(text=["llm", "text"])], ["start > llm", "llm > end"])
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        dialog = file_import(page, to_yaml(file).encode(), "tried.yml")
        expect(dialog.get_by_text("Partly")).to_have_count(1)  # the model is another one here
        dialog.get_by_role("button", name="Make the app").click()
        page.wait_for_url("**/build")
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_label("name").last.fill("Ann")
        rerun(page, "end", "Succeeded")


def test_a_template_is_found_looked_at_and_opened(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        enter(page, "Apps")
        page.get_by_role("button", name="New app").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("From a template").click()
        dialog.get_by_text("Evaluation", exact=True).click()
        dialog.get_by_role("button", name="Compare two models").click()
        expect(dialog.get_by_text("Everything that it needs is here.")).to_be_visible()
        expect(dialog.get_by_role("combobox", name="Second model")).to_have_value("smollm2-135m-instruct-base")
        page.reload()  # the address says which template is shown
        dialog.get_by_role("textbox", name="App name").fill("Two voices")
        dialog.get_by_role("button", name="Use template").click()
        page.wait_for_url("**/build")
        expect(page.locator(".react-flow__node")).to_have_count(5)
        expect(page.get_by_text("Ready to run")).to_be_visible()


def test_two_tabs_do_not_overwrite_each_other(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url), refused=409) as page:
        sign_in(page)
        app_make(page, "Twice", "Workflow")
        expect(node(page, "llm")).to_be_visible()
        other = page.context.new_page()
        other.goto(page.url)
        node(other, "llm").click()
        other.get_by_role("textbox", name="Title of the node").fill("Theirs")
        other.keyboard.press("Enter")
        expect(other.get_by_text("Saved", exact=True)).to_be_visible()
        expect(node(other, "llm")).to_contain_text("Theirs")
        other.close()

        node(page, "llm").click()
        page.get_by_role("textbox", name="Title of the node").fill("Mine")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Load the other draft").click()
        expect(node(page, "llm")).to_contain_text("Theirs")
        node(page, "llm").click()
        page.get_by_role("textbox", name="Title of the node").fill("Both")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
        page.reload()
        expect(node(page, "llm")).to_contain_text("Both")


def test_undo_takes_back_what_the_keyboard_did(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        app_make(page, "Undo", "Workflow")
        node(page, "llm").click()
        node(page, "llm").focus()
        page.keyboard.press("Delete")
        expect(node(page, "llm")).to_have_count(0)
        expect(page.get_by_text("Nothing upstream gives llm.text.").first).to_be_visible()
        page.keyboard.press("Control+z")
        expect(node(page, "llm")).to_be_visible()
        expect(page.locator(".react-flow__edge")).to_have_count(2)
