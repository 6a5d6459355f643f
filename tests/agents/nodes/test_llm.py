"""The llm node as Dify's graphs write it: both kinds of prompts, memory, context, images, reasoning, JSON."""

from dataclasses import replace

import pytest

from agents.errors import InvalidGraph
from agents.events import RunFinished, Sources, TextReset
from agents.types import JsonValue, RunSpec, Turn
from agents.workflow.execute import run_graph
from agents.workflow.preflight import check_run
from inference.types import Message
from tests.agents.fakes import (
    FakeKnowledge,
    Reply,
    ScriptedModel,
    always,
    node,
    outputs_of,
    passage,
    ports_of,
    shown_of,
    spec_of,
)
from tests.agents.nodes.cases import Case, end, saved_node, start
from tests.agents.nodes.llm_graphs import CAT, HISTORY, MEMORY, MODEL, ask, chatflow, prompt
from tests.agents.nodes.spoken import SpokenCase, run_spoken


def case(name: str, outputs: dict[str, JsonValue] | None, /, *, error: str = "", **config: JsonValue) -> Case:
    """A workflow of one llm node that gives its text and more."""
    full: dict[str, JsonValue] = {"model": MODEL, "context": {"enabled": False, "variable_selector": []}, **config}
    wanted = {key: f"llm.{key}" for key in outputs or {"text": ""}}
    nodes = [start(name="paragraph"), saved_node("llm", "llm", full), end(**wanted)]
    return Case(name, nodes, ("start > llm", "llm > end"), {"name": "Ada"}, outputs, error)


HELLO = prompt(("system", "Greet {{#start.name#}}."), ("user", "Now."))
JINJA: JsonValue = [
    {
        "role": "user",
        "edition_type": "jinja2",
        "text": "{{#gone.text#}}",
        "jinja2_text": "{% if who %}Hi {{ who }}!{% endif %}",
    }
]
JINJA_VARIABLES: JsonValue = {"jinja2_variables": [{"variable": "who", "value_selector": ["start", "name"]}]}
SPOKEN_CASES = [
    SpokenCase(
        case("llm with a chat prompt", {"text": "Hello!"}, prompt_template=HELLO),
        [Reply("Hello!")],
        asked=("Greet Ada.",),
    ),
    SpokenCase(
        case("llm with a completion prompt", {"text": "Hello!"}, prompt_template={"text": "Greet {{#start.name#}}:"}),
        [Reply("Hello!")],
        asked=("Greet Ada:",),
    ),
    SpokenCase(
        case("llm with a jinja prompt", {"text": "ok"}, prompt_template=JINJA, prompt_config=JINJA_VARIABLES),
        [Reply("ok")],
        asked=("Hi Ada!",),
    ),
    SpokenCase(
        case(
            "llm separates its thoughts",
            {"text": "Yes.", "reasoning_content": "Hm."},
            prompt_template=HELLO,
            reasoning_format="separated",
        ),
        [Reply("<think>Hm.</think>\n\nYes.")],
    ),
    SpokenCase(
        case(
            "llm keeps its thoughts in the text",
            {"text": "<think>Hm.</think>\n\nYes.", "reasoning_content": ""},
            prompt_template=HELLO,
            reasoning_format="tagged",
        ),
        [Reply("<think>Hm.</think>\n\nYes.")],
    ),
    SpokenCase(
        case(
            "llm with structured output",
            {"structured_output": {"ok": True}, "text": '{"ok": true}'},
            prompt_template=HELLO,
            structured_output_enabled=True,
            structured_output={"schema": {"type": "object"}},
        ),
        [Reply('{"ok": true}')],
        {"supports_schema": True},
    ),
    SpokenCase(
        case(
            "llm without its schema",
            None,
            error="schema_unsupported",
            prompt_template=HELLO,
            structured_output_enabled=True,
            structured_output={"schema": {}},
        ),
        [],
    ),
    SpokenCase(
        case("llm that was cut off", {"finish_reason": "length", "files": []}, prompt_template=HELLO),
        [Reply("Hel", finish_reason="length")],
    ),
    SpokenCase(
        case(
            "llm tries again",
            {"text": "At last."},
            prompt_template=HELLO,
            retry_config={"retry_enabled": True, "max_retries": 2, "retry_interval": 0},
        ),
        [Reply("No", finish_reason=None), Reply("No", finish_reason=None), Reply("At last.")],
    ),
    SpokenCase(
        case(
            "llm with a default",
            {"text": "sorry"},
            prompt_template=HELLO,
            error_strategy="default-value",
            default_value=[{"key": "text", "type": "string", "value": "sorry"}],
        ),
        [Reply("No", finish_reason=None)],
    ),
    SpokenCase(
        case(
            "llm with a wrong template",
            None,
            error="template_failed",
            prompt_config=JINJA_VARIABLES,
            prompt_template=[{"role": "user", "edition_type": "jinja2", "jinja2_text": "{{ who.__class__.__mro__ }}"}],
        ),
        [],
    ),
]


@pytest.mark.parametrize("spoken", SPOKEN_CASES, ids=lambda spoken: spoken.case.name)
async def test_case(spoken: SpokenCase) -> None:
    _, model = await run_spoken(spoken)
    assert all(request.sampling.temperature == 0.5 for request in model.requests)


async def test_ours_wins_over_what_dify_wrote() -> None:
    both: JsonValue = {
        "id": "scripted",
        "name": "gpt",
        "parameters": {"temperature": 0.1},
        "completion_params": {"temperature": 1},
    }
    asked = await ask(chatflow(model=both, prompt_template=prompt(("user", "Hi"))))
    assert asked.model.requests[0].sampling.temperature == 0.1


async def test_without_a_model_the_graph_says_so() -> None:
    with pytest.raises(InvalidGraph, match="no model is chosen: choose one"):
        await check_run(chatflow(model={"provider": "x"}), ports_of())


async def test_the_memory_puts_the_window_before_the_question() -> None:
    examples = prompt(("system", "S"), ("user", "eg"), ("assistant", "ie"))
    asked = await ask(chatflow(prompt_template=examples, memory=MEMORY))
    assert [(message.role, message.content) for message in asked.messages] == [
        ("system", "S"),
        ("user", "eg"),
        ("assistant", "ie"),
        ("user", "three"),
        ("assistant", "four"),
        ("user", "Why?"),
    ]


async def test_the_question_of_a_memory_is_a_template() -> None:
    memory: JsonValue = {"query_prompt_template": "Q: {{#sys.query#}}", "window": {"enabled": False, "size": None}}
    asked = await ask(chatflow(prompt_template=prompt(("system", "S")), memory=memory))
    assert len(asked.messages) == 6 and asked.messages[-1].content == "Q: Why?"


async def test_in_a_graph_a_node_without_a_memory_says_only_what_its_author_wrote() -> None:
    asked = await ask(chatflow(prompt_template=prompt(("system", "Translate {{#sys.query#}}"))))
    assert asked.messages == (Message("user", "Translate Why?"),)


async def test_a_completion_prompt_places_the_conversation_and_the_question() -> None:
    memory: JsonValue = {"role_prefix": {"user": "U", "assistant": "A"}, "window": {"enabled": True, "size": 1}}
    text = "Talk:\n{{#histories#}}\nU: {{#query#}}\nA:"
    asked = await ask(chatflow(prompt_template={"text": text}, memory=memory))
    assert asked.messages == (Message("user", "Talk:\nU: three\nA: four\nU: Why?\nA:"),)


async def test_a_completion_prompt_without_places_has_the_conversation_before_and_the_question_after() -> None:
    asked = await ask(chatflow(prompt_template={"text": "Be kind."}, memory=MEMORY))
    assert asked.messages == (Message("user", "Human: three\nAssistant: four\n\nBe kind.\n\nWhy?"),)
    alone = await ask(chatflow(prompt_template={"text": "Say {{#query#}}"}))
    assert alone.messages == (Message("user", "Say Why?"),)


async def test_what_the_window_leaves_out_is_told_in_short_where_that_is_wanted() -> None:
    summary: JsonValue = {"summary": True, "window": {"enabled": True, "size": 1}}
    spec = chatflow(prompt_template=prompt(("system", "S")), memory=summary)
    model = ScriptedModel(
        lambda request: Reply("They counted." if "Summarise" in request.messages[0].content else "ok")
    )
    bodies = [body async for body in run_graph(spec, ports_of(model))]
    first, second = model.requests
    assert "user: one\nassistant: two" in first.messages[1].content and "three" not in first.messages[1].content
    assert second.messages[0].content.endswith("in short:\nThey counted.")
    outputs = outputs_of(bodies, "llm")
    assert outputs["memory_summary"] == "They counted." and outputs["text"] == "ok"
    spent = sum(model.tokens_of(request) for request in model.requests)
    assert outputs["usage"] == {"prompt_tokens": spent, "completion_tokens": len(model.generated)}
    short = await ask(chatflow(HISTORY[:2], prompt_template=prompt(("system", "S")), memory=summary))
    assert len(short.model.requests) == 1, "nothing is left out"


async def test_a_conversation_that_is_too_long_to_be_summarised_is_summarised_as_far_as_it_fits() -> None:
    long = tuple(Turn("user" if at % 2 == 0 else "assistant", f"word {at} " * 20) for at in range(60))
    spec = chatflow(
        long, prompt_template=prompt(("system", "S")), memory={"summary": True, "window": {"enabled": True, "size": 1}}
    )
    asked = await ask(spec, context_tokens=600)
    assert isinstance(asked.bodies[-1], RunFinished) and len(asked.model.requests) == 2


def retrieval(**config: JsonValue) -> RunSpec:
    context: JsonValue = {"enabled": True, "variable_selector": ["know", "result"]}
    nodes = [
        node("know", "knowledge-retrieval", {"dataset_ids": ["d1"]}),
        node("llm", "llm", {"model": MODEL, "context": context, **config}),
    ]
    return spec_of(nodes, ["know > llm"], query="Why?", mode="chatflow")


async def test_passages_stand_where_a_prompt_marks_them_and_are_cited() -> None:
    knowledge = FakeKnowledge((passage("c1", "Blue."),))
    model = ScriptedModel(always("It is [1]."))
    spec = retrieval(prompt_template=prompt(("system", "Facts: {{#context#}}"), ("user", "{{#sys.query#}}")))
    bodies = [body async for body in run_graph(spec, ports_of(model, knowledge=knowledge))]
    assert model.last_messages[0].content == "Facts: [1] Blue."
    assert [source.cited for source in [body for body in bodies if isinstance(body, Sources)][-1].sources] == [True]


async def test_a_jinja_prompt_reads_the_passages_by_their_own_name() -> None:
    variables: JsonValue = {"jinja2_variables": [{"variable": "facts", "value_selector": ["know", "result"]}]}
    text = "{% for fact in facts %}- {{ fact.content }}{% endfor %}"
    messages: JsonValue = [
        {"role": "system", "edition_type": "jinja2", "jinja2_text": text},
        {"role": "user", "text": "Go"},
    ]
    model = ScriptedModel(always("ok"))
    knowledge = FakeKnowledge((passage("c1", "Blue {{ 1 }}."),))
    spec = retrieval(prompt_template=messages, prompt_config=variables)
    assert isinstance([body async for body in run_graph(spec, ports_of(model, knowledge=knowledge))][-1], RunFinished)
    assert model.last_messages[0].content == "- Blue {{ 1 }}.", "said once, and never read as a template"


async def test_what_is_switched_off_is_not_read() -> None:
    off = chatflow(
        prompt_template=prompt(("user", "Hi")),
        context={"enabled": False, "variable_selector": ["gone", "result"]},
        vision={"enabled": False, "configs": {"detail": "high", "variable_selector": ["gone", "files"]}},
    )
    assert (await ask(replace(off, files=(CAT,)))).messages == (Message("user", "Hi"),)


THOUGHT = "<think>Let me\nsee.</think>\n\nIt is blue."


@pytest.mark.parametrize(("said", "text", "thoughts"), [
    (THOUGHT, "It is blue.", "Let me\nsee."),
    ("Let me see.</think>It is blue.", "It is blue.", "Let me see."),
    ("It is <think>blue</think>.", "It is <think>blue</think>.", ""),
    ("<think>never ends", "", "never ends"),
    (" plain", " plain", ""),
])  # fmt: skip
async def test_thoughts_are_never_shown_as_the_answer(said: str, text: str, thoughts: str) -> None:
    asked = await ask(chatflow(prompt_template=prompt(("user", "Hi"))), said)
    outputs = outputs_of(asked.bodies, "llm")
    assert (outputs["text"], outputs["reasoning_content"], shown_of(asked.bodies)) == (text, thoughts, text)
    assert any(isinstance(body, TextReset) for body in asked.bodies) is said.startswith("Let me")


async def test_a_server_that_tells_thoughts_apart_has_them_in_the_text_where_that_is_wanted() -> None:
    spec = chatflow(prompt_template=prompt(("user", "Hi")), reasoning_format="tagged")
    model = ScriptedModel(lambda request: Reply("Blue.", reasoning="Hm."), supports_continuation=True)
    whole = [body async for body in run_graph(spec, ports_of(model))]
    assert shown_of(whole) == "<think>Hm.</think>\n\nBlue." == outputs_of(whole, "llm")["text"]
    for cut in range(len(whole)):
        rest = [body async for body in run_graph(spec, ports_of(model), whole[:cut])]
        assert shown_of([*whole[:cut], *rest]) == "<think>Hm.</think>\n\nBlue."


async def test_thoughts_survive_a_crash_at_any_event() -> None:
    spec = chatflow(prompt_template=prompt(("user", "Hi")))

    def script(request: object) -> Reply:
        kept = getattr(request, "continue_final_message", False)
        return Reply("It is blue.") if kept else Reply(THOUGHT)

    model = ScriptedModel(script, supports_continuation=True)
    whole = [body async for body in run_graph(spec, ports_of(model))]
    for cut in range(len(whole)):
        rest = [body async for body in run_graph(spec, ports_of(model), whole[:cut])]
        bodies = [*whole[:cut], *rest]
        assert shown_of(bodies) == "It is blue." == outputs_of(bodies, "llm")["text"]


async def test_what_no_database_keeps_is_replaced_in_an_answer() -> None:
    asked = await ask(chatflow(prompt_template=prompt(("user", "Hi"))), "a\0b\ud800c")
    assert shown_of(asked.bodies) == "a\ufffdb\ufffdc" == outputs_of(asked.bodies, "llm")["text"]
