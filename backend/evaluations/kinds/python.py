"""The evaluator that its author wrote: a function `main` in the sandbox, which says how good an answer is."""

import asyncio
import math

from pydantic import Field

from agents.errors import AgentsError
from agents.ports import CodeLimits
from agents.types import JsonObject, JsonValue
from backend.evaluations.kinds.base import EvaluatorFailed, Judged, Kind, Observed, Outside, shown

MEMORY_BYTES = 512 * 1024 * 1024
EXAMPLE = '''def main(answer, expected, query, inputs, outputs, sources, tool_calls):
    """Return a number from 0 to 1, True or False, or {"score": ..., "reason": "..."}."""
    return {"score": float(expected.lower() in answer.lower()), "reason": ""}
'''


class Python(Kind):
    """`main(answer, expected, query, inputs, outputs, sources, tool_calls)` returns a number of 0…1, or a verdict."""

    code: str = Field(default=EXAMPLE, min_length=1, max_length=100_000)
    timeout_s: float = Field(default=10.0, gt=0, le=60)

    async def judge(self, seen: Observed, outside: Outside) -> Judged:
        # The first question tests the sandbox, which takes a moment.
        if reason := await asyncio.to_thread(lambda: outside.code.reason_off):
            raise EvaluatorFailed(f"no code is run here: {reason}")
        limits = CodeLimits(wall_s=self.timeout_s, cpu_s=self.timeout_s, memory_bytes=MEMORY_BYTES)
        try:
            done = await outside.code.run("python3", self.code, _arguments(seen), limits=limits)
        except AgentsError as error:
            raise EvaluatorFailed(f"the code failed: {error}"[:1000]) from error
        return _judged(done.value)


def _arguments(seen: Observed) -> JsonObject:
    return {
        "answer": seen.answer,
        "expected": seen.expected,
        "query": seen.query,
        "inputs": dict(seen.inputs),
        "outputs": dict(seen.outputs),
        "sources": [
            {"document": item.document, "chunk_id": item.chunk_id, "text": item.text, "cited": item.cited}
            for item in seen.passages
        ],
        "tool_calls": [{"name": call.name, "arguments": call.arguments} for call in seen.tool_calls],
    }


def _judged(value: JsonValue) -> Judged:
    reason = ""
    if isinstance(value, dict):
        reason, value = str(value.get("reason") or "")[:1000], value.get("score")
    if not isinstance(value, bool | int | float) or not math.isfinite(value) or not 0 <= value <= 1:
        raise EvaluatorFailed(f"main returned {shown(str(value))}: return a number from 0 to 1, or a dict with score")
    return Judged(float(value), reason)
