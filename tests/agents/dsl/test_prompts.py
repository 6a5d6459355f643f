"""Apps without a graph: chat, agent-chat and completion files, and the drafts of our own prompt apps."""

import pytest

from agents.dsl.document import document_read
from agents.dsl.exporting import Exported, export_app, to_yaml
from agents.dsl.importing import Imported, Mode, import_app
from agents.types import JsonObject, JsonValue
from tests.agents.dsl.files import BOUGHT, EQUIPPED, Object, at, imported, line, list_at, object_at, prompt_file


def written(found: Imported) -> Object:
    return export_app(Exported(found.name, found.mode, found.description, found.icon, found.draft, found.extras))


def config_of(file: JsonObject) -> Object:
    config = file["model_config"]
    assert isinstance(config, dict)
    return config


FORM: list[JsonValue] = [
    {"text-input": {"variable": "name", "label": "Name", "required": True, "max_length": 48, "default": "", "hide": 1}},
    {"paragraph": {"variable": "story", "label": "", "required": False}},
    {"select": {"variable": "kind", "label": "Kind", "options": ["a", "b"], "default": "a"}},
    {"number": {"variable": "count", "label": "Count"}},
    {"file": {"variable": "paper", "label": "Paper", "allowed_file_types": ["document"]}},
    {"audio": {"variable": "song", "label": "Song"}},
    {"select": {"variable": "none", "label": "None", "options": []}},
]


def test_a_chat_is_a_draft_with_its_prompt_inputs_and_model() -> None:
    file = prompt_file(
        pre_prompt="You help {{name}} with {{kind}}.",
        user_input_form=FORM,
        opening_statement="Hello {{name}}",
        suggested_questions=["Why?"],
    )
    found = imported(file, EQUIPPED)
    assert found.mode == "chat"
    draft = found.draft
    assert draft["model"] == {"id": BOUGHT.id, "parameters": {"temperature": 1}}
    assert draft["prompt"] == "You help {{name}} with {{kind}}."
    assert (draft["opening_statement"], draft["suggested_questions"]) == ("Hello {{name}}", ["Why?"])
    assert draft["variables"] == [
        {"name": "name", "label": "Name", "type": "text", "required": True, "max_length": 48},
        {"name": "story", "label": "", "type": "paragraph", "required": False},
        {"name": "kind", "label": "Kind", "type": "select", "options": ["a", "b"], "default": "a", "required": False},
        {"name": "count", "label": "Count", "type": "number", "required": False},
        {"name": "paper", "label": "Paper", "type": "file", "required": False},
    ]
    assert {item.id: item.outcome for item in found.report.of("variable")} == {
        "name": "mapped",
        "story": "mapped",
        "kind": "mapped",
        "count": "mapped",
        "paper": "mapped",
        "song": "unsupported",
        "none": "unsupported",
    }


def test_what_a_draft_has_not_goes_back_into_the_file() -> None:
    file = prompt_file(
        pre_prompt="Hi",
        user_input_form=FORM,
        more_like_this={"enabled": True},
        external_data_tools=[{"enabled": True, "variable": "rate"}],
        dataset_configs={"top_k": 2, "datasets": {"datasets": []}, "reranking_mode": "weighted_score"},
        odd={"a": 1},
    )
    found = imported(file)
    assert [item.subject for item in found.report.remarks] == ["more_like_this", "external_data_tools"]
    config = config_of(written(found))
    for key in ("more_like_this", "external_data_tools", "odd"):
        assert config[key] == config_of(file)[key]
    form = config["user_input_form"]
    assert isinstance(form, list)
    assert at(form, 0, "text-input", "hide") == 1
    assert at(form, 4, "file", "allowed_file_types") == ["document"]
    assert form[-2:] == FORM[-2:]
    assert found.draft["retrieval"] == {"top_k": 2}
    configs = config["dataset_configs"]
    assert isinstance(configs, dict) and (configs["top_k"], configs["reranking_mode"]) == (2, "weighted_score")


def test_a_name_that_is_no_input_stays_the_text_that_it_is() -> None:
    found = imported(prompt_file(pre_prompt="Write {{code}}", opening_statement="{{hello}}"))
    assert found.draft["variables"] == [
        {"name": "code", "type": "text", "default": "{{code}}"},
        {"name": "hello", "type": "text", "default": "{{hello}}"},
    ]
    assert found.report.of("variable") == ()
    assert [item.subject for item in found.report.remarks] == ["prompt", "prompt"]


def test_an_advanced_prompt_becomes_one_text() -> None:
    messages: list[JsonValue] = [
        {"role": "system", "text": "Be {{mood}}."},
        {"role": "user", "text": "{{#query#}}"},
        {"role": "assistant", "text": "Sure."},
        {"role": "user", "text": "About {{#query#}}: {{#context#}}"},
    ]
    file = prompt_file(
        prompt_type="advanced",
        pre_prompt="unused",
        chat_prompt_config={"prompt": messages},
        user_input_form=[{"text-input": {"variable": "mood", "label": "Mood"}}],
    )
    found = imported(file)
    assert found.draft["prompt"] == "Be {{mood}}.\n\nAssistant: Sure.\n\nUser: About {{#sys.query#}}: {{#context#}}"
    assert {item.outcome for item in found.report.remarks} == {"degraded"}
    assert config_of(written(found))["chat_prompt_config"] == {"prompt": messages}


def test_questions_with_their_answers_in_an_advanced_prompt_become_examples() -> None:
    messages: list[JsonValue] = [
        {"role": "system", "text": "Be {{mood}}."},
        {"role": "user", "text": "Two and {{n}}?"},
        {"role": "assistant", "text": "Four."},
        {"role": "user", "text": "{{#query#}}"},
    ]
    found = imported(prompt_file(prompt_type="advanced", chat_prompt_config={"prompt": messages}))
    assert found.draft["prompt"] == "Be {{mood}}."
    assert found.draft["examples"] == [{"user": "Two and {{n}}?", "assistant": "Four."}]
    assert [at(item, "name") for item in list_at(found.draft, "variables")] == ["mood", "n"]
    again = import_app(document_read(to_yaml(written(found))), EQUIPPED)
    assert (again.draft["prompt"], again.draft["examples"]) == (found.draft["prompt"], found.draft["examples"])


def test_a_completion_prompt_names_the_question_and_loses_the_history() -> None:
    text = "{{#histories#}}Q: {{#query#}}"
    file = prompt_file(
        "completion", prompt_type="advanced", completion_prompt_config={"prompt": {"text": text}, "user": "x"}
    )
    found = imported(file)
    assert (found.mode, found.draft["prompt"]) == ("completion", "Q: {{#sys.query#}}")
    assert found.report.remarks[0].text.startswith("{{#histories#}} was taken out")


def agent_file(**agent: JsonValue) -> Object:
    tools: list[JsonValue] = [
        {"enabled": True, "provider_type": "builtin", "provider_id": "time", "tool_name": "current_time"},
        {"enabled": True, "provider_type": "builtin", "provider_id": "acme", "tool_name": "fetch"},
        {"enabled": False, "provider_type": "builtin", "provider_id": "time", "tool_name": "weekday"},
        {"dataset": {"enabled": True, "id": "d-1"}},
    ]
    return prompt_file(
        "agent-chat",
        pre_prompt="Act.",
        agent_mode={"enabled": True, "strategy": "react", "max_iteration": 3, "tools": tools, "prompt": "p", **agent},
        dataset_configs={
            "datasets": {"datasets": [{"dataset": {"enabled": True, "id": "gone"}}]},
            "top_k": 40,
            "score_threshold": 0.5,
            "score_threshold_enabled": True,
            "reranking_enable": True,
            "reranking_mode": "reranking_model",
            "reranking_model": {"reranking_provider_name": "cohere", "reranking_model_name": "rank"},
        },
    )


def test_an_agent_brings_its_tools_and_datasets() -> None:
    found = imported(agent_file(), EQUIPPED)
    draft = found.draft
    assert found.mode == "agent"
    assert draft["tools"] == [{"name": "current_time", "config": {}}]
    assert draft["agent"] == {"strategy": "react", "max_iterations": 3}
    assert draft["datasets"] == ["gone", "d-1"]
    assert draft["retrieval"] == {"top_k": 20, "score_threshold": 0.5, "rerank": True}
    assert {item.id: item.outcome for item in found.report.of("tool")} == {
        "time/current_time": "mapped",
        "acme/fetch": "unsupported",
        "time/weekday": "mapped",
    }
    assert line(found, "model", "cohere/rank").proposal == "lab/rank"
    assert {item.id: item.outcome for item in found.report.of("dataset")} == {"gone": "unsupported", "d-1": "mapped"}


def test_an_agent_goes_back_with_every_tool_of_the_file() -> None:
    found = imported(agent_file(), EQUIPPED)
    file = written(found)
    agent = config_of(file)["agent_mode"]
    assert isinstance(agent, dict) and agent["prompt"] == "p"
    tools = agent["tools"]
    assert isinstance(tools, list)
    assert [tool.get("tool_name", "dataset") for tool in tools if isinstance(tool, dict)] == [
        "current_time",
        "fetch",
        "weekday",
        "dataset",
    ]
    back = import_app(document_read(to_yaml(file)), EQUIPPED)
    assert back.draft == found.draft


def test_a_strategy_of_old_calls_functions() -> None:
    found = imported(agent_file(strategy="router", max_iteration=900))
    assert found.draft["agent"] == {"max_iterations": 30}
    assert any(item.subject == "agent_mode" for item in found.report.remarks)


PARAMETERS: Object = {
    "temperature": 0.2,
    "top_p": 1.0,
    "max_tokens": 512,
    "top_k": None,
    "min_p": None,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "repeat_penalty": None,
    "seed": None,
    "stop": [],
}


def draft(**more: JsonValue) -> Object:
    """Return a whole draft as the console stores it."""
    given: Object = {
        "model": {"id": "lab/gpt-4o", "parameters": PARAMETERS},
        "prompt": "Help {{name}}.",
        "variables": [
            {"name": "name", "label": "Name", "type": "text", "required": True, "default": None, "options": []},
            {"name": "sure", "label": "Sure", "type": "checkbox", "required": False, "default": True, "options": []},
        ],
        "datasets": ["d-1"],
        "retrieval": {"mode": "hybrid", "top_k": 7, "score_threshold": 0.25, "rerank": True},
        "tools": [],
        "agent": {"strategy": "function_calling", "max_iterations": 5},
        "opening_statement": "Hello",
        "suggested_questions": ["Why?"],
        "output_schema": {"type": "object", "properties": {"a": {"type": "string"}}},
    }
    return {**given, **more}


def without_nulls(value: JsonValue) -> JsonValue:
    """Leave out what the console fills in by itself."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item not in (None, []) or key == "tools"}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("mode", "more"),
    [
        ("chat", {}),
        ("completion", {"output_schema": None}),
        ("agent", {"output_schema": None, "tools": [{"name": "calculator", "config": {}}, {"name": "chart"}]}),
        ("agent", {"output_schema": None, "agent": {"strategy": "react", "max_iterations": 30}}),
        ("chat", {"retrieval": {"mode": "semantic", "top_k": 4, "score_threshold": None, "rerank": False}}),
    ],
)
def test_a_draft_of_ours_comes_back_as_it_was(mode: Mode, more: Object) -> None:
    before = draft(**more)
    file = export_app(Exported("Made here", mode, "", "", before, {}))
    after = dict(import_app(document_read(to_yaml(file)), EQUIPPED).draft)
    expected = without_nulls(before)
    assert isinstance(expected, dict)
    if mode != "agent":
        expected.pop("tools", None), expected.pop("agent", None)
    else:
        expected["tools"] = [{"config": {}, **object_at(tool)} for tool in list_at(expected, "tools")]
    assert without_nulls(after) == expected


def test_a_file_of_a_draft_has_difys_shape() -> None:
    file = export_app(Exported("Made here", "chat", "", "", draft(), {}))
    config = config_of(file)
    assert (config["prompt_type"], config["pre_prompt"]) == ("simple", "Help {{name}}.")
    model = config["model"]
    assert isinstance(model, dict)
    assert (model["provider"], model["name"], model["mode"]) == ("atelier", "lab/gpt-4o", "chat")
    parameters = model["completion_params"]
    assert isinstance(parameters, dict) and None not in parameters.values()
    form = config["user_input_form"]
    assert isinstance(form, list)
    assert form[0] == {"text-input": {"variable": "name", "label": "Name", "required": True}}
    assert line(import_app(file, EQUIPPED), "model", "atelier/lab/gpt-4o").outcome == "mapped"
