"""What clients may send to each route: OpenAI's shapes with our extensions, parsed once into the library's values."""

from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BeforeValidator, Field, StringConstraints, model_validator

from inference.server.conversation import (
    Messages,
    NamedChoice,
    ResponseFormat,
    ToolChoice,
    Tools,
    chosen_tool,
)
from inference.server.wire import Name, Salt, TokenId, Unserved, Wire
from inference.types import EmbedRequest, GenerateRequest, Priority, RerankRequest, SamplingParams

MAX_ANSWERS = 16  # per prompt
_MAX_CHOICES = 64  # answers of one request
_MAX_STOPS = 16
_MAX_STOP_CHARACTERS = 500
_MAX_BIASES = 1024
_MAX_TEXTS = 2048
_MAX_DOCUMENTS = 1024
_TOKENS = Annotated[int, Field(ge=1, le=10_000_000)]
_Stop = Annotated[str, Field(max_length=_MAX_STOP_CHARACTERS)]
_Texts = Annotated[list[str], Field(min_length=1, max_length=_MAX_TEXTS, fail_fast=True)]
_Tokens = Annotated[list[TokenId], Field(min_length=1, max_length=1_000_000, fail_fast=True)]
_TokenLists = Annotated[list[_Tokens], Field(min_length=1, max_length=_MAX_TEXTS, fail_fast=True)]
_Inputs = str | _Texts | _Tokens | _TokenLists
_BiasKey = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}$")]


def _check_biases(given: object) -> object:
    """Count before anything is looked at: a dictionary's validation does not end at its first error."""
    if isinstance(given, dict) and len(given) > _MAX_BIASES:
        raise ValueError(f"logit_bias has {len(given)} entries: send at most {_MAX_BIASES}")
    return given


_Biases = Annotated[dict[_BiasKey, Annotated[float, Field(ge=-100, le=100)]], BeforeValidator(_check_biases)]


class _StreamOptions(Wire):
    include_usage: bool | None = None


class _Sampling(Wire):
    """What chat and plain completion have in common."""

    model: Name
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = Field(default=None, ge=1, le=MAX_ANSWERS)
    temperature: float | None = Field(default=None, ge=0, le=10)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=-1, le=1_000_000)
    min_p: float | None = Field(default=None, ge=0, le=1)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    repeat_penalty: float | None = Field(
        default=None, gt=0, le=10, validation_alias=AliasChoices("repeat_penalty", "repetition_penalty")
    )
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    stop: _Stop | Annotated[list[_Stop], Field(max_length=_MAX_STOPS, fail_fast=True)] | None = None
    max_tokens: _TOKENS | None = None
    logit_bias: _Biases | None = None
    ignore_eos: bool | None = None
    deterministic: bool | None = None
    priority: Priority | None = None
    cache_salt: Salt | None = None
    # Other servers' ways to constrain an answer; accepting them silently would hand out answers of another form.
    grammar: Unserved = None
    guided_json: Unserved = None
    guided_regex: Unserved = None
    guided_choice: Unserved = None
    guided_grammar: Unserved = None
    structured_outputs: Unserved = None
    min_tokens: Unserved = None
    stop_token_ids: Unserved = None
    prompt_logprobs: Unserved = None
    use_beam_search: Unserved = None

    @model_validator(mode="after")
    def _refuse_options_without_a_stream(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options need stream=true: send both or none")
        return self

    @property
    def answers(self) -> int:
        """How many answers each prompt gets."""
        return self.n or 1

    @property
    def streams(self) -> bool:
        return bool(self.stream)

    @property
    def includes_usage(self) -> bool:
        return self.stream_options is not None and bool(self.stream_options.include_usage)

    def sampling(self, max_tokens: int | None, top_logprobs: int | None) -> SamplingParams:
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
            logit_bias=tuple((int(token), bias) for token, bias in (self.logit_bias or {}).items()),
            top_logprobs=top_logprobs,
            ignore_eos=bool(self.ignore_eos),
            deterministic=bool(self.deterministic),
        )


class ChatBody(_Sampling):
    """POST /v1/chat/completions."""

    messages: Messages
    tools: Tools | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_completion_tokens: _TOKENS | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    response_format: ResponseFormat | None = None
    continue_final_message: bool = False
    modalities: list[Literal["text"]] | None = Field(default=None, max_length=1)
    audio: Unserved = None
    functions: Unserved = None
    function_call: Unserved = None
    web_search_options: Unserved = None

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs=true: send both or none")
        if None not in {self.max_tokens, self.max_completion_tokens} and self.max_tokens != self.max_completion_tokens:
            raise ValueError("max_tokens and max_completion_tokens differ: send one of them")
        if self.continue_final_message and self.messages[-1].role != "assistant":
            raise ValueError("continue_final_message needs an assistant's message at the end")
        chosen_tool(self.tool_choice, self.tools or [])
        return self

    def parsed(self) -> list[GenerateRequest]:
        """Return the requests: one."""
        choice = self.tool_choice or "auto"
        response_format = self.response_format or ResponseFormat(type="text")
        top = (self.top_logprobs or 0) if self.logprobs else None
        request = GenerateRequest(
            model=self.model,
            messages=tuple(message.parsed() for message in self.messages),
            tools=tuple(tool.parsed() for tool in self.tools or ()),
            tool_choice="required" if isinstance(choice, NamedChoice) else choice,
            tool_name=chosen_tool(choice, self.tools or []),
            parallel_tool_calls=self.parallel_tool_calls is not False,
            response_schema=response_format.schema_of_answer,
            sampling=self.sampling(self.max_completion_tokens or self.max_tokens, top),
            continue_final_message=self.continue_final_message,
            priority=self.priority or "interactive",
            tenant=self.cache_salt or "",
        )
        return [request]


class CompletionBody(_Sampling):
    """POST /v1/completions."""

    prompt: _Inputs
    logprobs: int | None = Field(default=None, ge=0, le=5)
    best_of: int | None = Field(default=None, ge=1, le=MAX_ANSWERS)
    echo: bool | None = None
    suffix: str | None = None

    @model_validator(mode="after")
    def _refuse_what_is_not_there(self) -> Self:
        if self.echo:
            raise ValueError("echo is not served: put the prompt before the answer yourself")
        if self.suffix:
            raise ValueError("suffix is not served: the models here do not fill in the middle")
        if self.best_of not in {None, self.answers}:
            raise ValueError(f"best_of={self.best_of} is served only when it equals n: leave it out")
        if len(self._prompts()) * self.answers > _MAX_CHOICES:
            raise ValueError(f"prompts times n is more than {_MAX_CHOICES}: send several requests")
        return self

    def parsed(self) -> list[GenerateRequest]:
        """Return one request per prompt."""
        return [
            GenerateRequest(
                model=self.model,
                prompt=prompt if isinstance(prompt, str) else None,
                prompt_tokens=() if isinstance(prompt, str) else prompt,
                sampling=self.sampling(self.max_tokens, self.logprobs),
                priority=self.priority or "interactive",
                tenant=self.cache_salt or "",
            )
            for prompt in self._prompts()
        ]

    def _prompts(self) -> list[str] | list[tuple[int, ...]]:
        texts, tokens = _told_apart(self.prompt)
        return texts or tokens


class EmbeddingBody(Wire):
    """POST /v1/embeddings. Token ids are ids of the model that is asked, as in vLLM."""

    model: Name
    input: _Inputs
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = Field(default=None, ge=1, le=100_000)
    cache_salt: Salt | None = None

    def parsed(self) -> EmbedRequest:
        texts, tokens = _told_apart(self.input)
        return EmbedRequest(self.model, tuple(texts), tuple(tokens), tenant=self.cache_salt or "")


class _Document(Wire):
    text: str


class RerankBody(Wire):
    """POST /v1/rerank."""

    model: Name
    query: str
    documents: list[str | _Document] = Field(min_length=1, max_length=_MAX_DOCUMENTS, fail_fast=True)
    top_n: int | None = Field(default=None, ge=1)
    return_documents: bool | None = None
    cache_salt: Salt | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(given if isinstance(given, str) else given.text for given in self.documents)

    def parsed(self) -> RerankRequest:
        return RerankRequest(self.model, self.query, self.texts, tenant=self.cache_salt or "")


class TokenizeBody(Wire):
    """POST /tokenize, in vLLM's shape; `prompts` counts many texts at once."""

    model: Name
    prompt: str | None = None
    prompts: _Texts | None = None
    messages: Messages | None = None
    tools: Tools | None = None
    tool_choice: Literal["auto", "none", "required"] | None = None
    continue_final_message: bool = False

    @model_validator(mode="after")
    def _needs_exactly_one(self) -> Self:
        if sum(given is not None for given in (self.prompt, self.prompts, self.messages)) != 1:
            raise ValueError("send exactly one of prompt, prompts and messages")
        return self

    def parsed(self) -> list[GenerateRequest]:
        """Return one request per text, or the one of the messages."""
        if self.messages is None:
            texts = [self.prompt] if self.prompts is None else self.prompts
            return [GenerateRequest(self.model, prompt=text) for text in texts]
        return [
            GenerateRequest(
                model=self.model,
                messages=tuple(message.parsed() for message in self.messages),
                tools=tuple(tool.parsed() for tool in self.tools or ()),
                tool_choice=self.tool_choice or "auto",
                continue_final_message=self.continue_final_message,
            )
        ]


def _told_apart(inputs: _Inputs) -> tuple[list[str], list[tuple[int, ...]]]:
    """Return what was given as texts and what was given as token ids; one of both is empty."""
    if isinstance(inputs, str):
        return [inputs], []
    texts = [item for item in inputs if isinstance(item, str)]
    single = tuple(item for item in inputs if isinstance(item, int))
    several = [tuple(item) for item in inputs if isinstance(item, list)]
    return texts, [single] if single else several
