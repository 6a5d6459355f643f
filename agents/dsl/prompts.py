"""Apps without a graph: chat, agent-chat and completion files become the small drafts of our prompt apps."""

from collections.abc import Iterator, Mapping
from typing import Literal

from agents.dsl.graphs import features_read
from agents.dsl.matching import Matching
from agents.dsl.models import OURS, model_read, parameters_split
from agents.dsl.prompt_text import prompt_read
from agents.dsl.tools import NamedTool
from agents.dsl.values import Object, as_list, as_object, as_objects, as_text
from agents.types import JsonValue
from agents.workflow.expressions import variables_of

PromptMode = Literal["chat", "agent", "completion"]
FORM_TYPES: Mapping[str, str] = {
    "text-input": "text",
    "paragraph": "paragraph",
    "select": "select",
    "number": "number",
    "checkbox": "checkbox",
    "file": "file",
    "file-list": "file-list",
}
"""Types of inputs, as the file and as a draft name them."""
VARIABLE_KEYS = ("required", "default", "options", "max_length")
STRATEGIES: Mapping[str, str] = {"function_call": "function_calling", "react": "react"}
SEARCHES: Mapping[str, str] = {
    "semantic_search": "semantic",
    "full_text_search": "full_text",
    "hybrid_search": "hybrid",
}
INPUTS_KEPT, TOOLS_KEPT = "atelier_inputs", "atelier_tools"
"""Where an import keeps what a file says of inputs and tools besides what a draft has; no file has these keys."""
MAX_ITERATIONS, MAX_TOP_K, MAX_LABEL = 30, 20, 200


def prompt_draft(mode: PromptMode, config: Object, matching: Matching) -> tuple[Object, Object]:
    """Return the draft, and what of the file's model_config has no home in it."""
    rest = dict(config)
    draft: Object = {}
    _model(rest, draft, matching)
    variables, kept = _variables(rest, matching)
    text, examples = prompt_read(rest, matching.findings)
    opening = as_text(rest.pop("opening_statement", None))
    declared = {as_text(item["name"]) for item in variables}
    said = [as_text(example[role]) for example in examples for role in ("user", "assistant")]
    for name in dict.fromkeys(name for each in (text, opening, *said) for name in variables_of(each)):
        if name not in declared:
            # Dify leaves such a text as it stands; as the default of an input of that name it does so here too.
            variables.append({"name": name, "type": "text", "default": "{{" + name + "}}"})
            reason = f"{{{{{name}}}}} is no input of the app: it became one, which is that text unless it is filled in"
            matching.findings.remark("prompt", reason, "degraded")
    draft["prompt"], draft["variables"] = text, list(variables)
    if examples:
        draft["examples"] = list(examples)
    if kept:
        rest[INPUTS_KEPT] = kept
    draft["opening_statement"] = opening
    draft["suggested_questions"] = [as_text(item) for item in as_list(rest.pop("suggested_questions", None))]
    _search(rest, draft, matching)
    _agent(mode, rest, draft, matching)
    if "output_schema" in rest:
        draft["output_schema"] = rest.pop("output_schema")
    features_read(rest, matching)
    for tool in as_objects(rest.get("external_data_tools")):
        if tool.get("enabled", True):
            name = as_text(tool.get("variable"))
            matching.findings.remark("external_data_tools", f"{name!r} is not fetched from an API here", "unsupported")
    if as_object(rest.get("file_upload")).get("enabled"):
        matching.findings.remark("file_upload", "files go along with a question where the model reads them", "degraded")
    return draft, rest


def _model(rest: Object, draft: Object, matching: Matching) -> None:
    model = as_object(rest.pop("model", None))
    model_read(model, matching.models)
    own, ours = as_object(model.get("parameters")), {}
    if "id" in model:
        ours = {"id": model["id"], "parameters": parameters_split(own)[0]}
    draft["model"] = ours
    left = {key: value for key, value in model.items() if key not in ("id", "parameters")}
    if left:
        rest["model"] = left


def _variables(rest: Object, matching: Matching) -> tuple[list[Object], Object]:
    """Return the inputs of the draft, and by name what the file says of them besides; others stay in `rest`."""
    found: list[Object] = []
    kept: Object = {}
    outside: list[JsonValue] = []
    for kind, item in _form(rest.get("user_input_form")):
        name = as_text(item.get("variable"))
        matching.findings.add("variable", name, as_text(item.get("label")) or name)
        if kind not in FORM_TYPES or (kind == "select" and not as_list(item.get("options"))):
            reason = f"an input of the type {kind!r} is not asked for here"
            if kind == "select":
                reason = "a choice without options is not asked for here"
            matching.findings.note("variable", name, reason, "unsupported")
            outside.append({kind: item})
            continue
        ours: Object = {"name": name, "label": as_text(item.get("label"))[:MAX_LABEL], "type": FORM_TYPES[kind]}
        ours |= {key: item[key] for key in VARIABLE_KEYS if item.get(key) not in (None, "", 0, [])}
        ours["required"] = bool(item.get("required"))
        found.append(ours)
        others = {key: value for key, value in item.items() if key not in ("variable", "label", "type", *VARIABLE_KEYS)}
        if others:
            kept[name] = others
    if outside:
        rest["user_input_form"] = outside
    else:
        rest.pop("user_input_form", None)
    return found, kept


def _form(value: JsonValue) -> Iterator[tuple[str, Object]]:
    for item in as_objects(value):
        for kind, inner in item.items():
            yield kind, as_object(inner)


def _search(rest: Object, draft: Object, matching: Matching) -> None:
    configs = as_object(rest.get("dataset_configs"))
    listed = as_objects(as_object(configs.get("datasets")).get("datasets"))
    wanted = [as_object(item.get("dataset")) for item in listed]
    datasets: list[JsonValue] = []
    for item in [*wanted, *_dataset_tools(rest)]:
        dataset_id = as_text(item.get("id"))
        if dataset_id:
            found = matching.dataset(dataset_id)
            if item.get("enabled", True) and found not in datasets:
                datasets.append(found)
    draft["datasets"] = datasets
    retrieval: Object = {}
    top_k, threshold = configs.get("top_k"), configs.get("score_threshold")
    if isinstance(top_k, int) and not isinstance(top_k, bool):
        retrieval["top_k"] = min(max(top_k, 1), MAX_TOP_K)
    if configs.get("score_threshold_enabled") and isinstance(threshold, int | float) and 0 <= threshold <= 1:
        retrieval["score_threshold"] = threshold
    if configs.get("search_method") in SEARCHES:
        retrieval["mode"] = SEARCHES[as_text(configs["search_method"])]
    matching.retrieval_models(configs)
    rerank = reranks(configs)
    if rerank is not None:
        retrieval["rerank"] = rerank
    draft["retrieval"] = retrieval


def reranks(configs: Object) -> bool | None:
    """Return whether a search of the file ranks with a model; None where nothing is said."""
    enabled = configs.get("reranking_enable")
    return enabled and configs.get("reranking_mode") != "weighted_score" if isinstance(enabled, bool) else None


def _dataset_tools(rest: Object) -> list[Object]:
    """Older files list datasets among the tools of an agent."""
    tools = as_objects(as_object(rest.get("agent_mode")).get("tools"))
    return [as_object(tool["dataset"]) for tool in tools if isinstance(tool.get("dataset"), dict)]


def _agent(mode: PromptMode, rest: Object, draft: Object, matching: Matching) -> None:
    agent = as_object(rest.get("agent_mode"))
    chosen: list[JsonValue] = []
    left: list[JsonValue] = []
    kept: Object = {}
    for tool in as_objects(agent.get("tools")):
        if "dataset" in tool:
            left.append(tool)
            continue
        name = as_text(tool.get("tool_name")) or next(iter(tool), "")
        provider = as_text(tool.get("provider_id")) or as_text(tool.get("provider_name"))
        kind = as_text(tool.get("provider_type")) or "builtin"
        match = matching.tools.resolve(NamedTool(provider, name, as_text(tool.get("tool_label")), kind))
        if mode != "agent" or match is None or not tool.get("enabled") or match.name in kept:
            left.append(tool)
            continue
        is_ours = provider == OURS
        chosen.append({"name": match.name, "config": as_object(tool.get("tool_parameters")) if is_ours else {}})
        kept[match.name] = {} if is_ours else tool
    if mode != "agent":
        return
    draft["tools"] = chosen
    ours: Object = {}
    strategy = as_text(agent.get("strategy"))
    if strategy in STRATEGIES:
        ours["strategy"] = STRATEGIES[strategy]
    elif strategy:
        reason = f"the strategy {strategy!r} is not here: the agent calls functions"
        matching.findings.remark("agent_mode", reason, "degraded")
    limit = agent.get("max_iteration")
    if isinstance(limit, int) and not isinstance(limit, bool):
        ours["max_iterations"] = min(max(limit, 1), MAX_ITERATIONS)
    draft["agent"] = ours
    if agent:
        rest["agent_mode"] = {**agent, "tools": left}
    originals: Object = {name: tool for name, tool in kept.items() if tool}
    if originals:
        rest[TOOLS_KEPT] = originals
