"""The draft of an application as it crosses the wire: shape, ranges and defaults. Knows no database."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationError, model_validator

from agents.errors import UnknownVariable
from agents.workflow.expressions import check_template
from backend.apps.inputs import Shape, Variable, variable_value
from backend.common.errors import Invalid

EMBEDDED_CHAT_MODEL = "smollm2-135m-instruct"
MAX_PROMPT_CHARS = 200_000
MAX_VARIABLES = 50
MAX_EXAMPLES, MAX_EXAMPLE_CHARS = 50, 20_000


class Parameters(Shape):
    """How the model chooses tokens; what is null is left to the model server."""

    temperature: float = Field(default=0.7, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    top_k: int | None = Field(default=None, ge=0, le=1_000)
    min_p: float | None = Field(default=None, ge=0, le=1)
    presence_penalty: float = Field(default=0.0, ge=-2, le=2)
    frequency_penalty: float = Field(default=0.0, ge=-2, le=2)
    repeat_penalty: float | None = Field(default=None, gt=0, le=2)
    seed: int | None = Field(default=None, ge=0, le=2**32 - 1)
    stop: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(default=[], max_length=8)


class ModelChoice(Shape):
    """Which model answers, and how; `fallback` answers when it fails before its first word, none if empty."""

    id: str = Field(default=EMBEDDED_CHAT_MODEL, min_length=1, max_length=300)
    fallback: str = Field(default="", max_length=300)
    parameters: Parameters = Parameters()


class Retrieval(Shape):
    """How passages are found in the datasets."""

    mode: Literal["semantic", "full_text", "hybrid"] = "semantic"
    top_k: int = Field(default=4, ge=1, le=20)
    score_threshold: float | None = Field(default=None, ge=0, le=1)
    rerank: bool | None = False


class ToolChoice(Shape):
    """A tool that the agent may call."""

    name: str = Field(min_length=1, max_length=100)
    config: dict[str, JsonValue] = {}


class AgentChoice(Shape):
    """How an agent decides, and how often."""

    strategy: Literal["function_calling", "react"] = "function_calling"
    max_iterations: int = Field(default=5, ge=1, le=30)


class Example(Shape):
    """A question and the answer that it should get: the model sees it before the conversation."""

    user: str = Field(default="", max_length=MAX_EXAMPLE_CHARS)
    assistant: str = Field(default="", max_length=MAX_EXAMPLE_CHARS)


class Draft(Shape):
    """Everything that a published version fixes."""

    model: ModelChoice = ModelChoice()
    prompt: str = Field(default="", max_length=MAX_PROMPT_CHARS)
    examples: list[Example] = Field(default=[], max_length=MAX_EXAMPLES)
    variables: list[Variable] = Field(default=[], max_length=MAX_VARIABLES)
    datasets: list[str] = Field(default=[], max_length=20)
    retrieval: Retrieval = Retrieval()
    tools: list[ToolChoice] = Field(default=[], max_length=30)
    agent: AgentChoice = AgentChoice()
    opening_statement: str = Field(default="", max_length=10_000)
    suggested_questions: list[Annotated[str, Field(max_length=500)]] = Field(default=[], max_length=20)
    output_schema: dict[str, JsonValue] | None = None

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Draft":
        names = [variable.name for variable in self.variables]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"variables share the names {twice!r}: give each its own")
        return self

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that is stored and served: every key is there."""
        return self.model_dump(mode="json")


def draft_parse(data: Mapping[str, object]) -> Draft:
    """Return the draft in `data`; raises `Invalid` with every wrong field, `unknown_variable` for its templates."""
    draft = _shape(data)
    names = [variable.name for variable in draft.variables]
    for field, template in _templates(draft):
        try:
            check_template(template, names)
        except UnknownVariable as error:
            raise Invalid(f"{field}: {error}", code="unknown_variable", fields={field: [str(error)]}) from error
    for index, variable in enumerate(draft.variables):
        if variable.default not in (None, ""):
            _check_default(index, variable)
    return draft


def _templates(draft: Draft) -> Iterator[tuple[str, str]]:
    """Yield every text that may name variables, with its path."""
    yield "prompt", draft.prompt
    yield "opening_statement", draft.opening_statement
    for index, example in enumerate(draft.examples):
        yield f"examples.{index}.user", example.user
        yield f"examples.{index}.assistant", example.assistant


def _shape(data: Mapping[str, object]) -> Draft:
    try:
        return Draft.model_validate(data)
    except ValidationError as error:
        fields = fields_of(error)
        path, messages = next(iter(fields.items()))
        raise Invalid(f"{path}: {messages[0]}", fields=fields) from error


def fields_of(error: ValidationError) -> dict[str, list[str]]:
    """Return pydantic's errors as `{"path.to.field": ["message"]}`."""
    fields: dict[str, list[str]] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = "this key is unknown: remove it or correct its name"
        where = item["loc"]
        if item["type"] == "recursion_depth_exceeded":
            where, message = where[:1], "this is nested too deeply: keep it to a few dozen levels"
        fields.setdefault(".".join(map(str, where)) or "body", []).append(message)
    return fields


def _check_default(index: int, variable: Variable) -> None:
    try:
        variable_value(variable, variable.default)
    except ValueError as error:
        field = f"variables.{index}.default"
        raise Invalid(f"{field}: {error}", fields={field: [str(error)]}) from error


CHAT_PROMPT = "You are a helpful assistant. Answer briefly and in plain words. Say so when you do not know."


def draft_default(mode: str) -> Draft:
    """Return the draft of a new application: usable at once, with settings that suit the small embedded model."""
    model = ModelChoice(parameters=Parameters(temperature=0.2, max_tokens=512))
    if mode == "completion":
        query = Variable(name="query", label="Text", type="paragraph", required=True)
        return Draft(model=model, prompt="{{query}}", variables=[query])
    if mode == "agent":
        tools = [ToolChoice(name="calculator"), ToolChoice(name="current_time")]
        prompt = "You are a helpful assistant. Use a tool when it gives a better answer than your memory."
        return Draft(model=model, prompt=prompt, tools=tools, agent=AgentChoice(strategy="function_calling"))
    return Draft(model=model, prompt=CHAT_PROMPT)
