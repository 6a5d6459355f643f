"""Agent nodes: Dify's strategy parameters on one side, our prompt, tools and limits on the other."""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.dsl.matching import Matching
from agents.dsl.models import OURS, model_read, model_write
from agents.dsl.tools import NamedTool
from agents.dsl.values import Object, as_list, as_object, as_objects, as_text
from agents.types import JsonValue

STRATEGY_PROVIDER = "langgenius/agent/agent"
STRATEGY_KEYS = ("agent_strategy_provider_name", "agent_strategy_name", "agent_strategy_label")
NO_QUERY: Mapping[str, JsonValue] = {"type": "variable", "value": ["sys", "query"]}
"""How a file says that the question is what the user asks, where the agent itself says nothing."""
MAX_ITERATIONS = 99


@dataclass(frozen=True, slots=True)
class StrategyName:
    """A strategy in Dify's words."""

    name: str
    label: str


STRATEGIES: Mapping[str, StrategyName] = {
    "function_calling": StrategyName("function_calling", "FunctionCalling"),
    "react": StrategyName("ReAct", "ReAct"),
}


def agent_read(node_id: str, data: Object, matching: Matching) -> None:
    """Turn a strategy's parameters into our keys, in place; what has no home stays among the parameters."""
    if "agent_strategy_name" not in data and "agent_parameters" not in data:
        model_read(
            as_object(data.get("model")), matching.models
        )  # one of ours, or Dify's newest, which has another form
        return
    parameters = as_object(data.get("agent_parameters"))
    strategy, provider = _strategy(data), as_text(data.get("agent_strategy_provider_name"))
    name = as_text(data.get("agent_strategy_name"))
    if provider == STRATEGY_PROVIDER and name == STRATEGIES[strategy].name:
        for key in STRATEGY_KEYS:
            data.pop(key, None)
    else:
        reason = f"the strategy {name!r} of {provider!r} is not here: it runs by {strategy}, without what else that did"
        matching.findings.note("node", node_id, reason, "degraded", strategy)
    data["strategy"] = strategy
    _read_model(data, parameters, matching)
    _name_models(parameters, matching)
    _read_prompt(data, parameters)
    _read_limit(data, parameters)
    _read_tools(node_id, data, parameters, matching)
    if parameters:
        data["agent_parameters"] = parameters
    else:
        data.pop("agent_parameters", None)


def agent_write(data: Object) -> Object:
    """Return the data of an agent node as a file has it; the inverse of `agent_read`."""
    if data.get("strategy") not in STRATEGIES or not isinstance(data.get("model"), dict):
        return data
    written = dict(data)
    ours = as_text(written.pop("strategy"))
    if _strategy(written) != ours:
        written = {key: value for key, value in written.items() if key not in STRATEGY_KEYS}
    strategy = STRATEGIES[ours]
    own: Object = {
        "agent_strategy_provider_name": STRATEGY_PROVIDER,
        "agent_strategy_name": strategy.name,
        "agent_strategy_label": strategy.label,
    }
    parameters = dict(as_object(written.pop("agent_parameters", None)))
    model = model_write(as_object(written.pop("model")))
    value: Object = {"type": "model-selector", "model_type": "llm", "model": model.pop("name"), **model}
    parameters["model"] = _constant(value)
    _write_prompt(written, parameters)
    if "max_iterations" in written:
        parameters["maximum_iterations"] = _constant(written.pop("max_iterations"))
    tools: list[JsonValue] = [_tool_written(tool) for tool in as_objects(written.pop("tools", None))]
    if tools or "tools" in data:
        parameters["tools"] = _constant([*as_list(_value(parameters, "tools")), *tools])
    named = {} if "agent_strategy_name" in written else own
    return {**named, **written, "agent_parameters": parameters}


def _constant(value: JsonValue) -> Object:
    return {"type": "constant", "value": value}


def _strategy(data: Object) -> str:
    """Return our name of the strategy; any but ReAct calls functions."""
    return "react" if as_text(data.get("agent_strategy_name")).lower() == "react" else "function_calling"


def _value(parameters: Object, name: str) -> JsonValue:
    """Return what a parameter holds, a reference as a template."""
    found = as_object(parameters.get(name))
    value = found.get("value")
    if found.get("type") == "variable" and isinstance(value, list):
        return "{{#" + ".".join(as_text(part) for part in value) + "#}}"
    return value


def _name_models(parameters: Object, matching: Matching) -> None:
    for name in parameters:
        value = _value(parameters, name)
        if isinstance(value, dict) and value.get("type") == "model-selector":
            matching.name_model(value)


def _read_model(data: Object, parameters: Object, matching: Matching) -> None:
    value = _value(parameters, "model")
    if not isinstance(value, dict):
        return
    parameters.pop("model")
    model: Object = {"name" if key == "model" else key: item for key, item in value.items()}
    for key, standard in (("type", "model-selector"), ("model_type", "llm")):
        if model.get(key) == standard:
            model.pop(key)
    data["model"] = model
    model_read(model, matching.models)


def _read_prompt(data: Object, parameters: Object) -> None:
    """The instruction is the system's message, unless one of ours brought its whole prompt along."""
    instruction, query = _value(parameters, "instruction"), _value(parameters, "query")
    if isinstance(instruction, str):
        parameters.pop("instruction")
        data.setdefault("prompt_template", [_system(instruction)])
    if isinstance(query, str):
        given = as_object(parameters.pop("query"))
        if given != NO_QUERY:
            data["query"] = query


def _write_prompt(written: Object, parameters: Object) -> None:
    messages = as_objects(written.get("prompt_template"))
    system = next((as_text(item.get("text")) for item in messages if item.get("role", "system") == "system"), "")
    if "prompt_template" in written:
        parameters["instruction"] = _constant(system)
        if written["prompt_template"] == [_system(system)]:
            written.pop("prompt_template")
    parameters["query"] = _constant(written.pop("query")) if written.get("query") else dict(NO_QUERY)


def _system(text: str) -> Object:
    return {"role": "system", "text": text}


def _read_limit(data: Object, parameters: Object) -> None:
    limit = _value(parameters, "maximum_iterations")
    if isinstance(limit, str) and limit.strip().isdigit():
        limit = int(limit)
    if isinstance(limit, int | float) and not isinstance(limit, bool):
        parameters.pop("maximum_iterations")
        data["max_iterations"] = min(max(int(limit), 1), MAX_ITERATIONS)


def _read_tools(node_id: str, data: Object, parameters: Object, matching: Matching) -> None:
    if "tools" not in parameters:
        return
    listed = as_objects(_value(parameters, "tools"))
    ours, left = _tools(listed, matching)
    if any(tool.get("enabled", True) for tool in left):
        reason = "it goes without the tools that are not here; the lines on tools name them"
        matching.findings.note("node", node_id, reason, "degraded")
    data["tools"] = ours
    if left:
        parameters["tools"] = _constant(list(left))
    else:
        parameters.pop("tools")


def _tools(listed: list[Object], matching: Matching) -> tuple[list[JsonValue], list[Object]]:
    """Return the tools as our agent takes them, with what Dify says of them besides, and those that stay outside."""
    ours: list[JsonValue] = []
    left: list[Object] = []
    for tool in listed:
        provider = as_text(tool.get("provider_name")) or as_text(tool.get("provider_id"))
        title, kind = as_text(tool.get("tool_label")), as_text(tool.get("type")) or "builtin"
        named = NamedTool(provider, as_text(tool.get("tool_name")), title, kind)
        match = matching.tools.resolve(named)
        if match is None or not tool.get("enabled", True):
            left.append(tool)
            continue
        if provider == OURS:
            ours.append({"name": named.name, **({"config": tool["settings"]} if "settings" in tool else {})})
        else:
            ours.append({"name": match.name, "config": match.config(_settings(tool)), **tool})
    return ours, left


def _settings(tool: Object) -> Object:
    """Return what an author has set of a tool: its settings, and parameters that the model does not choose."""
    found: Object = {}
    for key in ("parameters", "settings"):
        for name, value in as_object(tool.get(key)).items():
            if not isinstance(value, dict):
                found[name] = value
            elif not value.get("auto"):
                found[name] = value.get("value")
    return found


def _tool_written(tool: Object) -> Object:
    if "tool_name" in tool:
        return {key: value for key, value in tool.items() if key not in ("name", "config")}
    name = as_text(tool.get("name"))
    written: Object = {"type": "builtin", "provider_name": OURS, "tool_name": name, "enabled": True}
    return {**written, **({"settings": tool["config"]} if "config" in tool else {})}
