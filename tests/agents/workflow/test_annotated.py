"""annotated: what a person answered comes before the model, and whatever is wrong with it does not fail the run."""

import asyncio
from dataclasses import replace

import pytest

from agents.errors import InvalidInput
from agents.events import AnnotationReply, Body, RunFinished, RunStarted, TextDelta, TextReset
from agents.ports import Annotated, Annotations, Ports
from agents.types import RunSpec
from agents.workflow.annotated import ANNOTATION_NODE
from agents.workflow.execute import run_graph
from agents.workflow.limits import RunLimits
from tests.agents.fakes import ScriptedModel, always, llm_config, node, ports_of, spec_of

NEAR = Annotated("a1", "How long is the warranty?", "Three years.", 0.9, "u1", "Ann")


class Scripted:
    """Annotations of which one is the nearest; remembers what was looked for and counted."""

    def __init__(self, found: Annotated | None = NEAR, error: Exception | None = None, *, waits: bool = False) -> None:
        self.found = found
        self.error = error
        self.waits = waits
        self.asked: list[tuple[str, str]] = []
        self.counted: list[str] = []

    async def nearest(self, question: str, model: str) -> Annotated | None:
        self.asked.append((question, model))
        if self.waits:
            await asyncio.Event().wait()
        if self.error:
            raise self.error
        return self.found

    async def count_hit(self, found: Annotated, question: str) -> None:
        self.counted.append(found.id)


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel(always("I guess two."))


def spec(threshold: float = 0.9) -> RunSpec:
    made = spec_of([node("s", "start"), node("llm", "llm", llm_config())], ["s > llm"])
    return replace(made, query="How long does it last?", annotation_model="m", annotation_threshold=threshold)


def ports(model: ScriptedModel, annotations: Annotations) -> Ports:
    return replace(ports_of(model), annotations=annotations)


async def ran(made: RunSpec, outside: Ports, past: list[Body] | None = None) -> list[Body]:
    limits = RunLimits(annotation_s=0.05)
    return [body async for body in run_graph(made, outside, past or [], limits=limits)]


def reply(bodies: list[Body]) -> AnnotationReply:
    (found,) = (body for body in bodies if isinstance(body, AnnotationReply))
    return found


async def test_a_hit_answers_the_run_and_no_model_is_asked(model: ScriptedModel) -> None:
    annotations = Scripted()
    started, found, said, ended = await ran(spec(), ports(model, annotations))
    assert isinstance(started, RunStarted) and isinstance(found, AnnotationReply)
    assert (found.outcome, found.score, found.threshold) == ("hit", 0.9, 0.9)
    assert (found.annotation_id, found.question, found.author) == ("a1", NEAR.question, "Ann")
    assert said == TextDelta(ANNOTATION_NODE, "Three years.")
    assert isinstance(ended, RunFinished) and ended.outputs == {"answer": "Three years."}
    assert ended.usage["prompt_tokens"] == ended.usage["completion_tokens"] == 0
    assert model.requests == [] and annotations.counted == ["a1"]
    assert annotations.asked == [("How long does it last?", "m")]


@pytest.mark.parametrize(
    ("score", "threshold", "is_hit"),
    [(0.9, 0.9, True), (0.899999, 0.9, False), (1.0, 1.0, True), (0.999999, 1.0, False), (0.0, 0.0, True)],
)
async def test_the_threshold_itself_is_near_enough(
    model: ScriptedModel, score: float, threshold: float, is_hit: bool
) -> None:
    annotations = Scripted(replace(NEAR, score=score))
    bodies = await ran(spec(threshold), ports(model, annotations))
    assert reply(bodies).outcome == ("hit" if is_hit else "miss")
    assert (model.requests == [], bool(annotations.counted)) == (is_hit, is_hit)


async def test_a_miss_names_the_nearest_without_its_answer_and_asks_the_model(model: ScriptedModel) -> None:
    bodies = await ran(spec(0.95), ports(model, Scripted()))
    found, last = reply(bodies), bodies[-1]
    assert (found.outcome, found.annotation_id, found.score, found.answer) == ("miss", "a1", 0.9, "")
    assert isinstance(last, RunFinished) and last.outputs == {"answer": "I guess two."}
    nothing = reply(await ran(spec(), ports(model, Scripted(None))))
    assert (nothing.outcome, nothing.annotation_id, nothing.score) == ("miss", "", 0.0)


@pytest.mark.parametrize(
    ("annotations", "says"),
    [
        (Scripted(waits=True), "did not answer in 0.05 s"),
        (Scripted(error=InvalidInput("the model server does not answer")), "the model server does not answer"),
        (Scripted(error=KeyError("x")), "internal error"),
    ],
)
async def test_what_cannot_be_looked_up_is_said_and_the_model_answers(
    model: ScriptedModel, annotations: Scripted, says: str
) -> None:
    bodies = await ran(spec(), ports(model, annotations))
    found, last = reply(bodies), bodies[-1]
    assert found.outcome == "failed" and says in found.message
    assert isinstance(last, RunFinished) and last.outputs == {"answer": "I guess two."}


async def test_without_a_model_for_them_annotations_are_not_looked_at(model: ScriptedModel) -> None:
    annotations = Scripted()
    bodies = await ran(replace(spec(), annotation_model=""), ports(model, annotations))
    assert not [body for body in bodies if isinstance(body, AnnotationReply)] and annotations.asked == []


async def test_another_attempt_goes_on_with_what_was_found(model: ScriptedModel) -> None:
    whole = await ran(spec(), ports(model, Scripted()))
    for cut in range(1, len(whole)):
        annotations = Scripted()
        rest = await ran(spec(), ports(model, annotations), whole[:cut])
        assert [type(body) for body in rest] == [type(body) for body in whole[cut:]], cut
        assert (annotations.asked == []) is (cut > 1)
    half: list[Body] = [*whole[:2], TextDelta(ANNOTATION_NODE, "Four")]
    said = (await ran(spec(), ports(model, Scripted()), half))[0]
    assert said == TextReset(ANNOTATION_NODE, "Three years.")
    assert await ran(spec(), ports(model, Scripted()), whole) == []
    assert model.requests == []
