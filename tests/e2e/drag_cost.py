"""Measures what dragging a node of a large graph costs: scripting in each frame, out of Chromium's trace.

    python -m tests.e2e.drag_cost --url http://127.0.0.1:8000 --email … --password … [--nodes 200]

It makes an app of its own on a running platform, drags with all nodes in sight and close up, and deletes the app.
"""

import argparse
import itertools
import json
import statistics
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from playwright.sync_api import Browser, Locator, Page

from tests.e2e.browsing import Owner, chromium_running, sign_in, visiting

BUDGET_MS = 8.0
COLUMNS = 20
MOVES = 120
PACE_MS = 16
LOAD_TIMEOUT_MS = 60_000
CATEGORIES = [
    "devtools.timeline",
    "devtools.timeline.frame",
    "disabled-by-default-devtools.timeline",
    "disabled-by-default-devtools.timeline.frame",
    "v8",
    "v8.execute",
]
SCRIPT = frozenset({"FunctionCall", "EvaluateScript", "RunMicrotasks", "MinorGC", "MajorGC", "V8.GCScavenger"})
FRAME, MOVE = "BeginMainThreadFrame", "EventDispatch"
MAKE = """async ([name, graph]) => {
  const token = decodeURIComponent(/csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "");
  const send = async (method, path, body) => {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
    const answer = await fetch("/api/v1" + path, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(method + " " + path + ": " + (await answer.text()));
    return answer.status === 204 ? null : answer.json();
  };
  const app = await send("POST", "/apps", { name, mode: "workflow" });
  await send("PUT", `/apps/${app.id}/draft?check=false`, { graph });
  return app.id;
}"""
DELETE = """async (id) => {
  const token = decodeURIComponent(/csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "");
  await fetch("/api/v1/apps/" + id, { method: "DELETE", headers: { "X-CSRFToken": token } });
}"""


@dataclass(frozen=True)
class Cost:
    """Scripting in the frames of one drag, in milliseconds."""

    name: str
    frames_ms: tuple[float, ...]

    @property
    def p95(self) -> float:
        """Of a hundred frames, ninety-five cost no more."""
        return sorted(self.frames_ms)[int(len(self.frames_ms) * 0.95)]

    def __str__(self) -> str:
        frames = self.frames_ms
        told = f"mean {statistics.fmean(frames):.2f}, p50 {statistics.median(frames):.2f}, p95 {self.p95:.2f}"
        return f"{self.name}: {len(frames)} frames, scripting per frame in ms: {told}, max {max(frames):.2f}"


def graph_of(count: int) -> dict[str, object]:
    """Return a graph of `count` nodes in rows: each follows the one before it and the one above."""
    start = {"type": "start", "title": "Start", "variables": [{"variable": "text", "type": "paragraph"}]}
    nodes: list[dict[str, object]] = [_node("start", start, 0)]
    edges: list[dict[str, object]] = []
    for number in range(1, count):
        before = "start" if number == 1 else f"n{number - 1}"
        field = "text" if before == "start" else "output"
        data = {
            "type": "template-transform",
            "title": f"Step {number}",
            "template": "{{ x }}",
            "variables": [{"variable": "x", "value_selector": [before, field]}],
        }
        nodes.append(_node(f"n{number}", data, number))
        edges.append(_edge(before, f"n{number}"))
        if number > COLUMNS:
            edges.append(_edge(f"n{number - COLUMNS}", f"n{number}"))
    return {"nodes": nodes, "edges": edges}


def _node(node_id: str, data: Mapping[str, object], number: int) -> dict[str, object]:
    place = {"x": (number % COLUMNS) * 320, "y": (number // COLUMNS) * 160}
    return {"id": node_id, "type": "custom", "position": place, "data": data}


def _edge(source: str, target: str) -> dict[str, object]:
    ends = {"source": source, "sourceHandle": "source", "target": target, "targetHandle": "target"}
    return {"id": f"{source}-source-{target}-target", "type": "custom", **ends}


def drag(page: Page, node: Locator) -> None:
    """Drag a node in circles, about once a frame."""
    box = node.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + min(14.0, box["height"] / 2)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(MOVES):
        page.mouse.move(x + (step % 40) * 4, y + (step % 25) * 3)
        page.wait_for_timeout(PACE_MS)
    page.mouse.up()


def frames_of(trace: bytes) -> Iterator[float]:
    """Yield the milliseconds of scripting in each frame in which the hand moved.

    They are counted by the clock of the page's thread: other processes may be busy.
    """
    events = json.loads(trace)["traceEvents"]
    threads = [(event["pid"], event["tid"]) for event in events if event["name"] == FRAME]
    main = max(set(threads), key=threads.count)
    own = [event for event in events if (event["pid"], event["tid"]) == main]
    begins = sorted(event["ts"] for event in own if event["name"] == FRAME)
    calls = list(_outermost([event for event in own if event["name"] in SCRIPT and "tdur" in event]))
    moves = [event["ts"] for event in own if event["name"] == MOVE and event["args"]["data"]["type"] == "mousemove"]
    for begin, end in itertools.pairwise(begins):
        if any(begin <= moved < end for moved in moves):
            yield sum(call["tdur"] for call in calls if begin <= call["ts"] < end) / 1000


def _outermost(events: list[dict[str, float]]) -> Iterator[dict[str, float]]:
    """Yield what no other one contains: what calls something else is not counted twice."""
    until = 0.0
    for event in sorted(events, key=lambda each: (each["ts"], -each["dur"])):
        if event["ts"] >= until:
            yield event
            until = event["ts"] + event["dur"]


def measured(browser: Browser, page: Page, name: str, node: Locator) -> Cost:
    """Drag a node under the trace."""
    browser.start_tracing(page=page, categories=CATEGORIES)
    drag(page, node)
    return Cost(name, tuple(frames_of(browser.stop_tracing())))


def costs(browser: Browser, page: Page, workspace: str, count: int) -> list[Cost]:
    """Return the costs of dragging in a graph of `count` nodes, in sight at once and close up."""
    app_id = page.evaluate(MAKE, ["Drag", graph_of(count)])
    try:
        page.goto(f"/w/{workspace}/apps/{app_id}/build")
        page.locator(".react-flow__node").first.wait_for(timeout=LOAD_TIMEOUT_MS)
        page.wait_for_timeout(1500)
        middle = page.locator(f".react-flow__node[data-id=n{count // 2 + COLUMNS // 2}]")
        far = measured(browser, page, f"{count} nodes in sight", middle)
        for _ in range(6):
            page.get_by_role("button", name="Zoom in").click()
            page.wait_for_timeout(150)
        near = page.locator(".react-flow__node:visible").nth(page.locator(".react-flow__node:visible").count() // 2)
        close = measured(browser, page, f"{count} nodes, close up", near)
        page.wait_for_timeout(1200)  # the draft is saved
        return [far, close]
    finally:
        page.evaluate(DELETE, app_id)


def main() -> None:
    """Print the figures; exit with 1 when one is over the budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--nodes", type=int, default=200)
    asked = parser.parse_args()
    with chromium_running() as browser, visiting(browser, Owner(asked.url)) as page:
        sign_in(page, asked.email, asked.password)
        workspace = page.url.split("/w/")[1].split("/")[0]
        found = costs(browser, page, workspace, asked.nodes)
    for cost in found:
        sys.stdout.write(f"{cost}\n")
    raise SystemExit(any(cost.p95 > BUDGET_MS for cost in found))


if __name__ == "__main__":
    main()
