"""Files that we write: Dify's shape, no secrets, and the same app when they are read again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.dsl.document import document_read
from agents.dsl.exporting import Exported, export_app, to_yaml
from agents.dsl.importing import Imported, Mode, import_app
from agents.dsl.surroundings import Choices
from agents.types import JsonObject, JsonValue
from tests.agents.dsl.files import (
    ALONE,
    EQUIPPED,
    Object,
    at,
    data_of,
    graph_file,
    imported,
    list_at,
    llm,
    node,
    object_at,
    start,
)


def written(found: Imported) -> Object:
    return export_app(Exported(found.name, found.mode, found.description, found.icon, found.draft, found.extras))


def again(found: Imported) -> Imported:
    return import_app(document_read(to_yaml(written(found))), EQUIPPED)


def draft_of(mode: Mode, draft: JsonObject) -> tuple[JsonObject, JsonObject]:
    """Return what is written for a draft, and the draft that comes back."""
    file = export_app(Exported("Made here", mode, "", "", draft, {}))
    return file, import_app(document_read(to_yaml(file)), EQUIPPED).draft


def data_written(file: JsonObject, node_id: str) -> Object:
    [data] = [
        object_at(item, "data") for item in list_at(file, "workflow", "graph", "nodes") if at(item, "id") == node_id
    ]
    return data


def graph_draft(*nodes: Object, **more: JsonValue) -> Object:
    return {
        "graph": {"nodes": list(nodes), "edges": [], "viewport": None},
        "features": {"opening_statement": "", "suggested_questions": []},
        "environment_variables": [],
        "conversation_variables": [],
        **more,
    }


def ours(node_id: str, kind: str, **data: JsonValue) -> Object:
    return {"id": node_id, "type": "custom", "data": {"type": kind, "title": node_id, **data}}


MODEL: Object = {"id": "lab/gpt-4o", "parameters": {"temperature": 0.2, "max_tokens": 512}}


def test_a_file_says_what_it_is() -> None:
    file, _ = draft_of("chatflow", graph_draft(ours("start", "start", variables=[])))
    assert (file["version"], file["kind"], file["dependencies"]) == ("0.6.0", "app", [])
    assert file["app"] == {
        "name": "Made here",
        "mode": "advanced-chat",
        "description": "",
        "icon": "🤖",
        "icon_background": "#FFEAD5",
    }


def test_a_model_of_ours_is_named_in_difys_words_and_comes_back() -> None:
    draft = graph_draft(
        ours("llm", "llm", model=MODEL, prompt_template=[]), ours("bare", "llm", model={"id": "tiny-chat"})
    )
    file, back = draft_of("workflow", draft)
    assert data_written(file, "llm")["model"] == {
        "provider": "atelier",
        "name": "lab/gpt-4o",
        "mode": "chat",
        "completion_params": {"temperature": 0.2, "max_tokens": 512},
    }
    assert back == draft


AGENTS: list[Object] = [
    {"model": MODEL, "strategy": "react", "max_iterations": 4, "tools": [{"name": "calculator", "config": {}}]},
    {"model": MODEL, "strategy": "function_calling", "prompt_template": [{"role": "system", "text": ""}], "tools": []},
    {
        "model": MODEL,
        "strategy": "function_calling",
        "prompt_template": [{"role": "system", "text": "a"}, {"role": "user", "text": "b"}],
        "query": "{{#start.name#}}",
        "memory": {"window": {"enabled": True, "size": 3}},
        "tool_timeout_s": 9,
        "dataset_ids": ["d-1"],
    },
    {"model": MODEL, "strategy": "function_calling", "query": "{{#sys.query#}}", "tools": [{"name": "chart"}]},
    {"model": MODEL},
]


@pytest.mark.parametrize("data", AGENTS)
def test_an_agent_of_ours_is_a_strategy_with_parameters_and_comes_back(data: Object) -> None:
    draft = graph_draft(ours("agent", "agent", **data))
    file, back = draft_of("chatflow", draft)
    assert back == draft
    if "strategy" in data:
        given = data_written(file, "agent")
        assert given["agent_strategy_provider_name"] == "langgenius/agent/agent"
        parameters = given["agent_parameters"]
        assert isinstance(parameters, dict) and {"model", "query"} <= set(parameters)


def test_an_agent_of_dify_keeps_what_is_not_translated() -> None:
    parameters: Object = {
        "model": {
            "type": "constant",
            "value": {"provider": "p", "model": "m", "mode": "chat", "type": "model-selector", "model_type": "llm"},
        },
        "instruction": {"type": "constant", "value": "Be kind."},
        "query": {"type": "constant", "value": "{{#sys.query#}}"},
        "maximum_iterations": {"type": "constant", "value": 3},
        "storage_key": {"type": "constant", "value": "x"},
        "tools": {
            "type": "constant",
            "value": [
                {"enabled": True, "provider_name": "time", "tool_name": "current_time", "settings": {}},
                {"enabled": True, "provider_name": "acme", "tool_name": "fetch"},
                {"enabled": False, "provider_name": "time", "tool_name": "weekday"},
            ],
        },
    }
    data: Object = {
        "agent_strategy_provider_name": "acme/agent",
        "agent_strategy_name": "ReAct",
        "agent_parameters": parameters,
    }
    found = imported(graph_file([start(), node("agent", "agent", "", **data)], mode="advanced-chat"), EQUIPPED)
    read = data_of(found, "agent")
    assert (read["strategy"], read["max_iterations"], read["query"]) == ("react", 3, "{{#sys.query#}}")
    assert read["prompt_template"] == [{"role": "system", "text": "Be kind."}]
    assert [at(tool, "name") for tool in list_at(read, "tools")] == ["current_time"]
    lines = {(item.kind, item.id): item for item in found.report.lines}
    assert lines["node", "agent"].outcome == "degraded"
    assert "it goes without the tools that are not here" in lines["node", "agent"].reason
    assert lines["tool", "acme/fetch"].outcome == "unsupported"
    assert lines["tool", "time/weekday"].outcome == "mapped"
    assert again(found).draft == found.draft
    back = data_written(written(found), "agent")["agent_parameters"]
    assert isinstance(back, dict)
    assert {**back, "tools": 0, "model": 0} == {**parameters, "tools": 0, "model": 0}
    names = sorted(str(at(tool, "tool_name")) for tool in list_at(back, "tools", "value"))
    assert names == ["current_time", "fetch", "weekday"]


def test_an_agent_that_changes_its_strategy_says_so_in_the_file() -> None:
    draft = graph_draft(ours("agent", "agent", model=MODEL, strategy="react", agent_strategy_name="TOD"))
    assert data_written(draft_of("chatflow", draft)[0], "agent")["agent_strategy_name"] == "ReAct"


def test_a_call_of_a_workflow_is_a_tool_in_the_file_and_comes_back() -> None:
    inputs: Object = {"text": {"type": "variable", "value": ["start", "name"]}}
    draft = graph_draft(ours("call", "workflow", app_id="a-1", version=2, inputs=inputs))
    graph = draft["graph"]
    assert isinstance(graph, dict)
    graph["edges"] = [{"source": "start", "target": "call", "data": {"sourceType": "start", "targetType": "workflow"}}]
    graph["nodes"] = [ours("start", "start", variables=[]), *list_at(graph, "nodes")]
    file, back = draft_of("workflow", draft)
    given = data_written(file, "call")
    assert (given["type"], given["provider_type"], given["provider_id"]) == ("tool", "workflow", "a-1")
    assert given["tool_parameters"] == inputs
    assert at(file, "workflow", "graph", "edges", 0, "data", "targetType") == "tool"
    assert back == draft


def test_secrets_and_what_belongs_to_the_workspace_stay_here() -> None:
    draft = graph_draft(
        ours("tool", "tool", tool_name="calculator", credential_id="c-1", provider_type="builtin"),
        ours("hook", "trigger-webhook", webhook_url="https://example.org/hook", method="post"),
        environment_variables=[
            {"name": "key", "value_type": "secret", "value": "s3cr3t"},
            {"name": "plain", "value_type": "string", "value": "shown"},
        ],
    )
    text = to_yaml(draft_of("workflow", draft)[0])
    assert "shown" in text
    for hidden in ("s3cr3t", "c-1", "example.org/hook"):
        assert hidden not in text


def test_unknown_keys_go_back_where_they_stood() -> None:
    file = graph_file([{**start(), "odd": 1}, llm("llm", odd={"a": [1]})], ["start > llm"])
    file |= {"new_top": {"k": 1}, "dependencies": [{"type": "package", "value": {}}]}
    object_at(file, "app")["new_app"] = True
    object_at(file, "workflow")["new_workflow"] = [1]
    object_at(file, "workflow", "graph")["new_graph"] = "g"
    object_at(file, "workflow", "graph", "edges", 0)["new_edge"] = 2
    back = written(imported(file))
    assert back["new_top"] == {"k": 1} and back["dependencies"] == file["dependencies"]
    assert at(back, "app", "new_app") is True
    workflow = back["workflow"]
    assert isinstance(workflow, dict) and workflow["new_workflow"] == [1]
    assert at(workflow, "graph", "new_graph") == "g"
    assert at(workflow, "graph", "edges", 0, "new_edge") == 2
    assert at(workflow, "graph", "nodes", 0, "odd") == 1
    assert data_written(back, "llm")["odd"] == {"a": [1]}


def test_a_chosen_model_stays_chosen_when_the_file_comes_back() -> None:
    file = graph_file([start(), llm(name="else")], ["start > llm"])
    found = imported(file, EQUIPPED, Choices(models={"openai/else": "tiny-chat"}))
    assert again(found).draft == found.draft
    assert import_app(written(found), ALONE).draft == found.draft, "the id is known there too"


def test_a_picture_stays_the_icon_until_another_is_chosen() -> None:
    file = graph_file([start()])
    file["app"] = {"name": "x", "mode": "workflow", "icon": "file-1", "icon_type": "image"}
    found = imported(file)
    assert at(written(found), "app", "icon") == "file-1"
    changed = Exported(found.name, found.mode, found.description, "🦊", found.draft, found.extras)
    app = export_app(changed)["app"]
    assert isinstance(app, dict) and app["icon"] == "🦊" and "icon_type" not in app


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read_as_the_same(value: Object) -> None:
    assert document_read(to_yaml(value)) == value


@given(st.dictionaries(st.sampled_from(["odd", "note", "x-y"]), VALUES, max_size=3), TEXT)
@settings(max_examples=50, deadline=None)
def test_a_node_comes_back_with_whatever_it_has(extra: Object, title: str) -> None:
    draft = graph_draft(ours("llm", "llm", **{"model": MODEL, **extra, "title": title}))
    assert draft_of("workflow", draft)[1] == draft
