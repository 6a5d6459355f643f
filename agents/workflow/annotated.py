"""Answers a run with what a person wrote to a question like this one, before any model is asked."""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import replace

from agents.events import AnnotationReply, Body, RunFinished, TextDelta, TextReset
from agents.nodes.base import usage_json
from agents.ports import Annotated, Annotations
from agents.types import RunSpec
from agents.workflow.attempt import failure_of
from agents.workflow.state import RunState
from inference.types import Usage

ANNOTATION_NODE = "annotation_reply"
"""Under which the answer is shown; no node of a graph is called so."""


async def annotated(
    spec: RunSpec, annotations: Annotations, state: RunState, wait_s: float
) -> AsyncGenerator[Body, None]:
    """Yield what the look-up adds to a run, and add it to `state`, which has ended after a hit.

    Nothing that the look-up does fails the run: it goes on with its graph, and the event says why. What an earlier
    attempt has found stands.
    """
    began = time.perf_counter()
    found = state.annotation
    if found is None:
        found = await _look_up(spec, annotations, wait_s)
        state.add(found)
        yield found
    if found.outcome != "hit":
        return
    shown = state.node(ANNOTATION_NODE).shown
    if shown != found.answer:
        said = TextReset(ANNOTATION_NODE, found.answer) if shown else TextDelta(ANNOTATION_NODE, found.answer)
        state.add(said)
        yield said
    elapsed_ms = (time.perf_counter() - began) * 1000
    ended = RunFinished({"answer": found.answer}, usage_json(Usage()), elapsed_ms)
    state.add(ended)
    yield ended


async def _look_up(spec: RunSpec, annotations: Annotations, wait_s: float) -> AnnotationReply:
    began = time.perf_counter()
    told = AnnotationReply("miss", spec.annotation_threshold, 0.0)
    try:
        async with asyncio.timeout(wait_s):
            found = await annotations.nearest(spec.query, spec.annotation_model)
            if found is not None:
                told = _told(found, spec.annotation_threshold)
                if told.outcome == "hit":
                    await annotations.count_hit(found, spec.query)
    except TimeoutError:
        message = f"the embedding model {spec.annotation_model!r} did not answer in {wait_s:g} s"
        told = AnnotationReply("failed", spec.annotation_threshold, 0.0, message=message)
    except Exception as error:  # noqa: BLE001  # whatever broke the look-up, the application can answer without it
        _, message = failure_of(error, "the look-up of annotations")
        told = AnnotationReply("failed", spec.annotation_threshold, 0.0, message=message)
    return replace(told, elapsed_ms=(time.perf_counter() - began) * 1000)


def _told(found: Annotated, threshold: float) -> AnnotationReply:
    is_hit = found.score >= threshold
    return AnnotationReply(
        "hit" if is_hit else "miss",
        threshold,
        0.0,
        annotation_id=found.id,
        question=found.question,
        answer=found.answer if is_hit else "",
        score=found.score,
        author_id=found.author_id,
        author=found.author,
    )
