"""Parts of a node's configuration that several kinds share. Keys are Dify's where Dify has them; unknown ones stay."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag, field_validator, model_validator

from agents.loop.prompt import BLOCKS
from agents.workflow.expressions import Scope, selectors_of
from inference.types import SamplingParams

DEFAULT_WINDOW = 50


class Lenient(BaseModel):
    """Keeps keys that we do not know: they belong to another version or to the editor."""

    model_config = ConfigDict(extra="allow")


class ModelParameters(Lenient):
    """How tokens are chosen; what is left out has the engine's default."""

    temperature: float | None = Field(default=None, ge=0, le=5)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=0)
    min_p: float | None = Field(default=None, ge=0, le=1)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    repeat_penalty: float | None = Field(default=None, gt=0, le=5)
    seed: int | None = None
    stop: tuple[str, ...] | None = None
    max_tokens: int | None = Field(default=None, ge=1)

    @field_validator("stop", mode="before")
    @classmethod
    def _one_stop_is_a_list(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def sampling(self) -> SamplingParams:
        """Return the parameters as the engine takes them."""
        given = self.model_dump(include=set(ModelParameters.model_fields), exclude_none=True)
        return SamplingParams(**given)


class ModelChoice(Lenient):
    """Which model, and how it is asked. What Dify wrote (`name`, `completion_params`) counts where ours is absent.

    `fallback` is the model that answers when this one fails before its first word.
    """

    id: str = ""
    fallback: str = ""
    parameters: ModelParameters = Field(default_factory=ModelParameters)

    @model_validator(mode="before")
    @classmethod
    def _difys_words_count_too(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        model_id = value.get("id") or value.get("name") or value.get("model")
        parameters = value.get("parameters")
        if parameters is None:
            parameters = value.get("completion_params") or {}
        return {**value, "id": model_id or "", "parameters": parameters}

    @field_validator("id")
    @classmethod
    def _one_is_chosen(cls, value: str) -> str:
        if not value:
            raise ValueError("no model is chosen: choose one")
        return value


class PromptMessage(Lenient):
    """One message of the prompt: `text` with our references, or `jinja2_text`, a Jinja template."""

    role: Literal["system", "user", "assistant"] = "system"
    text: str = ""
    edition_type: Literal["basic", "jinja2"] | None = None
    jinja2_text: str | None = None


class Example(Lenient):
    """A question and the answer that it should get: shown to the model before the conversation."""

    user: str = ""
    assistant: str = ""


class CompletionPrompt(Lenient):
    """A prompt in one piece, in which `{{#histories#}}` and `{{#query#}}` mark the conversation and the question."""

    text: str = ""
    edition_type: Literal["basic", "jinja2"] | None = None
    jinja2_text: str | None = None


def _prompt_shape(value: object) -> str:
    return "completion" if isinstance(value, dict | CompletionPrompt) else "chat"


PromptTemplate = Annotated[
    Annotated[tuple[PromptMessage, ...], Tag("chat")] | Annotated[CompletionPrompt, Tag("completion")],
    Discriminator(_prompt_shape),
]


class JinjaVariable(Lenient):
    """What a Jinja prompt calls by a name."""

    variable: str
    value_selector: tuple[str, ...]


class PromptConfig(Lenient):
    """What Jinja prompts may read."""

    jinja2_variables: tuple[JinjaVariable, ...] = ()


class MemoryWindow(Lenient):
    """Bounds the history by exchanges, besides the model's context."""

    enabled: bool = False
    size: int | None = Field(default=None, ge=0)


class RolePrefix(Lenient):
    """What stands before the messages of a conversation that is told in one piece."""

    user: str = ""
    assistant: str = ""


class Memory(Lenient):
    """The conversation goes along, and the question closes it. Without it a node sees only its prompt.

    With `summary`, what the window leaves out is told in a few sentences.
    """

    window: MemoryWindow = Field(default_factory=MemoryWindow)
    query_prompt_template: str | None = None
    role_prefix: RolePrefix | None = None
    summary: bool = False

    @property
    def question(self) -> str:
        """The template of the question."""
        return self.query_prompt_template or "{{#sys.query#}}"

    @property
    def exchanges(self) -> int | None:
        """How many exchanges go along, None for all that fit."""
        return (DEFAULT_WINDOW if self.window.size is None else self.window.size) if self.window.enabled else None


class ContextChoice(Lenient):
    """Which passages, or which text, stand for `{{#context#}}`."""

    enabled: bool = False
    variable_selector: tuple[str, ...] | None = None

    @property
    def selector(self) -> tuple[str, ...]:
        """Where the passages are; empty for none."""
        return (self.variable_selector or ()) if self.enabled else ()


class VisionDetail(Lenient):
    """Which files the model sees."""

    variable_selector: tuple[str, ...] | None = None


class Vision(Lenient):
    """Whether the model sees images: those of a variable, or those that came with the question."""

    enabled: bool = False
    configs: VisionDetail | None = None

    @property
    def selector(self) -> tuple[str, ...]:
        """Where the images are."""
        return (self.configs.variable_selector if self.configs else None) or ("sys", "files")


class OutputShape(Lenient):
    """The JSON schema that an answer obeys, {} for any JSON object."""

    json_schema: dict[str, JsonValue] = Field(default_factory=dict, alias="schema")


class AskingConfig(Lenient):
    """What every node that talks to a model has."""

    model: ModelChoice
    memory: Memory | None = None
    vision: Vision | None = None

    def common_references(self) -> Iterator[tuple[str, ...]]:
        """Yield what the memory's question and the images are read from."""
        if self.memory is not None:
            yield from selectors_of(self.memory.question)
        if self.vision is not None and self.vision.enabled:
            yield self.vision.selector


class ChatConfig(AskingConfig):
    """A model with a prompt, and `examples` of how it answers."""

    prompt_template: PromptTemplate = ()
    examples: tuple[Example, ...] = ()
    prompt_config: PromptConfig | None = None

    @property
    def is_completion(self) -> bool:
        """Whether the prompt is one text, in which the conversation has its place."""
        return isinstance(self.prompt_template, CompletionPrompt)

    @property
    def jinja_variables(self) -> tuple[JinjaVariable, ...]:
        """What Jinja prompts read, by name."""
        return self.prompt_config.jinja2_variables if self.prompt_config else ()

    @property
    def messages(self) -> tuple[PromptMessage, ...]:
        """The prompt's messages; a prompt in one piece is what the user says."""
        if not isinstance(self.prompt_template, CompletionPrompt):
            return self.prompt_template
        whole = self.prompt_template
        message = PromptMessage(
            role="user", text=whole.text, edition_type=whole.edition_type, jinja2_text=whole.jinja2_text
        )
        return (message,)

    def jinja_values(self, scope: Scope) -> dict[str, JsonValue]:
        """Return what Jinja prompts read."""
        return {item.variable: scope.lookup(item.value_selector) for item in self.jinja_variables}

    def prompt_references(self) -> Iterator[tuple[str, ...]]:
        """Yield what the prompt reads; a text that another edition has replaced reads nothing."""
        for item in self.messages:
            if item.edition_type != "jinja2":
                yield from (one for one in selectors_of(item.text) if not (self.is_completion and one in BLOCKS))
        for example in self.examples:
            yield from (*selectors_of(example.user), *selectors_of(example.assistant))
        if any(item.edition_type == "jinja2" for item in self.messages):
            yield from (item.value_selector for item in self.jinja_variables)
