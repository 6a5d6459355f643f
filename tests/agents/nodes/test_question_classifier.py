"""question-classifier: whatever a model writes, the run takes the way of a class, or says why it cannot."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import InvalidGraph
from agents.events import NodeFinished
from agents.nodes.choosing import choice_in, labels_of
from agents.types import JsonValue, RunSpec, Turn
from agents.workflow.execute import run_graph
from agents.workflow.preflight import check_run
from inference.errors import ContextOverflowError, InvalidRequestError
from inference.types import GenerateRequest
from tests.agents.fakes import Reply, ScriptedModel, always, node, ports_of, spec_of
from tests.agents.nodes.cases import Case, SavedNode, run_case, saved_node, spec_of_case, start
from tests.agents.nodes.spoken import SpokenCase, run_spoken

SCHEMA: dict[str, object] = {"supports_schema": True}
CLASSES: list[JsonValue] = [{"id": "17158", "name": "Health advice"}, {"id": "17159", "name": "Help with the app"}]
LONG = "about a matter that nobody could put into a few words, however hard he tried, as this very name shows"
EDGES = ("start > sort", "sort.17158 > a", "sort.17159 > b")


NAMES = {"17158": "Health advice", "17159": "Help with the app"}


def sorting(
    name: str, *, wanted: str = "17159", error: str = "", edges: Sequence[str] = EDGES, **config: JsonValue
) -> Case:
    """A workflow with an end behind each class; it ends behind `wanted`."""
    full: dict[str, JsonValue] = {
        "model": {"provider": "openai", "name": "scripted", "mode": "chat", "completion_params": {"temperature": 0.1}},
        "query_variable_selector": ["start", "text"],
        "classes": CLASSES,
        "instruction": "",
        "topics": [],
        **config,
    }
    nodes = [start(text="paragraph"), saved_node("sort", "question-classifier", full)]
    nodes += [_end("a", {"health": "class_name", "id": "class_id"}), _end("b", {"app": "class_name", "id": "class_id"})]
    outputs = {"health" if wanted == "17158" else "app": NAMES[wanted], "id": wanted}
    return Case(name, nodes, edges, {"text": "My wristband will not charge."}, None if error else outputs, error)


def _end(node_id: str, outputs: dict[str, str]) -> SavedNode:
    listed: list[JsonValue] = [{"variable": name, "value_selector": ["sort", key]} for name, key in outputs.items()]
    return saved_node(node_id, "end", {"outputs": listed})


def _rescued() -> SpokenCase:
    """The way out of a classifier that failed."""
    case = sorting("classifier takes its way of failure", error_strategy="fail-branch")
    nodes, edges = [*case.nodes, _end("rescue", {"why": "error_type"})], (*EDGES, "sort.fail-branch > rescue")
    case = replace(case, nodes=nodes, edges=edges, outputs={"why": "output_invalid"})
    return SpokenCase(case, [Reply(text) for text in NEVER])


def spoken(
    case: Case, *replies: str, can: Mapping[str, object] = MappingProxyType({}), asked: tuple[str, ...] = ()
) -> SpokenCase:
    return SpokenCase(case, [Reply(text) for text in replies], can, asked)


APP = '{"choice": "Help with the app"}'
NEVER = ("I cannot say.", "I still cannot say.")
SPOKEN_CASES = [
    spoken(sorting("classifier by schema"), APP, can=SCHEMA, asked=("My wristband will not charge.",)),
    spoken(sorting("classifier by prompt"), f"Sure: ```json\n{APP}\n```"),
    spoken(sorting("classifier reads a bare name"), "**help with the APP**."),
    spoken(sorting("classifier reads a sentence", wanted="17158"), "This is Health advice, I think."),
    spoken(sorting("classifier reads a number"), "2"),
    spoken(sorting("classifier ignores thoughts"), f"<think>Health advice?</think>{APP}"),
    spoken(sorting("classifier asks once more"), "Hm.", APP, asked=("", "That is none of them")),
    spoken(sorting("classifier gives up", error="output_invalid"), *NEVER),
    spoken(sorting("classifier is told more", instruction="It says {{#start.text#}}"), APP, asked=("It says My wr",)),
    _rescued(),
]


@pytest.mark.parametrize("case", SPOKEN_CASES, ids=lambda spoken: spoken.case.name)
async def test_case(case: SpokenCase) -> None:
    bodies, model = await run_spoken(case)
    finished = [body for body in bodies if isinstance(body, NodeFinished) and body.node_id == "sort"]
    if finished and not finished[0].failure:
        usage = finished[0].outputs["usage"]
        assert isinstance(usage, dict) and usage["completion_tokens"] == len(model.generated)


async def test_a_model_that_takes_schemas_is_held_to_the_classes() -> None:
    _, model = await run_spoken(SPOKEN_CASES[0])
    [request] = model.requests
    schema = json.loads(json.dumps(request.response_schema))
    assert schema["properties"]["choice"]["enum"] == ["Health advice", "Help with the app"]
    assert schema["required"] == ["choice"] and request.sampling.temperature == 0.1
    _, plain = await run_spoken(SPOKEN_CASES[1])
    assert plain.requests[0].response_schema is None


def test_names_that_are_long_or_alike_are_told_apart_by_number() -> None:
    assert labels_of(["Yes", "No"]) == ("Yes", "No")
    assert labels_of(["Yes", "yes "]) == ("1", "2") == labels_of(["Yes", LONG])
    assert labels_of(["Yes", ""]) == ("1", "2")
    assert choice_in('{"choice": "2"}', ("1", "2"), ("Yes", LONG)) == 1
    assert choice_in("It is neither 1 nor 2", ("1", "2"), ("Yes", LONG)) is None


def test_a_name_within_a_longer_one_is_not_taken_for_it() -> None:
    names = ("support", "technical support", "sales")
    assert choice_in("I say technical support", names, names) == 1
    assert choice_in("either sales or support", names, names) is None


@given(text=st.text(max_size=200))
def test_no_text_is_more_than_one_of_the_classes_or_none(text: str) -> None:
    names = ("Health", "Help", "1", "{}")
    found = choice_in(text, labels_of(names), names)
    assert found is None or 0 <= found < len(names)


async def test_the_conversation_goes_along_where_the_node_has_a_memory() -> None:
    def asking(**config: JsonValue) -> RunSpec:
        full: dict[str, JsonValue] = {"model": {"id": "scripted"}, "classes": CLASSES, **config}
        history = (Turn("user", "first"), Turn("assistant", "second"))
        return spec_of([node("sort", "question-classifier", full)], history=history, mode="chatflow")

    for config, told in (({"memory": {"window": {"enabled": True, "size": 5}}}, True), ({}, False)):
        model = ScriptedModel(always(APP), supports_schema=True)
        async for _ in run_graph(asking(**config), ports_of(model)):  # type: ignore[arg-type]  # it is JSON
            pass
        assert ("second" in [message.content for message in model.last_messages]) is told


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        ([], "classes"),
        ([{"id": "1", "name": "a"}, {"id": "1", "name": "b"}], "share the ids"),
    ],
)
async def test_classes_that_cannot_be_told_apart_are_refused(classes: list[JsonValue], says: str) -> None:
    case = sorting("refused", classes=classes, edges=("start > sort",))
    with pytest.raises(InvalidGraph, match=says):
        await check_run(spec_of_case(case), ports_of(ScriptedModel(always(APP))))


async def test_an_edge_from_a_class_that_is_gone_is_refused() -> None:
    case = sorting("refused", edges=("start > sort", "sort.99 > a"))
    with pytest.raises(InvalidGraph, match="no way out '99'"):
        await check_run(spec_of_case(case), ports_of(ScriptedModel(always(APP))))


async def test_a_server_that_knows_no_schemas_is_asked_without() -> None:
    def script(request: GenerateRequest) -> Reply:
        refused = InvalidRequestError("response_format: this is not supported")
        return Reply("", error=refused) if request.response_schema is not None else Reply(APP)

    model = ScriptedModel(script, supports_schema=True)
    case = sorting("classifier whose server knows no schema")
    await run_case(case, ports_of(model))
    assert len(model.requests) == 2
    too_long = ScriptedModel(lambda request: Reply("", error=ContextOverflowError("too long")), supports_schema=True)
    case = replace(case, outputs=None, error="context_length_exceeded")
    await run_case(case, ports_of(too_long))
    assert len(too_long.requests) == 1
