"""The code interpreter: what a model reads of its Python, with a real sandbox."""

import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from agents.errors import ToolFailed, ToolRetry
from agents.sandbox.pool import SandboxPool
from agents.tools.builtin.code_interpreter import NOTHING, CodeInterpreter
from agents.tools.catalogue import configured_tool
from agents.tools.spec import ToolContext, ToolOutput
from agents.tools.toolset import Toolset
from agents.types import Source
from tests.agents.fakes import FakeKnowledge

_POOL = SandboxPool(warm=0)


async def cite(found: Sequence[Source]) -> tuple[Source, ...]:
    return tuple(found)


NO_CODE = ToolContext("run", "workspace", "key", FakeKnowledge(), cite)


@pytest.fixture
async def context() -> AsyncIterator[ToolContext]:
    yield replace(NO_CODE, code=_POOL)
    await _POOL.aclose()


async def said(code: str, context: ToolContext) -> ToolOutput:
    found = await configured_tool("code_interpreter", {}).call({"code": code}, context)
    assert isinstance(found, ToolOutput)
    return found


async def test_the_model_reads_what_is_printed_and_the_last_value(context: ToolContext) -> None:
    found = await said("print('a')\nprint('b')\n23 * 19", context)
    assert found == ToolOutput("a\nb\n437", {"printed": "a\nb\n", "value": "437"})
    assert (await said("import sys\nprint('late', file=sys.stderr)", context)).text == "late"
    assert (await said("x = 1", context)).text == NOTHING


async def test_javascript_runs_too(context: ToolContext) -> None:
    tools = Toolset([CodeInterpreter.configured({})])
    found = await tools.call("code_interpreter", {"language": "javascript", "code": "console.log(1); 2 ** 5"}, context)
    assert found.output == "1\n32"
    assert (await tools.call("code_interpreter", {"language": "perl", "code": "1"}, context)).error == "tool_retry"


async def test_a_fence_around_the_code_is_taken_off(context: ToolContext) -> None:
    assert (await said("```python\n2 + 2\n```", context)).text == "4"


async def test_a_failure_is_the_models_to_mend(context: ToolContext) -> None:
    tools = Toolset([CodeInterpreter.configured({})])
    failed = await tools.call("code_interpreter", {"code": "1 / 0"}, context)
    assert failed.error == "tool_retry"
    assert "ZeroDivisionError: division by zero (line 1)" in failed.output
    missing = await tools.call("code_interpreter", {"code": "import requests"}, context)
    assert "standard library" in missing.output


async def test_code_that_takes_too_long_is_stopped(context: ToolContext) -> None:
    slow = CodeInterpreter.configured({"timeout_s": 0.5})
    with pytest.raises(ToolRetry, match="longer than 0"):
        await slow.call({"code": "while True: pass"}, context)


async def test_where_no_code_runs_the_model_goes_on_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ToolFailed, match="bubblewrap is not installed"):
        await said("1", replace(NO_CODE, code=SandboxPool()))
