"""What clients may send: OpenAI's shapes with our extensions, parsed once into the library's values."""

import json
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from inference.chat_template import join_text
from inference.errors import InvalidRequestError
from inference.types import (
    EmbedRequest,
    GenerateRequest,
    Image,
    Message,
    Priority,
    Role,
    SamplingParams,
    ToolCall,
    ToolSpec,
)

_MAX_STOPS = 16
_MAX_STOP_CHARACTERS = 500
_MAX_MESSAGES = 10_000
_MAX_TOOLS = 256
_MAX_TEXTS = 2048
_TOKENS = Annotated[int, Field(ge=1, le=10_000_000)]
_Stop = Annotated[str, Field(max_length=_MAX_STOP_CHARACTERS)]
_Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Wire(BaseModel):
    """Unknown keys are ignored, as OpenAI's servers do; numbers must be finite."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, frozen=True)


class _ImageUrl(_Wire):
    url: str


class _Part(_Wire):
    type: Literal["text", "image_url"]
    text: str = ""
    image_url: _ImageUrl | None = None


class _FunctionCall(_Wire):
    name: _Name
    arguments: str = ""


class _ToolCall(_Wire):
    id: str = ""
    type: Literal["function"] = "function"
    function: _FunctionCall


class ChatMessage(_Wire):
    """One message of a chat."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Part] | None = None
    tool_calls: list[_ToolCall] | None = Field(default=None, max_length=128)
    tool_call_id: str | None = None

    def parsed(self) -> Message:
        parts = [_Part(type="text", text=self.content)] if isinstance(self.content, str) else self.content or []
        role: Role = "system" if self.role == "developer" else self.role
        return Message(
            role=role,
            content=join_text(part.text for part in parts if part.type == "text"),
            images=tuple(Image(part.image_url.url) for part in parts if part.image_url is not None),
            tool_calls=tuple(
                ToolCall(call.id, call.function.name, call.function.arguments) for call in self.tool_calls or ()
            ),
            tool_call_id=self.tool_call_id,
        )


class _Function(_Wire):
    name: _Name
    description: str = ""
    parameters: dict[str, object] = {"type": "object", "properties": {}}


class Tool(_Wire):
    """A tool that the model may call."""

    type: Literal["function"]
    function: _Function

    def parsed(self) -> ToolSpec:
        return ToolSpec(self.function.name, self.function.description, self.function.parameters)


class _NamedFunction(_Wire):
    name: _Name


class _NamedChoice(_Wire):
    type: Literal["function"]
    function: _NamedFunction


class _StreamOptions(_Wire):
    include_usage: bool = False


class _ResponseFormat(_Wire):
    type: str


class _Sampling(_Wire):
    model: _Name
    stream: bool = False
    stream_options: _StreamOptions | None = None
    n: int | None = None
    temperature: float | None = Field(default=None, ge=0, le=10)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=-1, le=1_000_000)
    min_p: float | None = Field(default=None, ge=0, le=1)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    repeat_penalty: float | None = Field(default=None, gt=0, le=10)
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    stop: _Stop | list[_Stop] | None = None
    max_tokens: _TOKENS | None = None
    logit_bias: dict[str, float] | None = Field(default=None, max_length=1024)
    priority: Priority | None = None
    cache_salt: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _refuse_what_is_not_there(self) -> Self:
        if self.n not in {None, 1}:
            raise ValueError(f"n={self.n} is not supported: send the request once per answer")
        if self.logit_bias:
            raise ValueError("logit_bias is not supported: leave it out")
        if isinstance(self.stop, list) and len(self.stop) > _MAX_STOPS:
            raise ValueError(f"stop has {len(self.stop)} entries: send at most {_MAX_STOPS}")
        return self

    @property
    def includes_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    def sampling(self, max_tokens: int | None) -> SamplingParams:
        base = SamplingParams()
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        return SamplingParams(
            temperature=base.temperature if self.temperature is None else self.temperature,
            top_p=base.top_p if self.top_p is None else self.top_p,
            top_k=max(0, self.top_k or 0),
            min_p=self.min_p or 0.0,
            presence_penalty=self.presence_penalty or 0.0,
            frequency_penalty=self.frequency_penalty or 0.0,
            repeat_penalty=base.repeat_penalty if self.repeat_penalty is None else self.repeat_penalty,
            seed=self.seed,
            stop=stop,
            max_tokens=max_tokens,
        )


class ChatBody(_Sampling):
    """POST /v1/chat/completions."""

    messages: list[ChatMessage] = Field(min_length=1, max_length=_MAX_MESSAGES)
    tools: list[Tool] | None = Field(default=None, max_length=_MAX_TOOLS)
    tool_choice: Literal["auto", "none", "required"] | _NamedChoice = "auto"
    max_completion_tokens: _TOKENS | None = None
    logprobs: bool | None = None
    response_format: _ResponseFormat | None = None
    continue_final_message: bool = False

    @model_validator(mode="after")
    def _refuse_chat_options(self) -> Self:
        if self.logprobs:
            raise ValueError("logprobs are not supported: leave them out")
        if self.response_format is not None and self.response_format.type != "text":
            raise ValueError(f"response_format {self.response_format.type!r} is not supported: only 'text' is")
        return self

    def parsed(self) -> GenerateRequest:
        tools = tuple(tool.parsed() for tool in self.tools or ())
        choice = self.tool_choice
        if isinstance(choice, _NamedChoice):
            tools = tuple(tool for tool in tools if tool.name == choice.function.name)
            if not tools:
                raise InvalidRequestError(
                    f"tool_choice names {choice.function.name!r}, which is not among the tools.", param="tool_choice"
                )
        return GenerateRequest(
            model=self.model,
            messages=tuple(message.parsed() for message in self.messages),
            tools=tools,
            tool_choice="required" if isinstance(choice, _NamedChoice) else choice,
            sampling=self.sampling(self.max_completion_tokens or self.max_tokens),
            continue_final_message=self.continue_final_message,
            priority=self.priority or "interactive",
            tenant=self.cache_salt,
        )


class CompletionBody(_Sampling):
    """POST /v1/completions."""

    prompt: str | list[str]
    logprobs: int | None = None
    echo: bool = False
    suffix: str | None = None
    best_of: int | None = None

    @model_validator(mode="after")
    def _refuse_completion_options(self) -> Self:
        if self.logprobs is not None:
            raise ValueError("logprobs are not supported: leave them out")
        if self.echo or self.suffix or self.best_of not in {None, 1}:
            raise ValueError("echo, suffix and best_of are not supported: leave them out")
        if isinstance(self.prompt, list) and len(self.prompt) != 1:
            raise ValueError(f"prompt has {len(self.prompt)} entries: send one request per prompt")
        return self

    def parsed(self) -> GenerateRequest:
        return GenerateRequest(
            model=self.model,
            prompt=self.prompt if isinstance(self.prompt, str) else self.prompt[0],
            sampling=self.sampling(self.max_tokens),
            priority=self.priority or "interactive",
            tenant=self.cache_salt,
        )


class EmbeddingBody(_Wire):
    """POST /v1/embeddings."""

    model: _Name
    input: str | Annotated[list[str], Field(min_length=1, max_length=_MAX_TEXTS)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    cache_salt: str = Field(default="", max_length=200)

    def parsed(self) -> EmbedRequest:
        texts = (self.input,) if isinstance(self.input, str) else tuple(self.input)
        return EmbedRequest(self.model, texts, tenant=self.cache_salt)


class TokenizeBody(_Wire):
    """POST /tokenize, in vLLM's shape."""

    model: _Name
    prompt: str | None = None
    messages: list[ChatMessage] | None = Field(default=None, max_length=_MAX_MESSAGES)
    tools: list[Tool] | None = Field(default=None, max_length=_MAX_TOOLS)
    tool_choice: Literal["auto", "none", "required"] = "auto"
    continue_final_message: bool = False

    @model_validator(mode="after")
    def _needs_one_of_both(self) -> Self:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("send either prompt or messages")
        return self

    def parsed(self) -> GenerateRequest:
        return GenerateRequest(
            model=self.model,
            prompt=self.prompt,
            messages=tuple(message.parsed() for message in self.messages or ()),
            tools=tuple(tool.parsed() for tool in self.tools or ()),
            tool_choice=self.tool_choice,
            continue_final_message=self.continue_final_message,
        )


_Body = TypeVar("_Body", bound=_Wire)


def parse(kind: type[_Body], raw: bytes) -> _Body:
    """Read a request's body. Raises InvalidRequestError that names the first wrong field."""
    try:
        return kind.model_validate_json(raw)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"] if isinstance(step, int) or step.isidentifier())
        shown = _shorten(first["input"])
        message = f"{where or 'The body'}: {first['msg']} (got {shown}). Correct it and send the request again."
        raise InvalidRequestError(message, param=where or None) from None


def _shorten(value: object) -> str:
    if isinstance(value, dict | list):
        return type(value).__name__
    text = repr(value[:80] if isinstance(value, str | bytes) else value)
    return text[:100]


def dump(value: object) -> bytes:
    """Write an answer as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
