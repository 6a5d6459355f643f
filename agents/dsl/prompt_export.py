"""The model_config of an app without a graph: its draft, over what the file that it came from had besides."""

from collections.abc import Mapping

from agents.dsl.models import OURS, model_write
from agents.dsl.prompts import FORM_TYPES, INPUTS_KEPT, SEARCHES, STRATEGIES, TOOLS_KEPT, VARIABLE_KEYS, reranks
from agents.dsl.values import Object, as_list, as_object, as_objects, as_text
from agents.types import JsonValue

THEIR_FORM_TYPES: Mapping[str, str] = {ours: theirs for theirs, ours in FORM_TYPES.items()}
THEIR_STRATEGIES: Mapping[str, str] = {ours: theirs for theirs, ours in STRATEGIES.items()}
THEIR_SEARCHES: Mapping[str, str] = {ours: theirs for theirs, ours in SEARCHES.items()}


def prompt_config(mode: str, draft: Object, rest: Object) -> Object:
    """Return the model_config; what only our import kept aside goes back into inputs and tools."""
    kept_inputs, kept_tools = as_object(rest.pop(INPUTS_KEPT, None)), as_object(rest.pop(TOOLS_KEPT, None))
    outside = as_list(rest.pop("user_input_form", None))
    form: list[JsonValue] = [_input(item, kept_inputs) for item in as_objects(draft.get("variables"))]
    config: Object = {
        "model": model_write({**as_object(rest.pop("model", None)), **_without_nulls(as_object(draft.get("model")))}),
        "prompt_type": "simple",
        "pre_prompt": as_text(draft.get("prompt")),
        "user_input_form": [*form, *outside],
        "opening_statement": as_text(draft.get("opening_statement")),
        "suggested_questions": as_list(draft.get("suggested_questions")),
        "agent_mode": _agent(mode, draft, as_object(rest.pop("agent_mode", None)), kept_tools),
        "dataset_configs": _search(draft, as_object(rest.pop("dataset_configs", None))),
    }
    if draft.get("examples"):
        config["examples"] = draft["examples"]
    if draft.get("output_schema") is not None:
        config["output_schema"] = draft["output_schema"]
    return {**config, **rest}


def _without_nulls(model: Object) -> Object:
    """What is null is left to the model server, and Dify knows no null here."""
    parameters = as_object(model.get("parameters"))
    return {**model, "parameters": {key: value for key, value in parameters.items() if value is not None}}


def _input(item: Object, kept: Object) -> JsonValue:
    name = as_text(item.get("name"))
    written: Object = {"variable": name, "label": as_text(item.get("label")) or name}
    written |= {key: item[key] for key in VARIABLE_KEYS if item.get(key) not in (None, [])}
    return {THEIR_FORM_TYPES[as_text(item.get("type")) or "text"]: {**written, **as_object(kept.get(name))}}


def _agent(mode: str, draft: Object, rest: Object, kept: Object) -> Object:
    ours = as_object(draft.get("agent"))
    if mode != "agent":
        return rest or {"enabled": False, "max_iteration": 5, "strategy": "function_call", "tools": []}
    tools: list[JsonValue] = []
    for tool in as_objects(draft.get("tools")):
        name = as_text(tool.get("name"))
        tools.append(as_object(kept.get(name)) or _tool(name, as_object(tool.get("config"))))
    return {
        **rest,
        "enabled": True,
        "strategy": THEIR_STRATEGIES[as_text(ours.get("strategy")) or "function_calling"],
        "max_iteration": ours.get("max_iterations", 5),
        "tools": [*tools, *as_list(rest.get("tools"))],
    }


def _tool(name: str, config: Object) -> Object:
    return {
        "enabled": True,
        "provider_type": "builtin",
        "provider_id": OURS,
        "provider_name": OURS,
        "tool_name": name,
        "tool_label": name,
        "tool_parameters": config,
    }


def _listed(configs: Object) -> list[Object]:
    return as_objects(as_object(configs.get("datasets")).get("datasets"))


def _search(draft: Object, rest: Object) -> Object:
    how = as_object(draft.get("retrieval"))
    written: Object = {"retrieval_model": "multiple", **rest}
    chosen = [as_text(item) for item in as_list(draft.get("datasets"))]
    off = [item for item in _listed(rest) if not as_object(item.get("dataset")).get("enabled", True)]
    on: list[JsonValue] = [{"dataset": {"id": item, "enabled": True}} for item in chosen]
    written["datasets"] = {**as_object(rest.get("datasets")), "datasets": [*on, *off]}
    if "top_k" in how:
        written["top_k"] = how["top_k"]
    written["score_threshold_enabled"] = how.get("score_threshold") is not None
    if how.get("score_threshold") is not None:
        written["score_threshold"] = how["score_threshold"]
    if how.get("mode") in THEIR_SEARCHES:
        written["search_method"] = THEIR_SEARCHES[as_text(how["mode"])]
    if isinstance(how.get("rerank"), bool) and how["rerank"] != reranks(rest):
        written["reranking_enable"], written["reranking_mode"] = how["rerank"], "reranking_model"
    return written
