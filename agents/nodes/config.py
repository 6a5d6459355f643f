"""Parts of a node's configuration that several kinds share. Keys are Dify's where Dify has them; unknown ones stay."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from agents.loop.prompt import TemplateMessage
from inference.types import SamplingParams


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
    """Which model, and how it is asked."""

    id: str = Field(min_length=1)
    parameters: ModelParameters = Field(default_factory=ModelParameters)


class PromptMessage(Lenient):
    """One message of the prompt."""

    role: Literal["system", "user", "assistant"] = "system"
    text: str = ""


class MemoryWindow(Lenient):
    """Bounds the history by exchanges, besides the model's context."""

    enabled: bool = False
    size: int = Field(default=50, ge=0)


class Memory(Lenient):
    """The conversation goes along, and the question closes it. Without it a node sees only its prompt."""

    window: MemoryWindow = Field(default_factory=MemoryWindow)
    query_prompt_template: str = "{{#sys.query#}}"


class ContextChoice(Lenient):
    """Which passages, or which text, stand for `{{#context#}}`."""

    enabled: bool = False
    variable_selector: tuple[str, ...] = ()


class OutputShape(Lenient):
    """The JSON schema that an answer obeys, {} for any JSON object."""

    json_schema: dict[str, JsonValue] = Field(default_factory=dict, alias="schema")


class RetrievalChoice(Lenient):
    """How datasets are searched."""

    top_k: int = Field(default=4, ge=1, le=50)
    score_threshold: float | None = Field(default=None, ge=0, le=1)
    mode: str = "semantic"


class ChatConfig(Lenient):
    """What every node that talks to a model has."""

    model: ModelChoice
    prompt_template: tuple[PromptMessage, ...] = ()
    memory: Memory | None = None

    @field_validator("prompt_template", mode="before")
    @classmethod
    def _one_message_is_a_list(cls, value: object) -> object:
        return (value,) if isinstance(value, dict) else value

    def template(self) -> tuple[TemplateMessage, ...]:
        """Return the prompt's messages."""
        return tuple(TemplateMessage(item.role, item.text) for item in self.prompt_template)
