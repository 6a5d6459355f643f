"""knowledge-retrieval: everything that Dify's node says about a search reaches the knowledge."""

import pytest

from agents.errors import InvalidGraph, ModelNotFound
from agents.events import Sources
from agents.ports import DatasetInfo, MetadataCondition, SearchChoice
from agents.types import JsonValue, Turn
from agents.workflow.execute import run_graph
from agents.workflow.preflight import check_run
from tests.agents.fakes import (
    FakeKnowledge,
    Reply,
    ScriptedModel,
    always,
    in_turn,
    node,
    outputs_of,
    passage,
    ports_of,
    spec_of,
)
from tests.agents.nodes.cases import Case, bodies_of, end, run_case, saved_node, spec_of_case, start
from tests.agents.nodes.spoken import SpokenCase, run_spoken

MODEL: JsonValue = {"provider": "openai", "name": "scripted", "mode": "chat", "completion_params": {}}
EDGES = ("start > know", "know > end")
D1, D2 = DatasetInfo("d1", "Recipes", "What to cook"), DatasetInfo("d2", "Laws")


def searching(name: str, outputs: dict[str, JsonValue] | None = None, error: str = "", /, **config: JsonValue) -> Case:
    full: dict[str, JsonValue] = {"query_variable_selector": ["start", "text"], "dataset_ids": ["d1"], **config}
    nodes = [
        start(text="paragraph", year="number"),
        saved_node("know", "knowledge-retrieval", full),
        end(first="know.result.0.content"),
    ]
    return Case(name, nodes, EDGES, {"text": "What is blue?", "year": 2020}, outputs, error)


BLUE = (passage("c1", "The sky."), passage("c2", "The sea.", dataset_id="d2"))
SPOKEN_CASES = [
    SpokenCase(searching("retrieval", {"first": "The sky."}), [], passages=BLUE),
    SpokenCase(
        searching("retrieval in several datasets", {"first": "The sky."}, dataset_ids=["d2", "d1"]), [], passages=BLUE
    ),
    SpokenCase(searching("retrieval without datasets", {"first": None}, dataset_ids=[]), [], passages=BLUE),
    SpokenCase(searching("retrieval that finds nothing", {"first": None}, dataset_ids=["d3"]), [], passages=BLUE),
    SpokenCase(
        searching(
            "retrieval from one dataset",
            {"first": "The sky."},
            retrieval_mode="single",
            single_retrieval_config={"model": MODEL},
        ),
        [],
        passages=BLUE,
    ),
]


@pytest.mark.parametrize("spoken", SPOKEN_CASES, ids=lambda spoken: spoken.case.name)
async def test_case(spoken: SpokenCase) -> None:
    await run_spoken(spoken)


WEIGHTS: JsonValue = {
    "keyword_setting": {"keyword_weight": 0.3},
    "vector_setting": {"embedding_model_name": "bge", "embedding_provider_name": "x", "vector_weight": 0.7},
}
MULTIPLE: dict[str, tuple[dict[str, JsonValue], SearchChoice]] = {
    "nothing said": ({}, SearchChoice(("d1",))),
    "ours": (
        {"mode": "hybrid", "rerank": True, "top_k": 9, "score_threshold": 0.5},
        SearchChoice(("d1",), 9, "hybrid", 0.5, rerank=True),
    ),
    "a rerank model": (
        {"top_k": 2, "reranking_enable": True, "reranking_mode": "reranking_model", "reranking_model": {"model": "m"}},
        SearchChoice(("d1",), 2, rerank=True),
    ),
    "reranking switched off": (
        {"top_k": 4, "score_threshold": None, "reranking_enable": False, "reranking_mode": "reranking_model"},
        SearchChoice(("d1",), 4, rerank=False),
    ),
    "weights": (
        {"top_k": 6, "reranking_enable": True, "reranking_mode": "weighted_score", "weights": WEIGHTS},
        SearchChoice(("d1",), 6, semantic_weight=0.7, rerank=False),
    ),
    "weights switched off": (
        {"reranking_enable": False, "reranking_mode": "weighted_score", "weights": WEIGHTS},
        SearchChoice(("d1",), rerank=False),
    ),
    "a threshold switched off": (
        {"score_threshold_enabled": False, "score_threshold": 0.9, "reranking_mode": ""},
        SearchChoice(("d1",)),
    ),
}


@pytest.mark.parametrize("case", MULTIPLE, ids=str)
async def test_what_is_said_of_several_datasets_reaches_the_knowledge(case: str) -> None:
    said, wanted = MULTIPLE[case]
    knowledge = FakeKnowledge(BLUE)
    await bodies_of(searching(case, multiple_retrieval_config=said), ports_of(knowledge=knowledge))
    assert knowledge.searched == [("What is blue?", wanted)]


async def test_conditions_are_rendered_with_the_values_of_the_run() -> None:
    conditions: JsonValue = {
        "logical_operator": "or",
        "conditions": [
            {"id": "1", "name": "year", "comparison_operator": "≥", "value": "{{#start.year#}}"},
            {"id": "2", "name": "tag", "comparison_operator": "in", "value": ["a", "{{#start.text#}}"]},
            {"id": "3", "name": "author", "comparison_operator": "not empty"},
        ],
    }
    knowledge = FakeKnowledge(BLUE)
    case = searching("filter", metadata_filtering_mode="manual", metadata_filtering_conditions=conditions)
    await bodies_of(case, ports_of(knowledge=knowledge))
    [(_, choice)] = knowledge.searched
    assert choice.logic == "or" and choice.conditions == (
        MetadataCondition("year", "≥", "2020"),
        MetadataCondition("tag", "in", ["a", "What is blue?"]),
        MetadataCondition("author", "not empty"),
    )
    off = searching("off", metadata_filtering_mode="disabled", metadata_filtering_conditions=conditions)
    await bodies_of(off, ports_of(knowledge=knowledge))
    assert knowledge.searched[-1][1].conditions == ()
    wrong: JsonValue = {"conditions": [{"name": "year", "comparison_operator": "=", "value": "{{#gone.year#}}"}]}
    case = searching("wrong", metadata_filtering_mode="manual", metadata_filtering_conditions=wrong)
    with pytest.raises(InvalidGraph, match="no node 'gone'"):
        await check_run(spec_of_case(case), ports_of())


async def test_a_model_may_write_the_filter() -> None:
    knowledge = FakeKnowledge(BLUE)
    case = searching("automatic", metadata_filtering_mode="automatic", metadata_model_config=MODEL)
    await bodies_of(case, ports_of(knowledge=knowledge))
    assert (knowledge.searched[0][1].model_filter, knowledge.searched[0][1].model) == (True, "scripted")


def single(**config: JsonValue) -> Case:
    return searching(
        "single", dataset_ids=["d1", "d2"], retrieval_mode="single", single_retrieval_config={"model": MODEL}, **config
    )


async def test_a_model_chooses_the_dataset() -> None:
    knowledge = FakeKnowledge(BLUE, known=(D1, D2))
    model = ScriptedModel(always('{"choice": "Laws"}'), supports_schema=True)
    bodies = await bodies_of(single(), ports_of(model, knowledge=knowledge))
    assert [search[1].dataset_ids for search in knowledge.searched] == [("d2",)]
    told = model.requests[0].messages
    assert "- Recipes: What to cook\n- Laws" in told[0].content and told[-1].content == "What is blue?"
    [found] = [body for body in bodies if isinstance(body, Sources)]
    assert [source.text for source in found.sources] == ["The sea."]
    assert outputs_of(bodies, "know")["result"]


async def test_where_the_model_cannot_choose_the_run_says_so_and_where_it_need_not_it_is_not_asked() -> None:
    knowledge = FakeKnowledge(BLUE, known=(D1, D2))
    lost = Case("lost", single().nodes, EDGES, single().inputs, None, "output_invalid")
    await run_case(lost, ports_of(ScriptedModel(in_turn(Reply("?"), Reply("?"))), knowledge=knowledge))
    alone = FakeKnowledge(BLUE, known=(D2,))
    model = ScriptedModel(always("?"))
    await bodies_of(single(), ports_of(model, knowledge=alone))
    assert not model.requests and alone.searched[0][1].dataset_ids == ("d2",), "the other one is gone"
    anyone = FakeKnowledge(BLUE, known=(D1, D2))
    case = searching(
        "none", dataset_ids=["d1", "d2"], retrieval_mode="single", single_retrieval_config={"model": {"name": ""}}
    )
    await bodies_of(case, ports_of(knowledge=anyone))
    assert anyone.searched[0][1].dataset_ids == ("d1", "d2"), "without a model all are searched"


async def test_a_description_is_no_template() -> None:
    evil = DatasetInfo("d2", "Laws", "{{#start.text#}} {{ 7 * 7 }}")
    model = ScriptedModel(always('{"choice": "Laws"}'), supports_schema=True)
    await bodies_of(single(), ports_of(model, knowledge=FakeKnowledge(BLUE, known=(D1, evil))))
    assert "{{#start.text#}} {{ 7 * 7 }}" in model.requests[0].messages[0].content


async def test_a_missing_model_is_found_before_the_run() -> None:
    with pytest.raises(ModelNotFound):
        await check_run(spec_of_case(single()), ports_of())


async def test_the_conversation_goes_along_for_a_question_that_does_not_stand_alone() -> None:
    history = (Turn("user", "Tell me of Oslo."), Turn("assistant", "It is a city."))
    knowledge = FakeKnowledge(BLUE)
    config: dict[str, JsonValue] = {"dataset_ids": ["d1"], "multiple_retrieval_config": {"rewrite": True}}
    spec = spec_of(
        [node("know", "knowledge-retrieval", config)], query="Where is it?", history=history, mode="chatflow"
    )
    assert [body async for body in run_graph(spec, ports_of(knowledge=knowledge))]
    assert knowledge.searched == [("Where is it?", SearchChoice(("d1",), rewrite=True, history=history))]
