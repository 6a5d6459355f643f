"""Hands on the canvas of the builder: nodes found, dragged, run; drafts made and read over the API."""

import re
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browsing import ANSWER_TIMEOUT_MS
from tests.e2e.conftest import ok

MOST_TABS = 90
BETWEEN_LOOKS_MS = 200


def node(page: Page, node_id: str) -> Locator:
    """Return a node of the canvas."""
    return page.locator(f".react-flow__node[data-id={node_id}]")


def edges(page: Page) -> Locator:
    """Return all edges of the canvas."""
    return page.locator(".react-flow__edge")


def ended(page: Page, node_id: str, status: str = "Succeeded") -> None:
    """Wait for a node's end in the run that is shown."""
    mark = node(page, node_id).get_by_role("status")
    expect(mark).to_have_attribute("aria-label", status, timeout=ANSWER_TIMEOUT_MS)


def rerun(page: Page, node_id: str, status: str) -> None:
    """Run in the drawer and wait for a node's end."""
    page.get_by_role("region", name="Run").get_by_role("button", name="Run", exact=True).click()
    ended(page, node_id, status)


def menu(page: Page, node_id: str, item: str) -> None:
    """Take an item of a node's menu."""
    node(page, node_id).click()
    page.get_by_role("button", name="What to do with this node").click()
    page.get_by_role("menuitem", name=item).click()
    # Until it is gone, keys are the menu's and not the canvas's.
    expect(page.get_by_role("menu")).to_have_count(0)


def saved(page: Page) -> None:
    """Wait until the server has the draft."""
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def graph_saved(console: httpx.Client, page: Page) -> dict[str, dict[str, Any]]:
    """Return the nodes of the draft as the server has them, by their ids."""
    saved(page)
    graph = ok(console.get(f"/apps/{app_id(page)}/draft"))["graph"]
    return {item["id"]: item for item in graph["nodes"]}


def app_id(page: Page) -> str:
    """Return the id of the app whose page is open."""
    found = re.search("/apps/([0-9a-f-]{36})", page.url)
    assert found is not None, page.url
    return found[1]


def app_open(page: Page, console: httpx.Client, name: str, graph: dict[str, Any] | None = None) -> str:
    """Make a workflow over the API and open it in the builder; returns its id."""
    made = ok(console.post("/apps", json={"name": name, "mode": "workflow"}))
    if graph is not None:
        ok(console.put(f"/apps/{made['id']}/draft", params={"check": "false"}, json={"graph": graph}))
    workspace = page.url.split("/w/")[1].split("/")[0]
    page.goto(f"/w/{workspace}/apps/{made['id']}/build")
    expect(node(page, "start")).to_be_visible()
    return str(made["id"])


def middle(place: Locator) -> tuple[float, float]:
    """Return where to put the hand on something, once it rests.

    The canvas glides when a node is chosen and when all is shown.
    """
    before, box = None, place.bounding_box()
    while before != box or box is None:
        place.page.wait_for_timeout(BETWEEN_LOOKS_MS)
        before, box = box, place.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def choose(page: Page, first: str, *others: str) -> None:
    """Choose several nodes: one by a click, the others with the key held, once the inspector has taken its room."""
    node(page, first).click()
    expect(page.get_by_role("complementary", name="Chosen node")).to_be_visible()
    # The canvas learns of a key in an effect, some frames after it went down: no hand is as fast as a script's.
    page.keyboard.down("ControlOrMeta")
    page.wait_for_timeout(BETWEEN_LOOKS_MS)
    for other in others:
        middle(node(page, other))
        node(page, other).click()
    page.keyboard.up("ControlOrMeta")
    expect(page.locator(".react-flow__node.selected")).to_have_count(1 + len(others))


def reach(page: Page, edge: Locator) -> None:
    """Put the hand on an edge, without pressing: what can be done to it shows itself under the hand."""
    page.mouse.move(*middle(edge))


def pull(page: Page, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Press at one point, let go at another."""
    page.mouse.move(*begin)
    page.mouse.down()
    page.mouse.move((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2, steps=4)
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def tab_to(page: Page, place: Locator, key: str = "Tab") -> None:
    """Reach something with the keyboard alone."""
    for _ in range(MOST_TABS):
        if place.count() and place.first.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{MOST_TABS} times {key} do not lead to {place}")


def asks(*names: str) -> list[dict[str, Any]]:
    """Return the variables of a start."""
    return [{"variable": name, "label": name, "type": "paragraph", "required": True} for name in names]


def step(node_id: str, kind: str, x: int, y: int, **data: Any) -> dict[str, Any]:
    """Return a node of a draft."""
    told = {"type": kind, "title": node_id.replace("_", " ").capitalize(), "desc": "", **data}
    return {"id": node_id, "type": "custom", "position": {"x": x, "y": y}, "data": told}


def letter(node_id: str, x: int, y: int, text: str, *source: str) -> dict[str, Any]:
    """Return a node that fills `x` into a text."""
    variables = [{"variable": "x", "value_selector": list(source)}] if source else []
    return step(node_id, "template-transform", x, y, template=text, variables=variables)


def gives(node_id: str, x: int, y: int, *source: str) -> dict[str, Any]:
    """Return an end that gives out one value."""
    outputs = [{"variable": "result", "value_selector": list(source), "value_type": "string"}]
    return step(node_id, "end", x, y, outputs=outputs)


def joined(nodes: list[dict[str, Any]], *ways: str) -> dict[str, Any]:
    """Return a graph whose edges are written "a > b"."""
    found = []
    for way in ways:
        source, target = way.split(" > ")
        ends = {"source": source, "sourceHandle": "source", "target": target, "targetHandle": "target"}
        found.append({"id": f"{source}-source-{target}-target", "type": "custom", **ends})
    return {"nodes": nodes, "edges": found}
