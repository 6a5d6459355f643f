"""axe-core in a page whose CSP lets no foreign script in: it comes by the DevTools protocol."""

import json
from functools import cache
from typing import Any

from playwright.sync_api import Page

from backend.cli.frontend import FRONTEND

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BAD = ("serious", "critical")
RUN = "axe.run(document, {options}).then((found) => JSON.stringify(found.violations))"


@cache
def source() -> str:
    """axe, as npm installed it for the tests."""
    return (FRONTEND / "node_modules" / "axe-core" / "axe.min.js").read_text()


def violations(page: Page, *rules: str) -> list[str]:
    """Return what is seriously wrong, a line each; `rules` alone, or all that speak of WCAG 2.2 AA."""
    wanted = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
    options = json.dumps({"runOnly": wanted, "resultTypes": ["violations"]})
    session = page.context.new_cdp_session(page)
    try:
        if not _value(session.send("Runtime.evaluate", {"expression": "typeof axe === 'object'"})):
            session.send("Runtime.evaluate", {"expression": source() + ";0"})
        asked = {"expression": RUN.replace("{options}", options), "awaitPromise": True}
        found = json.loads(_value(session.send("Runtime.evaluate", asked)))
    finally:
        session.detach()
    return [line for each in found if each["impact"] in BAD for line in _lines(each)]


def _value(answer: dict[str, Any]) -> Any:
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")


def _lines(violation: dict[str, Any]) -> list[str]:
    shown = (f"{node['html'][:160]} … {node['failureSummary'].splitlines()[-1].strip()}" for node in violation["nodes"])
    return [f"{violation['id']}: {one}" for one in shown]
