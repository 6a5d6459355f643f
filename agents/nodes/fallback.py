"""A model with another behind it: who answers when the first one is gone, or fails before it has said anything."""

from collections.abc import AsyncIterator
from dataclasses import replace

from agents.errors import ModelNotFound
from agents.loop.stream import opened
from agents.nodes.base import NodeContext
from agents.nodes.config import ModelChoice
from agents.ports import ChatModel
from agents.types import JsonObject
from inference.errors import InferenceError
from inference.types import Delta, GenerateRequest

_ANOTHER_MAY = frozenset({"upstream_auth", "model_not_found", "bad_model_file", "memory_short"})


class FallbackModel:
    """Asks the first model; from its first failure on, the second. `info` is that of the model in use.

    What is wrong with the request itself is wrong for both, and is raised.
    """

    def __init__(self, ctx: NodeContext, first: ChatModel, second_id: str) -> None:
        self._ctx = ctx
        self._model = first
        self._second_id = second_id
        self.info = first.info
        self.reason = ""
        self.failed = ""

    @classmethod
    async def instead(cls, ctx: NodeContext, missing_id: str, second_id: str, reason: str) -> "FallbackModel":
        """Return the second model where the first is not there at all. Raises ModelNotFound."""
        made = cls(ctx, await ctx.ports.models.chat(second_id), second_id)
        made.failed, made.reason = missing_id, reason
        return made

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        """Yield what a model says; closing stops it."""
        has_begun = False
        try:
            async with opened(self._model, request) as deltas:
                async for delta in deltas:
                    has_begun = True
                    yield delta
            return
        except InferenceError as problem:
            if has_begun or not await self._replace(problem):
                raise
            if request.continue_final_message and not self.info.supports_continuation:
                raise
        async with opened(self._model, replace(request, model=self.info.id)) as deltas:
            async for delta in deltas:
                yield delta

    async def count_tokens(self, request: GenerateRequest) -> int:
        """Return what the prompt costs with the model in use."""
        try:
            return await self._model.count_tokens(request)
        except InferenceError as problem:
            if not await self._replace(problem):
                raise
            return await self._model.count_tokens(request)

    async def _replace(self, problem: InferenceError) -> bool:
        """Put the second model in the first one's place, once; False when that would not help."""
        may_help = problem.retryable or problem.http_status >= 500 or problem.code in _ANOTHER_MAY
        if self.failed or not may_help:
            return False
        try:
            second = await self._ctx.ports.models.chat(self._second_id)
        except ModelNotFound:
            return False
        self.failed, self.reason = self.info.id, problem.message
        self._model, self.info = second, second.info
        return True


async def model_of(ctx: NodeContext, choice: ModelChoice) -> ChatModel:
    """Return the model that a node chose, with its fallback behind it. Raises ModelNotFound when neither is there."""
    if not choice.fallback or choice.fallback == choice.id:
        return await ctx.ports.models.chat(choice.id)
    try:
        first = await ctx.ports.models.chat(choice.id)
    except ModelNotFound as missing:
        return await FallbackModel.instead(ctx, choice.id, choice.fallback, str(missing))
    return FallbackModel(ctx, first, choice.fallback)


def fallback_told(model: ChatModel) -> JsonObject:
    """Return what the trace says when the second model answered: which one failed, and why."""
    if not isinstance(model, FallbackModel) or not model.failed:
        return {}
    return {"fallback": {"failed": model.failed, "used": model.info.id, "reason": model.reason}}
