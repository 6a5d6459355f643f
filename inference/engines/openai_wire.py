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
    JsonObject,
    Message,
    Ranking,
    RerankRequest,
    SamplingParams,
    TokenChance,
    TokenLogprob,
    ToolCallDelta,
    ToolSpec,
    Usage,
)

Dialect = Literal["atelier", "openai"]
Json = dict[str, object]
_MOST_LEGACY_LOGPROBS = 5
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
    model = request.adapter or request.model  # a server that has adapters serves each under its own name
    body: Json = {"model": model, "stream": True, "stream_options": {"include_usage": True}}
    body |= _sampling(request.sampling, dialect)
    top = request.sampling.top_logprobs
    if is_plain(request):
        body["prompt"] = list(request.prompt_tokens) if request.prompt is None else request.prompt
        body |= {} if top is None else {"logprobs": min(top, _MOST_LEGACY_LOGPROBS)}
    else:
        body |= _conversation(request)
        body |= {} if top is None else {"logprobs": True, "top_logprobs": top}
        if request.response_schema is not None:
            body["response_format"] = _response_format(request.response_schema)
    if dialect == "atelier":
        body |= _extensions(request)
    return body


def is_plain(request: GenerateRequest) -> bool:
    """Say whether it is a plain completion."""
    return request.prompt is not None or bool(request.prompt_tokens)


def _response_format(schema: JsonObject) -> Json:
    if not schema:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema), "strict": True}}


def tokenize_body(request: GenerateRequest) -> Json:
    """Return the body of our server's POST /tokenize."""
    if request.prompt is not None:
        return {"model": request.model, "prompt": request.prompt}
    body = {"model": request.model, **_conversation(request)}
    return body | {"continue_final_message": True} if request.continue_final_message else body


def embed_body(request: EmbedRequest, dialect: Dialect) -> Json:
    inputs: list[object] = [*request.texts, *map(list, request.token_lists)]
    body: Json = {"model": request.model, "input": inputs, "encoding_format": "base64"}
    return body | {"cache_salt": request.tenant} if dialect == "atelier" and request.tenant else body


def rerank_body(request: RerankRequest, dialect: Dialect) -> Json:
    body: Json = {"model": request.model, "query": request.query, "documents": list(request.documents)}
    return body | {"cache_salt": request.tenant} if dialect == "atelier" and request.tenant else body


def _conversation(request: GenerateRequest) -> Json:
    body: Json = {"messages": [_message(message) for message in request.messages]}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        named = {"type": "function", "function": {"name": request.tool_name}}
        body["tool_choice"] = request.tool_choice if request.tool_name is None else named
        if not request.parallel_tool_calls:
            body["parallel_tool_calls"] = False
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
    names += ["top_k", "min_p", "repeat_penalty", "ignore_eos", "deterministic"] if dialect == "atelier" else []
    for name in names:
        value = getattr(sampling, name)
        if value != getattr(default, name):
            body[name] = value
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if sampling.logit_bias:
        body["logit_bias"] = {str(token): bias for token, bias in sampling.logit_bias}
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
        logprobs=_read_logprobs(choice.get("logprobs")),
    )


def _read_logprobs(value: object) -> tuple[TokenLogprob, ...]:
    """Read the log probabilities of a chat's chunk, or the older shape of a plain completion's."""
    fields = value if isinstance(value, dict) else {}
    if "tokens" not in fields:
        entries = _objects(fields.get("content"))
        return tuple(
            TokenLogprob(_chance(entry), tuple(map(_chance, _objects(entry.get("top_logprobs"))))) for entry in entries
        )
    tokens, numbers, tops = (
        found if isinstance(found := fields.get(name), list) else []
        for name in ("tokens", "token_logprobs", "top_logprobs")
    )
    return tuple(
        TokenLogprob(
            TokenChance(_text(token).encode(), _number(numbers[at] if at < len(numbers) else None)),
            _best_first(tops[at] if at < len(tops) else None),
        )
        for at, token in enumerate(tokens)
    )


def _chance(entry: Mapping[str, object]) -> TokenChance:
    given = entry.get("bytes")
    is_bytes = isinstance(given, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in given)
    token = bytes(given) if is_bytes and isinstance(given, list) else _text(entry.get("token")).encode()
    return TokenChance(token, _number(entry.get("logprob")))


def _best_first(value: object) -> tuple[TokenChance, ...]:
    candidates = value.items() if isinstance(value, dict) else ()
    chances = [TokenChance(_text(token).encode(), _number(number)) for token, number in candidates]
    return tuple(sorted(chances, key=lambda chance: -chance.logprob))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


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


def read_ranking(answer: Mapping[str, object], expected: int) -> Ranking:
    """Read a rerank answer, whose results come in any order; one that is left out is an error."""
    scores: dict[int, float] = {}
    for row in _objects(answer.get("results")):
        index, score = row.get("index"), row.get("relevance_score", row.get("score"))
        if isinstance(index, int) and isinstance(score, int | float):
            scores[index] = float(score)
    if sorted(scores) != list(range(expected)):
        raise UpstreamBadResponseError(f"The model server scored {len(scores)} of {expected} documents.")
    usage = answer.get("usage")
    total = _count(usage.get("total_tokens")) if isinstance(usage, dict) else 0
    return Ranking(tuple(scores[index] for index in range(expected)), Usage(prompt_tokens=total))


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
