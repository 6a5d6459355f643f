"""Code that the tests of the sandbox run."""

import pytest

from agents.errors import CodeFailed
from agents.ports import CodeLimits, CodeResult, Language
from agents.sandbox.pool import SandboxPool
from agents.types import JsonValue

LIMITS = CodeLimits()


async def python(pool: SandboxPool, code: str, limits: CodeLimits = LIMITS, **arguments: JsonValue) -> CodeResult:
    return await pool.run("python3", code, arguments, limits=limits)


async def failure(pool: SandboxPool, code: str, language: Language = "python3", limits: CodeLimits = LIMITS) -> str:
    with pytest.raises(CodeFailed) as raised:
        await pool.run(language, code, {}, limits=limits)
    return str(raised.value)
