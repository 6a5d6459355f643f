"""OpenAI's answer shapes, from the library's deltas, vectors and scores."""

import base64
import struct
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from inference.config import ModelConfig
from inference.server.logprobs import LegacyLogprobs, chat_logprobs
from inference.server.schemas import RerankBody
from inference.server.wire import Answer
from inference.types import Delta, Embeddings, ModelInfo, Ranking, ToolCallDelta, Usage

Kind = Literal["chat.completion", "text_completion"]


@dataclass(slots=True)
class Writer:
    """Writes one answer of one or more choices, whole or chunk by chunk; used once.

    Choices are numbered prompt by prompt: `choices_per_prompt` of the first prompt, then those of the second.
    """

    model: str
    kind: Kind
    fingerprint: str
    choices_per_prompt: int = 1
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: int = field(default_factory=lambda: int(time.time()))
    _legacy: dict[int, LegacyLogprobs] = field(default_factory=dict)
    _begun: set[int] = field(default_factory=set)
    _spent: dict[int, Usage] = field(default_factory=dict)

    def whole(self, choices: Sequence[Sequence[Delta]]) -> Answer:
        """Return the answer of a request that does not stream."""
        for index, deltas in enumerate(choices):
            self._count(index, deltas[-1])
        written = [self._choice(index, deltas) for index, deltas in enumerate(choices)]
        return self._envelope(self.kind, written) | {"usage": usage(self._total())}

    def chunk(self, index: int, delta: Delta) -> Answer:
        """Return one chunk of a streamed answer."""
        self._count(index, delta)
        if self.kind == "text_completion":
            choice: dict[str, object] = {"index": index, "text": delta.text}
        else:
            is_first = index not in self._begun
            self._begun.add(index)
            content: dict[str, object] = {"role": "assistant"} if is_first else {}
            if delta.text or is_first:
                content["content"] = delta.text
            if delta.reasoning:
                content["reasoning_content"] = delta.reasoning
            if delta.tool_calls:
                content["tool_calls"] = [_call_piece(call) for call in delta.tool_calls]
            choice = {"index": index, "delta": content}
        choice |= {"finish_reason": delta.finish_reason, "logprobs": self._logprobs(index, delta)}
        return self._envelope(self._chunk_kind, [choice])

    def usage_chunk(self) -> Answer:
        """Return the last chunk, which has usage and no choice."""
        return self._envelope(self._chunk_kind, []) | {"usage": usage(self._total())}

    @property
    def _chunk_kind(self) -> str:
        return "chat.completion.chunk" if self.kind == "chat.completion" else self.kind

    def _choice(self, index: int, deltas: Sequence[Delta]) -> dict[str, object]:
        text = "".join(delta.text for delta in deltas)
        choice: dict[str, object] = {"index": index}
        if self.kind == "text_completion":
            choice["text"] = text
        else:
            calls = merge_calls(call for delta in deltas for call in delta.tool_calls)
            message: dict[str, object] = {"role": "assistant", "content": text if text or not calls else None}
            if reasoning := "".join(delta.reasoning for delta in deltas):
                message["reasoning_content"] = reasoning
            if calls:
                message["tool_calls"] = [_call(call) for call in calls]
            choice["message"] = message
        joined = Delta(logprobs=tuple(entry for delta in deltas for entry in delta.logprobs))
        return choice | {"finish_reason": deltas[-1].finish_reason, "logprobs": self._logprobs(index, joined)}

    def _logprobs(self, index: int, delta: Delta) -> Answer | None:
        if not delta.logprobs:
            return None
        if self.kind == "chat.completion":
            return chat_logprobs(delta.logprobs)
        return self._legacy.setdefault(index, LegacyLogprobs()).write(delta.logprobs)

    def _count(self, index: int, delta: Delta) -> None:
        if delta.usage is not None:
            self._spent[index] = delta.usage

    def _total(self) -> Usage:
        """Return what all choices cost; the choices of one prompt share it, so that it counts once."""
        total = Usage()
        for index, spent in self._spent.items():
            is_shared = index % self.choices_per_prompt > 0
            total += Usage(completion_tokens=spent.completion_tokens) if is_shared else spent
        return total

    def _envelope(self, kind: str, choices: list[dict[str, object]]) -> dict[str, object]:
        prefix = "chatcmpl" if self.kind == "chat.completion" else "cmpl"
        return {
            "id": f"{prefix}-{self.id}",
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
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


def _call(call: ToolCallDelta) -> Answer:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _call_piece(call: ToolCallDelta) -> Answer:
    """Write a piece of a call; clients join the pieces, so only the first one names it."""
    if call.id or call.name:
        return {"index": call.index, **_call(call)}
    return {"index": call.index, "function": {"arguments": call.arguments}}


def embeddings(model: str, made: Embeddings, *, as_base64: bool) -> Answer:
    def written(vector: Sequence[float]) -> object:
        if not as_base64:
            return list(vector)
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()

    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": written(vector)}
            for index, vector in enumerate(made.vectors)
        ],
        "model": model,
        "usage": _input_usage(made.usage),
    }


def ranking(body: RerankBody, made: Ranking) -> Answer:
    """Return the best documents first, in the shape that Jina, Cohere, vLLM and llama-server share."""
    texts = body.texts
    order = sorted(range(len(texts)), key=lambda index: (-made.scores[index], index))[: body.top_n]
    results = [
        {"index": index, "relevance_score": made.scores[index]}
        | ({"document": {"text": texts[index]}} if body.return_documents else {})
        for index in order
    ]
    return {
        "id": f"rerank-{uuid.uuid4().hex}",
        "object": "list",
        "model": body.model,
        "results": results,
        "usage": _input_usage(made.usage),
    }


def _input_usage(spent: Usage) -> Answer:
    return {"prompt_tokens": spent.prompt_tokens, "total_tokens": spent.prompt_tokens}


def models(infos: Iterable[ModelInfo], configs: Iterable[ModelConfig], created: int) -> list[Answer]:
    """Return OpenAI's model objects with what ours know besides: each model, then its adapters as vLLM lists them."""
    names = {config.id: [name for name in config.names if name != config.id] for config in configs}
    return [_model(info, name, created) for info in infos for name in (info.id, *names[info.id])]


def _model(info: ModelInfo, name: str, created: int) -> Answer:
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "atelier",
        "root": name,
        "parent": None if name == info.id else info.id,
        "kind": info.kind,
        "max_model_len": info.context_tokens,
        "dimensions": info.dimensions,
        "supports_tools": info.supports_tools,
        "supports_images": info.supports_images,
        "supports_continuation": info.supports_continuation,
        "supports_schema": info.supports_schema,
    }
