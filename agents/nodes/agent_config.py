"""The configuration of an agent: ours, and what Dify's agent nodes say in its place."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field, model_validator
from pydantic import JsonValue as AnyJson

from agents.nodes.config import ChatConfig, Lenient
from agents.nodes.retrieval import RetrievalChoice
from agents.workflow.expressions import selectors_of
from agents.workflow.graph import Selector


class ToolChoice(Lenient):
    """One tool of the agent."""

    name: str = Field(min_length=1)
    config: dict[str, AnyJson] = Field(default_factory=dict)
    enabled: bool = True


class AgentConfig(ChatConfig):
    """The model, its prompt and memory, its tools and how it calls them.

    `query` is the template of the question; without it the memory's is asked, or what the user asks. After
    `token_budget` tokens (0: any number) only an answer is left. `must_call`: its first turn has to call a tool.
    """

    strategy: Literal["function_calling", "react"] = "function_calling"
    max_iterations: int = Field(default=5, ge=1, le=99)
    token_budget: int = Field(default=0, ge=0)
    must_call: bool = False
    tools: tuple[ToolChoice, ...] = ()
    tool_timeout_s: float = Field(default=60, gt=0, le=600)
    dataset_ids: tuple[str, ...] = ()
    multiple_retrieval_config: RetrievalChoice = Field(default_factory=RetrievalChoice)
    query: str = ""

    @model_validator(mode="before")
    @classmethod
    def _difys_parameters_count_too(cls, value: object) -> object:
        if not isinstance(value, dict) or not isinstance(value.get("agent_parameters"), dict):
            return value
        return {**_from_dify(value), **{key: item for key, item in value.items() if item is not None}}

    @property
    def question(self) -> str | None:
        """The template of what is asked; None where the prompt has a user's message that says it."""
        if self.query:
            return self.query
        if self.memory is not None:
            return self.memory.question
        return None if any(item.role == "user" for item in self.messages) else "{{#sys.query#}}"

    @property
    def chosen_tools(self) -> tuple[ToolChoice, ...]:
        """The tools that are switched on."""
        return tuple(tool for tool in self.tools if tool.enabled)

    def all_references(self) -> Iterator[Selector]:
        """Yield everything that the agent reads from the graph."""
        yield from self.common_references()
        yield from self.prompt_references()
        yield from selectors_of(self.question or "")


def _from_dify(node: Mapping[str, object]) -> dict[str, object]:
    """Return what the parameters of Dify's agent strategies say, in our words."""
    given = node["agent_parameters"]
    assert isinstance(given, dict), "the caller looked"
    said = {name: _value(item) for name, item in given.items()}
    found: dict[str, object] = {}
    if isinstance(said.get("model"), dict):
        found["model"] = said["model"]
    if instruction := said.get("instruction"):
        found["prompt_template"] = [{"role": "system", "text": str(instruction)}]
    if query := said.get("query"):
        found["query"] = str(query)
    if isinstance(tools := said.get("tools"), list):
        found["tools"] = [_tool(item) for item in tools if isinstance(item, dict)]
    most = said.get("maximum_iterations", said.get("max_iterations"))
    if most not in (None, ""):
        found["max_iterations"] = most
    if str(node.get("agent_strategy_name", "")).casefold() == "react":
        found["strategy"] = "react"
    return found


def _value(parameter: object) -> object:
    """Return a parameter's value; a variable is written as the reference that it is."""
    if not isinstance(parameter, dict) or "value" not in parameter:
        return parameter
    value = parameter["value"]
    if parameter.get("type") == "variable" and isinstance(value, list):
        return "{{#" + ".".join(str(part) for part in value) + "#}}"
    return value


def _tool(item: Mapping[str, object]) -> dict[str, object]:
    """Return a tool of Dify's list; what its author has set is its configuration."""
    settings = item.get("settings")
    config = {name: _value(value) for name, value in settings.items()} if isinstance(settings, dict) else {}
    return {"name": item.get("tool_name") or "", "config": config, "enabled": item.get("enabled") is not False}
