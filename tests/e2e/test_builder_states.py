"""The tools of the builder, each by hand in a browser, and what of it is there after a reload."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browsing import ANSWER_TIMEOUT_MS, Owner, chromium_running, sign_in, visiting
from tests.e2e.building import (
    app_open,
    asks,
    choose,
    edges,
    ended,
    gives,
    graph_saved,
    joined,
    letter,
    menu,
    middle,
    node,
    pull,
    rerun,
    step,
)
from tests.e2e.conftest import Site, ok

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
WORDS = "def main() -> dict:\n    return {'words': ['tea', 'milk'], 'count': 2}\n"
SHAPES = {"words": {"type": "array[string]", "children": None}, "count": {"type": "number", "children": None}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


def offered(page: Page, field: Locator) -> list[str]:
    """Return what a picker offers; leaves it open."""
    field.click()
    options = page.get_by_role("option").filter(visible=True)
    expect(options.first).to_be_visible()
    return [text.split("\n")[0] for text in options.all_inner_texts()]


def test_the_picker_offers_what_is_upstream_and_fits_and_a_problem_leads_to_its_node(
    site: Site, browser: Browser
) -> None:
    graph = joined(
        [
            step("start", "start", 0, 0, variables=asks("text")),
            step("parts", "code", 320, 0, code=WORDS, code_language="python3", variables=[], outputs=SHAPES),
            step("pick", "list-operator", 640, 0, variable=[]),
            letter("write", 960, 0, "Dear {{ x }}", "gone", "output"),
            gives("end", 1280, 0, "write", "output"),
            letter("aside", 320, 260, "aside"),
        ],
        "start > parts",
        "parts > pick",
        "pick > write",
        "write > end",
        "start > aside",
    )
    with visiting(browser, Owner(site.url)) as page, site.console() as console:
        sign_in(page)
        app_open(page, console, "Picking", graph)

        # The list of what is wrong leads to the node, which says the same.
        page.get_by_role("button", name=re.compile("things? to look at")).click()
        page.get_by_role("button", name="Nothing upstream gives gone.output.").click()
        inspector = page.get_by_role("complementary", name="Chosen node")
        expect(inspector.get_by_role("textbox", name="Title of the node")).to_have_value("Write")
        expect(inspector.get_by_text("Nothing upstream gives gone.output.")).to_be_visible()
        expect(node(page, "write")).to_be_in_viewport()

        # An array is wanted: of the two outputs upstream one fits.
        node(page, "pick").click()
        field = inspector.get_by_label("List", exact=True).or_(inspector.get_by_label("Variable", exact=True)).first
        names = offered(page, field)
        assert "words" in names and "count" not in names and "output" not in names, names
        page.get_by_role("option", name="words").click()

        # A text may be anything upstream; what stands beside it or after it is not offered.
        node(page, "write").click()
        names = offered(page, inspector.locator("input[aria-haspopup=listbox]").first)
        assert {"first_record", "words", "count", "text"} <= set(names) and "output" not in names, names
        page.get_by_role("option", name="first_record").click()
        expect(page.get_by_text("Nothing upstream gives gone.output.")).to_have_count(0)
        nodes = graph_saved(console, page)
        assert nodes["pick"]["data"]["variable"] == ["parts", "words"]
        assert nodes["write"]["data"]["variables"][0]["value_selector"] == ["pick", "first_record"]

        page.reload()
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_label("text").last.fill("tea")
        rerun(page, "end", "Succeeded")
        expect(page.get_by_text("Dear tea").first).to_be_visible()


def test_what_was_copied_noted_moved_and_arranged_is_undone_and_kept(site: Site, browser: Browser) -> None:
    graph = joined(
        [
            step("start", "start", 0, 0, variables=asks("text")),
            letter("first", 320, 200, "Dear {{ x }}", "start", "text"),
            letter("second", 640, 0, "{{ x }}!", "first", "output"),
            gives("end", 960, 0, "second", "output"),
        ],
        "start > first",
        "first > second",
        "second > end",
    )
    with visiting(browser, Owner(site.url)) as page, site.console() as console:
        sign_in(page)
        app_open(page, console, "Editing", graph)
        tools = page.get_by_role("toolbar", name="Tools of the canvas")
        undo, redo = tools.get_by_role("button", name="Undo"), tools.get_by_role("button", name="Redo")
        expect(undo).to_be_disabled()

        # Moved by the hand, taken back, and moved again.
        x, y = middle(node(page, "second"))
        pull(page, (x, y), (x, y + 90))
        moved = graph_saved(console, page)["second"]["position"]
        assert moved["y"] > 60
        undo.click()
        assert graph_saved(console, page)["second"]["position"] == {"x": 640, "y": 0}
        redo.click()
        assert graph_saved(console, page)["second"]["position"] == moved

        # Two nodes copied with the edge between them: the copy refers to the copy.
        page.locator(".react-flow__pane").click(position={"x": 30, "y": 30})
        expect(page.locator(".react-flow__node.selected")).to_have_count(0)
        choose(page, "first", "second")
        page.keyboard.press("ControlOrMeta+c")
        page.keyboard.press("ControlOrMeta+v")
        expect(node(page, "second_2")).to_be_visible()
        expect(edges(page)).to_have_count(4)
        nodes = graph_saved(console, page)
        assert nodes["second_2"]["data"]["variables"][0]["value_selector"] == ["first_2", "output"]
        assert nodes["first_2"]["data"]["variables"][0]["value_selector"] == ["start", "text"]
        undo.click()
        expect(node(page, "second_2")).to_have_count(0)
        menu(page, "first", "Duplicate")
        expect(node(page, "first_2")).to_be_visible()
        page.keyboard.press("Delete")
        expect(node(page, "first_2")).to_have_count(0)

        # A note for people.
        tools.get_by_role("button", name="Add a note").click()
        page.get_by_role("textbox", name="Note").fill("Ask Ann about the tone")

        # Everything in its place, and back.
        before = graph_saved(console, page)
        tools.get_by_role("button", name="Arrange").click()
        after = graph_saved(console, page)
        assert after["first"]["position"] != before["first"]["position"]
        columns = [after[each]["position"]["x"] for each in ("start", "first", "second", "end")]
        assert columns == sorted(set(columns))

        # Found by its name; the map is taken away and comes back.
        page.keyboard.press("ControlOrMeta+f")
        page.get_by_role("dialog").get_by_role("textbox").fill("second")
        page.keyboard.press("Enter")
        expect(page.get_by_role("textbox", name="Title of the node")).to_have_value("Second")
        expect(page.locator(".react-flow__minimap")).to_be_visible()
        tools.get_by_role("button", name="Map").click()
        expect(page.locator(".react-flow__minimap")).to_have_count(0)

        page.reload()
        expect(page.get_by_role("textbox", name="Note")).to_have_value("Ask Ann about the tone")
        kept = graph_saved(console, page)
        assert {each: item["position"] for each, item in kept.items()} == {
            each: item["position"] for each, item in after.items()
        }
        expect(edges(page)).to_have_count(3)


def test_nodes_run_alone_from_here_on_with_fixed_outputs_and_as_they_were_logged(site: Site, browser: Browser) -> None:
    graph = joined(
        [
            step("start", "start", 0, 0, variables=asks("text")),
            letter("first", 320, 0, "Dear {{ x }}", "start", "text"),
            letter("second", 640, 0, "{{ x }}, hello", "first", "output"),
            gives("end", 960, 0, "second", "output"),
        ],
        "start > first",
        "first > second",
        "second > end",
    )
    with visiting(browser, Owner(site.url)) as page, site.console() as console:
        sign_in(page)
        made = app_open(page, console, "Trying", graph)
        page.get_by_role("button", name="Run", exact=True).click()
        drawer = page.get_by_role("region", name="Run")
        drawer.get_by_label("text").fill("Ann")
        rerun(page, "end", "Succeeded")
        expect(drawer.get_by_text("Dear Ann, hello").first).to_be_visible()

        # From the second on: what came before stands as it was.
        menu(page, "second", "Run from here on")
        steps = drawer.get_by_role("listbox", name="Steps").get_by_role("option")
        ended(page, "end")
        steps.filter(has_text="First").click()
        expect(drawer.get_by_text("taken from the run before")).to_be_visible()

        # Its outputs fixed, a node does not run, and what follows it gets them.
        inspector = page.get_by_role("complementary", name="Chosen node")
        node(page, "first").click()
        inspector.get_by_role("tab", name="Last run").click()
        inspector.get_by_role("button", name="Fix its outputs").click()
        fixed = inspector.get_by_label("Fixed outputs")
        fixed.fill('{"output": "Dear Board"}')
        fixed.blur()
        rerun(page, "end", "Succeeded")
        expect(drawer.get_by_text("Dear Board, hello").first).to_be_visible()
        steps.filter(has_text="First").click()
        expect(drawer.get_by_text("did not run: its outputs are fixed")).to_be_visible()
        inspector.get_by_role("button", name="Let it run again").click()
        rerun(page, "end", "Succeeded")
        expect(drawer.get_by_text("Dear Ann, hello").first).to_be_visible()

        # One node alone takes what the last run gave it.
        menu(page, "second", "Run this node alone")
        expect(steps).to_have_count(1)
        ended(page, "second")
        expect(drawer.get_by_text("Dear Ann, hello").first).to_be_visible()

        # A logged run again, on the draft as it is now.
        runs = ok(console.get("/runs", params={"app": made}))["results"]
        whole = runs[-1]["id"]
        node(page, "second").click()
        inspector.get_by_role("tab", name="Settings").click()
        inspector.get_by_role("textbox", name="Template").fill("{{ x }}, farewell")
        graph_saved(console, page)
        page.goto(f"{page.url.split('?')[0]}?replay={whole}")
        ended(page, "end")
        expect(drawer.get_by_text("Dear Ann, farewell").first).to_be_visible(timeout=ANSWER_TIMEOUT_MS)
        assert "replay" not in page.url

        # What a node did last is there after a reload, without a run on the page.
        page.reload()
        node(page, "second").click()
        inspector.get_by_role("tab", name="Last run").click()
        expect(inspector.get_by_text("Dear Ann, farewell").first).to_be_visible()
