"""OpenAI's JSON from the library's values and back: what the HTTP engine sends and reads."""

import base64
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Literal

from inference.errors import (
    ContextOverflowError,
    InferenceError,
    InvalidRequestError,
    UnknownModelError,
    UpstreamAuthError,
    UpstreamBadResponseError,
    UpstreamError,
    UpstreamRateLimitError,
    UpstreamTimeoutError,
)
from inference.types import (
    Delta,
    EmbedRequest,
    FinishReason,
    GenerateRequest,
    Message,
    SamplingParams,
    ToolCallDelta,
    ToolSpec,
    Usage,
)

Dialect = Literal["atelier", "openai"]
Json = dict[str, object]
_MEANINGS: Mapping[int, type[InferenceError]] = {
    401: UpstreamAuthError,
    403: UpstreamAuthError,
    404: UnknownModelError,
    408: UpstreamTimeoutError,
    429: UpstreamRateLimitError,
    504: UpstreamTimeoutError,
}
_OVERFLOW_SIGNS = ("context_length_exceeded", "maximum context length", "context window", "too many tokens")


def chat_body(request: GenerateRequest, dialect: Dialect) -> Json:
    """Return the body of POST /chat/completions (or /completions for a plain prompt), streaming."""
    body: Json = {"model": request.model, "stream": True, "stream_options": {"include_usage": True}}
    body |= _sampling(request.sampling, dialect)
    if request.prompt is not None:
        body["prompt"] = request.prompt
    else:
        body |= _conversation(request)
    if dialect == "atelier":
        body |= _extensions(request)
    return body


def tokenize_body(request: GenerateRequest) -> Json:
    """Return the body of our server's POST /tokenize."""
    if request.prompt is not None:
        return {"model": request.model, "prompt": request.prompt}
    body = {"model": request.model, **_conversation(request)}
    return body | {"continue_final_message": True} if request.continue_final_message else body


def embed_body(request: EmbedRequest, dialect: Dialect) -> Json:
    body: Json = {"model": request.model, "input": list(request.texts), "encoding_format": "base64"}
    return body | {"cache_salt": request.tenant} if dialect == "atelier" and request.tenant else body


def _conversation(request: GenerateRequest) -> Json:
    body: Json = {"messages": [_message(message) for message in request.messages]}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        body["tool_choice"] = request.tool_choice
    return body


def _extensions(request: GenerateRequest) -> Json:
    body: Json = {"priority": request.priority}
    if request.tenant:
        body["cache_salt"] = request.tenant
    if request.continue_final_message:
        body["continue_final_message"] = True
    return body


def _sampling(sampling: SamplingParams, dialect: Dialect) -> Json:
    """Return what differs from the server's own defaults; names that OpenAI does not know only where they are known."""
    body: Json = {"temperature": sampling.temperature}
    default = SamplingParams()
    names = ["top_p", "presence_penalty", "frequency_penalty", "seed", "max_tokens"]
    names += ["top_k", "min_p", "repeat_penalty"] if dialect == "atelier" else []
    for name in names:
        value = getattr(sampling, name)
        if value != getattr(default, name):
            body[name] = value
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    return body


def _message(message: Message) -> Json:
    body: Json = {"role": message.role, "content": message.content}
    if message.images:
        parts: list[Json] = [{"type": "text", "text": message.content}] if message.content else []
        body["content"] = parts + [{"type": "image_url", "image_url": {"url": image.url}} for image in message.images]
    if message.tool_calls:
        body["content"] = message.content or None
        body["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        body["tool_call_id"] = message.tool_call_id
    return body


def _tool(tool: ToolSpec) -> Json:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def read_json(raw: bytes | str) -> Mapping[str, object]:
    """Read an object. Raises UpstreamBadResponseError for anything else."""
    try:
        loaded = json.loads(raw)
    except (ValueError, RecursionError):
        loaded = None
    if not isinstance(loaded, dict):
        raise UpstreamBadResponseError(f"The model server answered {raw[:200]!r}, which is no JSON object.")
    return loaded


def read_chunk(chunk: Mapping[str, object]) -> Delta:
    """Read one streamed chunk of chat or plain completion. Raises what an error inside the stream means."""
    if isinstance(chunk.get("error"), dict | str):
        raise read_error(_status_of(chunk["error"]), chunk)
    usage = _read_usage(chunk.get("usage"))
    choices = _objects(chunk.get("choices"))
    if not choices:
        return Delta(usage=usage)
    choice = choices[0]
    piece = choice.get("delta")
    delta = piece if isinstance(piece, dict) else {"content": choice.get("text")}
    return Delta(
        text=_text(delta.get("content")),
        reasoning=_text(delta.get("reasoning_content")) or _text(delta.get("reasoning")),
        tool_calls=tuple(_read_call(i, call) for i, call in enumerate(_objects(delta.get("tool_calls")))),
        finish_reason=_finish(choice.get("finish_reason")),
        usage=usage,
    )


def _read_call(position: int, call: Mapping[str, object]) -> ToolCallDelta:
    function = call.get("function")
    named = function if isinstance(function, dict) else {}
    index = call.get("index")
    return ToolCallDelta(
        index=index if isinstance(index, int) else position,
        id=_text(call.get("id")),
        name=_text(named.get("name")),
        arguments=_text(named.get("arguments")),
    )


def _finish(value: object) -> FinishReason | None:
    match value:
        case None | "":
            return None
        case "length":
            return "length"
        case "tool_calls" | "function_call":
            return "tool_calls"
        case _:
            return "stop"


def _read_usage(value: object) -> Usage | None:
    if not isinstance(value, dict):
        return None
    details = value.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    return Usage(_count(value.get("prompt_tokens")), _count(value.get("completion_tokens")), _count(cached))


def read_vectors(answer: Mapping[str, object], expected: int) -> tuple[list[list[float]], Usage]:
    """Read an embeddings answer; base64 and plain numbers are both understood."""
    rows = sorted(_objects(answer.get("data")), key=lambda row: _count(row.get("index")))
    if len(rows) != expected:
        raise UpstreamBadResponseError(f"The model server sent {len(rows)} vectors for {expected} texts.")
    return [_read_vector(row.get("embedding")) for row in rows], _read_usage(answer.get("usage")) or Usage()


def _read_vector(value: object) -> list[float]:
    try:
        if isinstance(value, str):
            raw = base64.b64decode(value, validate=True)
            return list(struct.unpack(f"<{len(raw) // 4}f", raw))
        if isinstance(value, list) and value:
            return [float(number) for number in value]
    except (ValueError, TypeError, struct.error):
        pass
    raise UpstreamBadResponseError(f"The model server sent {str(value)[:80]!r} as a vector.")


def read_error(status: int, answer: Mapping[str, object], retry_after_s: float | None = None) -> InferenceError:
    """Return the error of our tree that a failed answer means."""
    inner = answer.get("error", answer)
    fields = inner if isinstance(inner, dict) else {"message": inner}
    said = _text(fields.get("message")) or _text(fields.get("detail")) or f"status {status}"
    code = _text(fields.get("code"))
    message = f"The model server refused: {said[:500]}"
    if status in {400, 413, 422} and any(sign in f"{code} {said}".lower() for sign in _OVERFLOW_SIGNS):
        return ContextOverflowError(said[:500], param="messages")
    if status in _MEANINGS:
        hint = " Check the provider's API key." if _MEANINGS[status] is UpstreamAuthError else ""
        return _MEANINGS[status](f"{message}.{hint}", retry_after_s=retry_after_s)
    if 400 <= status < 500:
        return InvalidRequestError(said[:500], param=_text(fields.get("param")) or None)
    return UpstreamError(message, retry_after_s=retry_after_s)


def _status_of(error: object) -> int:
    """Return the status that an error inside a stream would have had; its code is all that is known."""
    code = _text(error.get("code")) if isinstance(error, dict) else ""
    if code.isdigit():
        return int(code)
    return {"context_length_exceeded": 400, "invalid_request": 400, "rate_limit_exceeded": 429}.get(code, 500)


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _objects(value: object) -> Sequence[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
