"""The values that cross the engine's border: what to generate, what came out, what to embed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]
Priority = Literal["interactive", "workflow", "batch"]
ModelKind = Literal["chat", "embedding", "rerank"]
FinishReason = Literal["stop", "length", "tool_calls"]
JsonObject = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model made; `arguments` is JSON text, as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image in a message: an http(s) URL or a `data:` URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str
    images: tuple[Image, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it; `parameters` is a JSON schema of type object."""

    name: str
    description: str
    parameters: JsonObject


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How tokens are chosen; names and meanings are OpenAI's, then llama.cpp's."""

    temperature: float = 0.7
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repeat_penalty: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    logit_bias: tuple[tuple[int, float], ...] = ()
    top_logprobs: int | None = None
    ignore_eos: bool = False
    deterministic: bool = False


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One generation: either `messages` (chat), `prompt` (plain completion) or `prompt_tokens`.

    With `continue_final_message` the last message is the assistant's own unfinished text:
    the engine goes on from it and yields only what is new.
    `tool_choice` "required" with `tool_name` names the one tool that must be called.
    `response_schema` is a JSON schema that the answer obeys, {} for any JSON object.
    `resume_tokens` were sampled for this very request before (by an engine that died): the engine goes on after them
    and yields only what they had not completed.
    """

    model: str
    messages: tuple[Message, ...] = ()
    prompt: str | None = None
    prompt_tokens: tuple[int, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: Literal["auto", "none", "required"] = "auto"
    tool_name: str | None = None
    parallel_tool_calls: bool = True
    response_schema: JsonObject | None = None
    adapter: str | None = None
    sampling: SamplingParams = field(default_factory=SamplingParams)
    continue_final_message: bool = False
    priority: Priority = "interactive"
    tenant: str = ""
    resume_tokens: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one generation cost; `cached_tokens` is the part of the prompt that was not computed again."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of the call at `index`; `id` and `name` come with its first piece."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class TokenChance:
    """One candidate token: its bytes and the natural logarithm of its probability before any filter."""

    token: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """The token that was chosen and the `top` likeliest candidates, best first."""

    chosen: TokenChance
    top: tuple[TokenChance, ...] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """What one step added. The last delta carries `finish_reason` and `usage`.

    `tokens` are the ids behind everything yielded since the delta before, held-back text included.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """Texts to embed in one go, or their tokens in `token_lists` (without special tokens) instead."""

    model: str
    texts: tuple[str, ...] = ()
    token_lists: tuple[tuple[int, ...], ...] = ()
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """One unit-length vector per text, in order, each of `dimensions` floats."""

    vectors: Sequence[Sequence[float]]
    usage: Usage


@dataclass(frozen=True, slots=True)
class RerankRequest:
    """Documents to score against one query."""

    model: str
    query: str
    documents: tuple[str, ...]
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """One relevance score per document, in the documents' order; higher is more relevant."""

    scores: tuple[float, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model is and can do; `context_tokens` bounds prompt and answer together (0: unknown)."""

    id: str
    kind: ModelKind
    context_tokens: int = 0
    dimensions: int = 0
    supports_tools: bool = False
    supports_images: bool = False
    supports_continuation: bool = False
    supports_schema: bool = False
    adapters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineStats:
    """How busy an engine is now; KV numbers are tokens, 0 of 0 where there is no cache. The rest counts since load.

    steps · step_sequences: sequences summed over the steps, so their ratio is the mean batch size
    step_s · compute_s: seconds in steps, and the part of them inside llama.cpp
    admitted · queued_s: sequences that left the queue for their first step, and how long they waited in it, summed
    busy_s: seconds that the step under way has taken so far; a watchdog reads it
    """

    active: int = 0
    queued: int = 0
    queued_tokens: int = 0
    kv_used: int = 0
    kv_total: int = 0
    kv_cached: int = 0
    preemptions: int = 0
    steps: int = 0
    step_sequences: int = 0
    step_s: float = 0.0
    compute_s: float = 0.0
    admitted: int = 0
    queued_s: float = 0.0
    prompt_tokens: int = 0
    prefix_hit_tokens: int = 0
    drafted_tokens: int = 0
    accepted_tokens: int = 0
    rejected_requests: int = 0
    restarts: int = 0
    busy_s: float = 0.0
