"""Runs one node: from its start to its end, with retries, and with what its error strategy makes of a failure."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from agents.errors import InnerFailed, LimitReached, OutcomeUnknown, Paused, RunAborted
from agents.events import NodeFailed, NodeFinished, NodeRetried, NodeStarted
from agents.nodes.base import NodeContext, NodeResult, usage_json
from agents.types import JsonObject, JsonValue
from agents.workflow.failure import FAIL_BRANCH
from agents.workflow.flight import Flight
from agents.workflow.graph import GraphNode
from agents.workflow.storable import storable

logger = logging.getLogger(__name__)

INTERNAL_ERROR = "internal_error"


async def run_node(flight: Flight, node: GraphNode, ctx: NodeContext, is_closing: Callable[[], bool]) -> None:
    """Run a node and send how it ended; returns once that is stored. `is_closing`: its graph is being stopped.

    Raises `InnerFailed` when the node failed and nothing goes on from it, `LimitReached` when the run did too much,
    `Paused` when it waits for a person.
    """
    began = time.perf_counter()
    started = NodeStarted(ctx.node_id, node.kind, node.title, await _inputs(flight, node, ctx))
    if flight.kinds[node.kind].is_repeatable(node.config):
        await flight.send(started)
    else:
        await flight.send_stored(started)  # whoever finds the run after a crash must know that an effect was begun
    try:
        result = await _folded(flight, await _tried(flight, node, ctx))
    except asyncio.CancelledError:
        if is_closing():
            raise
        await _give_up(flight, node, ctx, "cancelled", f"{node.title!r} was interrupted from inside: run it again")
    except (LimitReached, Paused):
        raise
    except Exception as error:  # noqa: BLE001  # a node is a task's edge: whatever happens in it ends the run, not the worker
        code, message = failure_of(error, node.title)
        message = flight.mask.text(message)
        is_final = isinstance(error, RunAborted) or (isinstance(error, InnerFailed) and error.is_final)
        if node.handling.error_strategy is None or is_final:
            await _give_up(flight, node, ctx, code, message, is_final=is_final)
        else:
            result = _instead(flight, node, code, message)
            await _finish(flight, node, ctx, result, began, {"code": code, "message": message})
    else:
        await _finish(flight, node, ctx, result, began)


async def _inputs(flight: Flight, node: GraphNode, ctx: NodeContext) -> JsonObject:
    """Return what the trace shows; where a node reads what is not there, its run says so."""
    try:
        inputs = flight.kinds[node.kind].inputs(ctx, node.config)
        return await flight.large.folded(flight.mask.over(inputs))
    except Exception:  # noqa: BLE001  # the same failure meets the node itself, which reports it
        return {}


async def _folded(flight: Flight, result: NodeResult) -> NodeResult:
    """Return the result as it is stored: without secrets, and with references to what is large."""
    outputs = {str(storable(name)): storable(value) for name, value in result.outputs.items()}
    return replace(result, outputs=await flight.large.folded(flight.mask.over(outputs)))


async def _tried(flight: Flight, node: GraphNode, ctx: NodeContext) -> NodeResult:
    """Return the node's result, trying again as often as it may."""
    kind = flight.kinds[node.kind]
    is_effect_inside = bool(ctx.past.asked or ctx.past.opened)
    if ctx.past.attempts and not is_effect_inside and not kind.is_repeatable(node.config):
        raise OutcomeUnknown(
            f"{node.title!r} was interrupted while it ran, and may have had its effect: check that before you repeat it"
        )
    failed = ctx.past.retries
    while True:
        try:
            result = await kind.run(ctx, node.config)
            await ctx.voice.finish()
            return result
        except (LimitReached, Paused, RunAborted, OutcomeUnknown):
            raise
        except Exception as error:
            failed += 1
            if failed > node.handling.max_retries:
                raise
            code, message = failure_of(error, node.title)
            delay_s = node.handling.delay_s(failed)
        await flight.send_stored(NodeRetried(ctx.node_id, failed, code, message, delay_s))
        await ctx.reset("")
        await asyncio.sleep(delay_s)
        record = flight.state.node(ctx.node_id)
        if record.opened or record.calls:
            ctx = replace(ctx, past=flight.past_of(ctx.node_id))  # rounds and calls that finished meanwhile stay so


async def _finish(
    flight: Flight,
    node: GraphNode,
    ctx: NodeContext,
    result: NodeResult,
    began: float,
    failure: JsonObject | None = None,
) -> None:
    body = NodeFinished(
        node_id=ctx.node_id,
        node_kind=node.kind,
        outputs=result.outputs,
        usage=usage_json(result.usage),
        elapsed_ms=(time.perf_counter() - began) * 1000,
        model=result.model,
        handle=result.handle,
        failure=failure or {},
    )
    await flight.send_stored(body)
    flight.count_tokens(body)


async def _give_up(
    flight: Flight, node: GraphNode, ctx: NodeContext, code: str, message: str, *, is_final: bool = False
) -> None:
    await flight.send_stored(NodeFailed(ctx.node_id, node.kind, code, message))
    raise InnerFailed(ctx.node_id, code, message, is_final=is_final)


def _instead(flight: Flight, node: GraphNode, code: str, message: str) -> NodeResult:
    """Return what stands for the outputs of a node that failed and goes on."""
    declared = flight.kinds[node.kind].output_types(node.config) or {}
    told: dict[str, JsonValue] = {**dict.fromkeys(declared), "error_message": message, "error_type": code}
    match node.handling.error_strategy:
        case "default-value":
            return NodeResult({**told, **node.handling.defaults()})
        case "fail-branch":
            return NodeResult(told, handle=FAIL_BRANCH)
        case None:
            raise AssertionError("a node without a strategy gives up")
        case other:
            assert_never(other)


def failure_of(error: Exception, title: str) -> tuple[str, str]:
    """Return code and message for whoever runs the application; what is not of our error trees is only logged."""
    code = getattr(error, "code", None)
    is_ours = isinstance(code, str) and hasattr(error, "http_status") and hasattr(error, "retryable")
    if is_ours:
        return str(code), str(error)
    logger.error("node %r failed unexpectedly", title, exc_info=error)
    return INTERNAL_ERROR, f"{title!r} stopped because of an internal error; the log of the worker has the details"
