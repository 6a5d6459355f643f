"""Every place of the page that a person can come to, as addresses and what they open there."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.e2e.browsing import ANSWER_TIMEOUT_MS, WIDE
from tests.e2e.ferries import Ferries

ROOT = "/w/{workspace}"
READY = "main, [role=main], form, [role=dialog]"
BUSY = ".mantine-Skeleton-root, .mantine-Loader-root"
Opening = Callable[[Page], None]


@dataclass(frozen=True)
class Place:
    """`path` is filled in with the ids of what was made; `opening` is done there, on a `wide` window only if so."""

    name: str
    path: str
    opening: Opening | None = None
    is_wide: bool = False

    def visit(self, page: Page, ferries: Ferries) -> None:
        """Go there and wait until all is drawn."""
        page.goto(ferries.path(self.path))
        settle(page)
        if self.opening:
            self.opening(page)
            settle(page)

    def fits(self, page: Page) -> bool:
        """Is this place there on a window of that size?"""
        return not self.is_wide or page.evaluate("innerWidth") >= WIDE[0]


def settle(page: Page) -> None:
    """Wait until everything that was asked for is shown."""
    expect(page.locator(READY).first).to_be_visible()
    expect(page.locator(BUSY)).to_have_count(0, timeout=ANSWER_TIMEOUT_MS)


def press(key: str) -> Opening:
    return lambda page: page.keyboard.press(key)


def click(role: str, name: str) -> Opening:
    """Return what clicks the first thing of that name."""
    return lambda page: page.get_by_role(role, name=re.compile(f"^{re.escape(name)}$")).first.click()  # type: ignore[arg-type]


def node_open(page: Page) -> None:
    """Select the first model on the canvas."""
    page.locator(".react-flow__node-llm, .react-flow__node[data-id*=llm], .react-flow__node").nth(1).click()


WITHOUT_ACCOUNT = (
    Place("login", "/login"),
    Place("setup", "/setup"),
    Place("invitation", "/invite/unknown"),
    Place("published", "/p/{code}"),
    Place("published-form", "/p/{form_code}"),
    Place("embedded", "/embed/{code}"),
)
"""What strangers see."""

APP, DATASET = "{root}/apps/{chat}", "{root}/knowledge/{dataset}"
PLACES = tuple(
    Place(name, path.replace("{root}", ROOT), *rest)
    for name, path, *rest in (
        ("home", "{root}/home"),
        ("palette", "{root}/home", press("Control+k")),
        ("keys", "{root}/home", press("?"), True),
        ("apps", "{root}/apps"),
        ("app-new", "{root}/apps?new=1"),
        ("gallery", "{root}/apps?new=1&from=template"),
        ("template", "{root}/apps?new=1&template=support-triage"),
        ("import", "{root}/apps?import=1"),
        ("build", f"{APP}/build?conversation={{talk}}"),
        ("build-preview", f"{APP}/build?pane=preview&conversation={{talk}}"),
        ("build-publish", f"{APP}/build", click("button", "Publish"), True),
        ("agent", "{root}/apps/{agent}/build"),
        ("completion", "{root}/apps/{completion}/build"),
        ("workflow", "{root}/apps/{workflow}/build"),
        ("workflow-node", "{root}/apps/{chatflow}/build", node_open, True),
        ("batches", "{root}/apps/{completion}/batches"),
        ("batch", "{root}/apps/{completion}/batches/{batch}"),
        ("api", f"{APP}/api"),
        ("app-runs", f"{APP}/runs"),
        ("app-analytics", f"{APP}/analytics"),
        ("annotations", f"{APP}/annotations"),
        ("annotation", f"{APP}/annotations", click("button", "Add an annotation")),
        ("evaluate", f"{APP}/evaluate"),
        ("publish", f"{APP}/publish"),
        ("versions", f"{APP}/versions"),
        ("app-settings", f"{APP}/settings"),
        ("knowledge", "{root}/knowledge"),
        ("dataset-new", "{root}/knowledge?new=1"),
        ("dataset", DATASET),
        ("document", f"{DATASET}?document={{document}}"),
        ("document-details", f"{DATASET}?document={{document}}&view=details"),
        ("retrieval", f"{DATASET}?tab=retrieval&q=How much does a bicycle cost?"),
        ("evaluation", f"{DATASET}?tab=evaluation"),
        ("evaluation-cases", f"{DATASET}?tab=evaluation&show=cases"),
        ("dataset-settings", f"{DATASET}?tab=settings"),
        ("dataset-chunking", f"{DATASET}?tab=settings&section=chunking"),
        ("prompts", "{root}/prompts"),
        ("prompt", "{root}/prompts/{prompt}"),
        ("models", "{root}/models"),
        ("model-add", "{root}/models", click("button", "Add model"), True),
        ("providers", "{root}/models/providers"),
        ("provider", "{root}/models/providers?provider={provider}"),
        ("quantize", "{root}/models/quantize"),
        ("playground", "{root}/models/playground"),
        ("tools", "{root}/tools"),
        ("tool", "{root}/tools/calculator"),
        ("network", "{root}/tools?tab=network"),
        ("runs", "{root}/runs"),
        ("run", "{root}/runs/{run}"),
        ("run-of-a-graph", "{root}/runs/{chatflow_run}"),
        ("analytics", "{root}/analytics"),
        ("analytics-times", "{root}/analytics?period=24h&chart=time&by=model"),
        ("experiments", "{root}/evaluations"),
        ("experiment", "{root}/evaluations/experiments/{experiment}"),
        ("test-sets", "{root}/evaluations/sets"),
        ("test-set", "{root}/evaluations/sets/{cases}"),
        ("evaluators", "{root}/evaluations/evaluators"),
        ("evaluator", "{root}/evaluations/evaluators", click("button", "New evaluator")),
        *((f"settings-{name}", f"{{root}}/settings/{name}") for name in (
            "profile", "appearance", "workspace", "members", "tokens", "dataset-keys", "secrets", "retention", "audit",
            "limits", "alerts",
        )),
        ("not-found", "{root}/nowhere"),
    )
)  # fmt: skip
"""What members of the workspace see."""
