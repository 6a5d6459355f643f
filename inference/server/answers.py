"""OpenAI's answer shapes, from the library's deltas and vectors."""

import base64
import struct
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from inference.types import Delta, Embeddings, ModelInfo, ToolCallDelta, Usage

Answer = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Head:
    """What every chunk of one answer repeats."""

    model: str
    kind: str  # "chat.completion" or "text_completion"
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def is_chat(self) -> bool:
        return self.kind == "chat.completion"

    def whole(self, deltas: Sequence[Delta]) -> Answer:
        """Return the answer of a request that does not stream."""
        text = "".join(delta.text for delta in deltas)
        last = deltas[-1]
        if self.is_chat:
            calls = merge_calls(call for delta in deltas for call in delta.tool_calls)
            message: dict[str, object] = {"role": "assistant", "content": text if text or not calls else None}
            if calls:
                message["tool_calls"] = [_call(call, with_index=False) for call in calls]
            choice: dict[str, object] = {"index": 0, "message": message}
        else:
            choice = {"index": 0, "text": text}
        choice |= {"finish_reason": last.finish_reason, "logprobs": None}
        return self._envelope(self.kind, [choice]) | {"usage": usage(last.usage or Usage())}

    def chunk(self, delta: Delta, *, is_first: bool) -> Answer:
        """Return one chunk of a streamed answer."""
        if self.is_chat:
            content: dict[str, object] = {"role": "assistant"} if is_first else {}
            if delta.text or is_first:
                content["content"] = delta.text
            if delta.tool_calls:
                content["tool_calls"] = [_call(call, with_index=True) for call in delta.tool_calls]
            choice: dict[str, object] = {"index": 0, "delta": content}
        else:
            choice = {"index": 0, "text": delta.text}
        choice |= {"finish_reason": delta.finish_reason, "logprobs": None}
        return self._envelope(f"{self.kind}.chunk" if self.is_chat else self.kind, [choice])

    def usage_chunk(self, spent: Usage) -> Answer:
        """Return the last chunk, which has usage and no choice."""
        return self._envelope(f"{self.kind}.chunk" if self.is_chat else self.kind, []) | {"usage": usage(spent)}

    def _envelope(self, kind: str, choices: list[dict[str, object]]) -> dict[str, object]:
        prefix = "chatcmpl" if self.is_chat else "cmpl"
        return {
            "id": f"{prefix}-{self.id}",
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


def usage(spent: Usage) -> Answer:
    return {
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.completion_tokens,
        "total_tokens": spent.prompt_tokens + spent.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": spent.cached_tokens},
    }


def merge_calls(pieces: Iterable[ToolCallDelta]) -> list[ToolCallDelta]:
    """Put the pieces of each call together, in the order of their index."""
    merged: dict[int, ToolCallDelta] = {}
    for piece in pieces:
        known = merged.get(piece.index)
        if known is not None:
            piece = ToolCallDelta(piece.index, known.id, known.name, known.arguments + piece.arguments)  # noqa: PLW2901
        merged[piece.index] = piece
    return [merged[index] for index in sorted(merged)]


def _call(call: ToolCallDelta, *, with_index: bool) -> Answer:
    function = {"name": call.name, "arguments": call.arguments}
    plain: dict[str, object] = {"id": call.id, "type": "function", "function": function}
    return {"index": call.index, **plain} if with_index else plain


def embeddings(model: str, made: Embeddings, *, as_base64: bool) -> Answer:
    def written(vector: Sequence[float]) -> object:
        if not as_base64:
            return list(vector)
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()

    spent = made.usage.prompt_tokens
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": written(vector)}
            for index, vector in enumerate(made.vectors)
        ],
        "model": model,
        "usage": {"prompt_tokens": spent, "total_tokens": spent},
    }


def model(info: ModelInfo, created: int) -> Answer:
    """Return OpenAI's model object with what ours knows besides."""
    return {
        "id": info.id,
        "object": "model",
        "created": created,
        "owned_by": "atelier",
        "kind": info.kind,
        "max_model_len": info.context_tokens,
        "dimensions": info.dimensions,
        "supports_tools": info.supports_tools,
        "supports_images": info.supports_images,
        "supports_continuation": info.supports_continuation,
    }
