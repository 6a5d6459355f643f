"""The code interpreter called by a node of a graph, also under the name and with the parameters that Dify's has."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from agents.ports import Ports
from agents.sandbox.pool import SandboxPool
from agents.types import JsonObject, JsonValue
from tests.agents.fakes import ports_of
from tests.agents.nodes.cases import Case, end, run_case, saved_node, start

_POOL = SandboxPool(warm=0)


def interpreting(
    name: str, parameters: dict[str, JsonValue], outputs: JsonObject | None, provider: str = "atelier", error: str = ""
) -> Case:
    tool = "simple_code" if provider == "code" else "code_interpreter"
    config: JsonObject = {"provider_id": provider, "tool_name": tool, "tool_parameters": parameters}
    nodes = [start(n="number"), saved_node("call", "tool", config), end(text="call.text")]
    return Case(f"code interpreter {name}", nodes, ("start > call", "call > end"), {"n": 19}, outputs, error)


CASES = [
    interpreting("runs python", {"code": "print('23 times')\n23 * {{#start.n#}}"}, {"text": "23 times\n437"}),
    interpreting(
        "runs what an app of Dify has",
        {"language": "javascript", "code": "console.log(23 * {{#start.n#}})"},
        {"text": "437"},
        "code",
    ),
    interpreting("fails", {"code": "1 / 0"}, None, error="tool_retry"),
]


@pytest.fixture
async def ports() -> AsyncIterator[Ports]:
    yield replace(ports_of(), code=_POOL)
    await _POOL.aclose()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_each_case_ends_as_it_must(case: Case, ports: Ports) -> None:
    await run_case(case, ports)
