"""What becomes of the parts of a file: mapped, degraded or unsupported, each with its line."""

import pytest

from agents.dsl.importing import import_app
from agents.dsl.surroundings import Choices
from agents.errors import InvalidDocument, InvalidInput
from agents.types import JsonValue
from tests.agents.dsl.files import (
    ALONE,
    BOUGHT,
    EMBEDDED,
    EQUIPPED,
    Object,
    at,
    data_of,
    end,
    graph_file,
    imported,
    line,
    llm,
    node,
    object_at,
    prompt_file,
    start,
)


def text(*selector: str) -> list[JsonValue]:
    return list(selector)


def hello(**more: JsonValue) -> Object:
    file = graph_file([start("name"), llm(), end(text=text("llm", "text"))], ["start > llm", "llm > end"])
    object_at(file, "workflow").update(more)
    return file


def remarks(file: Object) -> list[tuple[str, str]]:
    return [(item.subject, item.text) for item in import_app(file, ALONE).report.remarks]


@pytest.mark.parametrize("version", ["0.1.0", "0.1.5", "0.2.0", "0.3.0", "0.4.0", "0.5.0", "0.6.0"])
def test_every_version_up_to_the_newest_is_read_without_a_word(version: str) -> None:
    assert remarks({**hello(), "version": version}) == []


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (0.1, "the version '0.1' is not a text, which Dify refuses"),
        (1, "the version '1' is not a text"),
        (None, "names no version: it is read as 0.1.0"),
        ("0.7.0", "the version 0.7.0 is newer than 0.6.0"),
        ("1.0", "the version 1.0 is newer"),
        ("new", "the version 'new' is not like 0.6.0"),
    ],
)
def test_a_strange_version_is_read_and_remarked(version: JsonValue, said: str) -> None:
    file = {**hello(), "version": version}
    [(subject, remark), *_] = remarks(file)
    assert subject == "version" and said in remark
    assert len(imported(file).report.lines) == 5


def test_a_file_without_version_and_kind_is_an_app() -> None:
    file = hello()
    del file["version"], file["kind"]
    assert imported(file).mode == "workflow"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ({"version": "0.6.0"}, "no object 'app'"),
        ({"kind": "rag_pipeline", "rag_pipeline": {}}, "a knowledge pipeline: only apps"),
        ({"app": {"mode": "agent", "name": "x"}}, "apps of mode 'agent' cannot be imported"),
        ({"app": {"mode": ["x"]}}, "apps of mode '' cannot be imported"),
        ({"app": {"mode": "workflow"}}, "no object 'workflow'"),
        ({"app": {"mode": "chat"}}, "no object 'model_config'"),
        ({"app": {"mode": "workflow"}, "workflow": {"graph": {"nodes": {}}}}, "graph.nodes must be a list of objects"),
        ({"app": {"mode": "workflow"}, "workflow": {"graph": {"edges": [1]}}}, "graph.edges must be a list of objects"),
        ({"app": {"mode": "workflow"}, "workflow": {"graph": {"nodes": [{"id": "a"}]}}}, "nodes.0 must have an id and"),
    ],
)
def test_what_is_no_app_is_refused(file: Object, message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        imported(file)


def test_there_is_one_line_for_each_node_model_tool_dataset_and_variable() -> None:
    secret: Object = {"name": "key", "value_type": "secret", "value": ""}
    kept: Object = {"name": "seen", "value_type": "array[string]", "value": []}
    nodes: list[Object] = [
        start("name", "topic"),
        llm("one"),
        llm("two"),
        llm("three", "other"),
        node("find", "knowledge-retrieval", dataset_ids=["d-1", "d-2"], query_variable_selector=["start", "name"]),
        node("clock", "tool", provider_id="time", tool_name="current_time", tool_parameters={}),
        node("again", "tool", provider_id="time", tool_name="current_time", tool_parameters={}),
        {"id": "memo", "type": "custom-note", "data": {"type": "", "text": "{}"}},
    ]
    file = graph_file(nodes, environment_variables=[secret], conversation_variables=[kept])
    lines = [(item.kind, item.id) for item in imported(file).report.lines]
    assert sorted(lines) == sorted(
        [("node", str(item["id"])) for item in nodes]
        + [("model", "openai/gpt-4o"), ("model", "openai/other"), ("tool", "time/current_time")]
        + [("dataset", "d-1"), ("dataset", "d-2")]
        + [("variable", "start.name"), ("variable", "start.topic")]
        + [("variable", "env.key"), ("variable", "conversation.seen")]
    )


def test_a_model_of_the_same_name_is_taken() -> None:
    found = imported(hello(), EQUIPPED)
    assert line(found, "model", "openai/gpt-4o").outcome == "mapped"
    assert line(found, "model", "openai/gpt-4o").proposal == BOUGHT.id
    model = data_of(found, "llm")["model"]
    assert model == {
        "provider": "openai",
        "name": "gpt-4o",
        "mode": "chat",
        "id": BOUGHT.id,
        "parameters": {"temperature": 0.7},
    }


def test_the_embedded_model_stands_in_and_says_so() -> None:
    found = imported(hello())
    told = line(found, "model", "openai/gpt-4o")
    assert (told.outcome, told.proposal) == ("degraded", EMBEDDED.id)
    assert "small embedded model stands in: add a provider" in told.reason


def test_another_model_stands_in_as_the_default() -> None:
    found = imported(graph_file([start(), llm(name="else")], ["start > llm"]), EQUIPPED)
    told = line(found, "model", "openai/else")
    assert (told.outcome, told.proposal) == ("degraded", BOUGHT.id)
    assert "its default model stands in" in told.reason


@pytest.mark.parametrize("key", ["langgenius/openai/openai/else", "openai/else", "else"])
def test_a_chosen_model_stands_for_the_named_one(key: str) -> None:
    file = graph_file([start(), llm(name="else", provider="langgenius/openai/openai")], ["start > llm"])
    found = imported(file, EQUIPPED, Choices(models={key: BOUGHT.id}))
    told = line(found, "model", "langgenius/openai/openai/else")
    assert (told.outcome, told.reason, told.proposal) == ("mapped", "as chosen", BOUGHT.id)
    assert at(data_of(found, "llm"), "model", "id") == BOUGHT.id


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (Choices(models={"openai/gpt-4o": "gone"}), "mapping.models.openai/gpt-4o: there is no 'gone'; choose from"),
        (Choices(datasets={"d": "gone"}), "mapping.datasets.d: there is no 'gone'; choose from d-1"),
        (Choices(tools={"t": "gone"}), "mapping.tools.t: there is no 'gone'; choose from .*calculator"),
        (Choices(apps={"a": "gone"}), "mapping.apps.a: there is no 'gone'; choose from a-1"),
    ],
)
def test_what_is_not_there_cannot_be_chosen(choices: Choices, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        imported(hello(), EQUIPPED, choices)


def test_parameters_that_an_engine_would_refuse_are_kept_aside() -> None:
    model: Object = {
        "provider": "openai",
        "name": "gpt-4o",
        "completion_params": {"temperature": 9, "max_tokens": 7, "response_format": "json"},
    }
    found = imported(graph_file([start(), llm(model=model)], ["start > llm"]))
    kept = data_of(found, "llm")["model"]
    assert isinstance(kept, dict)
    assert kept["parameters"] == {"max_tokens": 7}
    assert kept["completion_params"] == {"temperature": 9, "response_format": "json"}
    assert line(found, "node", "llm").outcome == "mapped"


def test_a_model_without_eyes_makes_a_node_that_shows_pictures_less() -> None:
    file = graph_file([start(), llm(vision={"enabled": True})], ["start > llm"])
    assert line(imported(file), "node", "llm").outcome == "degraded"
    assert line(imported(file, EQUIPPED), "node", "llm").outcome == "mapped"


def test_a_dataset_that_is_not_here_keeps_its_id_and_stops_a_publication() -> None:
    find = node("find", "knowledge-retrieval", dataset_ids=["gone"], query_variable_selector=["sys", "query"])
    file = graph_file([start(), find], ["start > find"], mode="advanced-chat")
    found = imported(file, EQUIPPED)
    told = line(found, "dataset", "gone")
    assert (told.outcome, told.proposal) == ("unsupported", "d-1")
    assert line(found, "node", "find").outcome == "unsupported"
    assert data_of(found, "find")["dataset_ids"] == ["gone"]


def test_a_chosen_dataset_takes_its_place() -> None:
    find = node("find", "knowledge-retrieval", dataset_ids=["gone"], query_variable_selector=["sys", "query"])
    file = graph_file([start(), find], ["start > find"], mode="advanced-chat")
    found = imported(file, EQUIPPED, Choices(datasets={"gone": "d-1"}))
    assert (line(found, "dataset", "gone").outcome, line(found, "node", "find").outcome) == ("mapped", "mapped")
    assert data_of(found, "find")["dataset_ids"] == ["d-1"]


def test_every_model_of_a_search_has_its_line() -> None:
    single: Object = {"model": {"provider": "p", "name": "chooser", "completion_params": {}}}
    multiple: Object = {
        "reranking_model": {"provider": "cohere", "model": "rank"},
        "weights": {"vector_setting": {"embedding_provider_name": "p", "embedding_model_name": "small"}},
    }
    data: Object = {
        "dataset_ids": ["d-1"],
        "query_variable_selector": ["sys", "query"],
        "single_retrieval_config": single,
        "multiple_retrieval_config": multiple,
        "metadata_model_config": {"provider": "p", "name": "filter", "completion_params": {}},
    }
    file = graph_file([start(), node("find", "knowledge-retrieval", "", **data)], ["start > find"])
    found = imported(file, EQUIPPED)
    assert {item.id: (item.outcome, item.proposal) for item in found.report.of("model")} == {
        "p/chooser": ("degraded", BOUGHT.id),
        "p/filter": ("degraded", BOUGHT.id),
        "cohere/rank": ("mapped", "lab/rank"),
        "p/small": ("degraded", ""),
    }
    assert line(imported(file), "model", "cohere/rank").outcome == "degraded"


def tool(provider: str = "time", name: str = "current_time", **data: JsonValue) -> Object:
    found: Object = {"provider_id": provider, "provider_type": "builtin", "tool_name": name, **data}
    return graph_file([start(), node("tool", "tool", "", **found)], ["start > tool"])


def test_a_tool_that_is_built_in_is_mapped() -> None:
    told = line(imported(tool()), "tool", "time/current_time")
    assert (told.outcome, told.proposal) == ("mapped", "current_time")


def test_a_tool_that_does_less_says_what() -> None:
    found = imported(tool("webscraper", "webscraper"))
    assert line(found, "tool", "webscraper/webscraper").outcome == "degraded"
    assert line(found, "node", "tool").outcome == "degraded"
    assert line(found, "node", "tool").reason == line(found, "tool", "webscraper/webscraper").reason != ""


def test_a_tool_that_is_not_here_is_one_reason_not_two() -> None:
    found = imported(tool("acme/acme", "fetch"))
    assert line(found, "tool", "acme/acme/fetch").outcome == "unsupported"
    told = line(found, "node", "tool")
    assert told.outcome == "unsupported"
    assert told.reason == "the tool 'acme/acme/fetch' is not here: choose another one before you publish"


@pytest.mark.parametrize("kind", ["mcp", "api"])
def test_tools_of_other_kinds_say_why_they_do_not_come_along(kind: str) -> None:
    assert line(imported(tool("acme", "fetch", provider_type=kind)), "tool", "acme/fetch").outcome == "unsupported"


def test_a_chosen_tool_is_called_instead() -> None:
    found = imported(tool("acme/acme", "fetch"), EQUIPPED, Choices(tools={"acme/fetch": "calculator"}))
    assert line(found, "tool", "acme/acme/fetch").proposal == "calculator"
    assert line(found, "node", "tool").outcome == "degraded"
    assert data_of(found, "tool")["tool_name"] == "calculator"


def test_a_tool_that_needs_a_key_says_who_enters_it() -> None:
    told = line(imported(tool("tavily", "tavily_search")), "tool", "tavily/tavily_search")
    assert told.outcome == "mapped" and "an administrator enters" in told.reason


def test_an_app_used_as_a_tool_is_found_by_choice_or_proposed_by_its_name() -> None:
    file = tool("old-id", "summarize", provider_type="workflow", tool_label="Summarize")
    told = line(imported(file, EQUIPPED), "tool", "old-id/summarize")
    assert (told.outcome, told.proposal) == ("unsupported", "a-1")
    assert line(imported(file, EQUIPPED), "node", "tool").outcome == "unsupported"
    found = imported(file, EQUIPPED, Choices(apps={"old-id": "a-1"}))
    assert line(found, "tool", "old-id/summarize").outcome == "mapped"
    assert data_of(found, "tool")["provider_id"] == "a-1"


@pytest.mark.parametrize("kind", ["trigger-webhook", "human-input-of-later", "datasource"])
def test_a_kind_that_is_not_here_stays_in_the_draft_and_says_so(kind: str) -> None:
    nodes = [start(), node("odd", kind, some={"key": [1]}), end(text=text("odd", "anything"))]
    found = imported(graph_file(nodes, ["start > odd", "odd@left > end"]))
    assert line(found, "node", "odd").outcome == "unsupported"
    assert f"there is no node of the kind {kind!r} here" in line(found, "node", "odd").reason
    assert line(found, "node", "end").outcome == "mapped", "one missing kind is one error"
    assert data_of(found, "odd")["some"] == {"key": [1]}


def test_two_starts_are_an_error_on_the_second() -> None:
    found = imported(graph_file([start(), {**start(), "id": "start2"}]))
    assert "second start" in line(found, "node", "start2").reason


def test_a_cycle_is_an_error_on_its_nodes() -> None:
    found = imported(graph_file([start(), llm("a"), llm("b")], ["start > a", "a > b", "b > a"]))
    for node_id in ("a", "b"):
        assert line(found, "node", node_id).outcome == "unsupported"
        assert "it lies on a cycle" in line(found, "node", node_id).reason


def test_a_dangling_edge_is_an_error_on_the_node_that_is_there() -> None:
    found = imported(graph_file([start(), llm()], ["start > llm", "llm > gone"]))
    assert "there is no node 'gone'" in line(found, "node", "llm").reason


def test_an_edge_between_nodes_that_are_not_there_is_remarked() -> None:
    found = imported(graph_file([start()], ["here > there"]))
    assert [item.outcome for item in found.report.remarks] == ["unsupported"]
    assert "there is no node" in found.report.remarks[0].text


def test_an_id_that_is_there_twice_has_two_lines() -> None:
    found = imported(graph_file([start(), llm("a"), llm("a")], ["start > a"]))
    assert [item.id for item in found.report.of("node")] == ["start", "a", "a"]
    assert "used twice" in found.report.of("node")[1].reason


def test_a_reference_to_nothing_is_an_error_on_the_node_that_reads() -> None:
    found = imported(graph_file([start(), end(text=text("gone", "text"))], ["start > end"]))
    assert "there is no node 'gone'" in line(found, "node", "end").reason


def test_variables_say_what_they_cannot_bring_along() -> None:
    environment: list[JsonValue] = [
        {"name": "key", "value_type": "secret", "value": ""},
        {"name": "odd", "value_type": "blob", "value": 7},
        {"name": "plain", "value_type": "number", "value": 7},
    ]
    conversation: list[JsonValue] = [{"name": "odd", "value_type": "matrix", "value": None}]
    asked: list[JsonValue] = [{"variable": "api", "label": "Api", "type": "external_data_tool"}]
    file = graph_file(
        [node("start", "start", variables=asked)],
        environment_variables=environment,
        conversation_variables=conversation,
    )
    found = imported(file)
    assert {item.id: item.outcome for item in found.report.of("variable")} == {
        "start.api": "unsupported",
        "env.key": "degraded",
        "env.odd": "degraded",
        "env.plain": "mapped",
        "conversation.odd": "degraded",
    }
    assert at(found.draft, "environment_variables", 1, "value") == "7"


def test_code_that_imports_what_the_sandbox_has_not_is_unsupported() -> None:
    code = "import json, acme.inner\nfrom other import x\ntry:\n    import lucky\nexcept ImportError:\n    pass\n"
    data: Object = {"code_language": "python3", "code": code, "variables": [], "outputs": {}}
    file = graph_file([start(), node("code", "code", "", **data)], ["start > code"])
    told = line(imported(file), "node", "code")
    assert told.outcome == "unsupported" and told.reason.startswith("it imports acme, other,")


def test_a_key_in_the_open_is_pointed_out() -> None:
    config: Object = {"type": "api-key", "config": {"type": "bearer", "api_key": "sk-1"}}
    data: Object = {"method": "get", "url": "https://example.org", "authorization": config, "body": {"type": "none"}}
    file = graph_file([start(), node("http", "http-request", "", **data)], ["start > http"])
    told = line(imported(file), "node", "http")
    assert told.outcome == "mapped" and "put it into a secret environment variable" in told.reason


def test_features_and_plugins_without_effect_are_remarked() -> None:
    file = hello(features={"text_to_speech": {"enabled": True}, "speech_to_text": {"enabled": False}})
    plugin = "langgenius/openai:0.0.1@abc"
    file["dependencies"] = [{"type": "marketplace", "value": {"marketplace_plugin_unique_identifier": plugin}}]
    found = imported(file)
    assert [(item.subject, item.outcome) for item in found.report.remarks] == [
        ("text_to_speech", "degraded"),
        ("dependency", "mapped"),
    ]
    assert "langgenius/openai:0.0.1" in found.report.remarks[1].text


def test_a_long_name_is_cut_and_an_image_is_no_icon() -> None:
    file = hello()
    file["app"] = {"name": "x" * 200, "mode": "workflow", "icon": "a-file-id", "icon_type": "image"}
    found = imported(file)
    assert (len(found.name), found.icon) == (120, "")
    assert found.extras["app"] == {"icon": "a-file-id", "icon_type": "image"}


def test_an_old_chat_with_an_agent_is_an_agent() -> None:
    agent: Object = {"enabled": True, "strategy": "react", "tools": []}
    assert imported(prompt_file("chat", agent_mode=agent)).mode == "agent"
    assert imported(prompt_file("chat", agent_mode={**agent, "enabled": False})).mode == "chat"
