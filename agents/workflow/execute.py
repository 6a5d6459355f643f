"""Runs a graph and yields what happens, body by body; goes on from any prefix of an earlier attempt.

Dataflow: every node that is ready runs at once, as a task that feeds one bounded queue. A `NodeFinished` takes
effect only when the reader asks for the next body. The reader stores each body before it asks, so that whatever
a successor sees is already a checkpoint.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from agents.errors import InnerFailed, InvalidGraph, LimitReached, Paused
from agents.events import Body, NodeFailed, RunFailed, RunFinished, RunPaused, RunStarted
from agents.nodes.base import Round, usage_json
from agents.nodes.registry import NODES
from agents.ports import Ports
from agents.types import JsonObject, NodeSpec, RunSpec
from agents.workflow.annotated import annotated
from agents.workflow.attempt import failure_of
from agents.workflow.build import build_graph
from agents.workflow.flight import Flight, Kinds
from agents.workflow.frame import Frame, Place, results_of
from agents.workflow.graph import Declared, Graph
from agents.workflow.limits import RunLimits
from agents.workflow.state import RunState, fold

__all__ = ["Kinds", "RunLimits", "graph_of_run", "run_graph"]
LIMITS = RunLimits()


async def run_graph(
    spec: RunSpec,
    ports: Ports,
    past: Sequence[Body] = (),
    *,
    limits: RunLimits = LIMITS,
    kinds: Kinds = NODES,
) -> AsyncGenerator[Body, None]:
    """Yield the bodies that follow `past`, up to and with `RunFinished`, `RunFailed` or `RunPaused`.

    A paused run goes on with another call, once `HumanInputGiven` stands in its past.

    Nothing that a node, a model or a tool does raises from here. Closing the generator, or cancelling who awaits it,
    cancels every running node at once.
    """
    began = time.perf_counter()
    state = fold(past)
    async with aclosing(_opening(spec, ports, state, limits)) as opening:
        async for said in opening:
            yield said
    if state.ended:
        return
    try:
        graph = graph_of_run(spec, kinds)
    except InvalidGraph as error:
        yield RunFailed(error.code, str(error))
        return
    flight = Flight(spec, ports, state, limits, kinds)
    task = asyncio.create_task(_fly(flight, graph), name=f"run {spec.run_id}")
    try:
        while (body := await flight.next_body()) is not None:
            yield body
            flight.acknowledge(body)
        ended = await task
    except LimitReached as error:
        unfinished = list(flight.running.items())
        await _stop(flight, task)
        for path, node in unfinished:
            yield NodeFailed(path, node.kind, error.code, str(error))
        yield RunFailed(error.code, str(error))
        return
    except Paused:
        yield RunPaused(state.waiting)
        return
    except InnerFailed as error:
        yield RunFailed(error.code, str(error))
        return
    except Exception as error:  # noqa: BLE001  # the ports may fail before any node runs; a node's failure is an event
        code, message = failure_of(error, "the run")
        yield RunFailed(code, flight.hidden(message))
        return
    finally:
        await _stop(flight, task)
        flight.close()
    elapsed_ms = (time.perf_counter() - began) * 1000
    outputs = _outputs(flight, graph, ended)
    yield RunFinished(outputs, usage_json(state.usage), elapsed_ms, exceptions=state.exceptions)


async def _opening(spec: RunSpec, ports: Ports, state: RunState, limits: RunLimits) -> AsyncGenerator[Body, None]:
    """Yield what comes before the nodes; `state` has ended where nothing comes after it."""
    if state.ended:
        return
    if not state.started:
        yield RunStarted(spec.app_id, spec.conversation_id, spec.inputs)
    if spec.annotation_model:
        async with aclosing(annotated(spec, ports.annotations, state, limits.annotation_s)) as bodies:
            async for body in bodies:
                yield body


def graph_of_run(spec: RunSpec, kinds: Kinds) -> Graph:
    """Return the validated graph of a run; of one node alone where that is what runs. Raises `InvalidGraph`."""
    declared = Declared.of(spec.environment, spec.conversation) if spec.mode else Declared()
    if not spec.only:
        return build_graph(spec.nodes, spec.edges, kinds, declared=declared, given=spec.given)
    inner = _inside(spec.nodes, spec.only)
    alone = [replace(node, parent="") for node in spec.nodes if node.id == spec.only]
    nodes = [*alone, *(node for node in spec.nodes if node.id in inner)]
    edges = [edge for edge in spec.edges if edge.source in inner and edge.target in inner]
    return build_graph(nodes, edges, kinds, declared=declared, given=spec.given)


def _inside(nodes: Sequence[NodeSpec], container: str) -> frozenset[str]:
    """Return the ids of all nodes that lie in a container, at any depth."""
    found: set[str] = {container}
    while more := {node.id for node in nodes if node.parent in found and node.id not in found}:
        found |= more
    return frozenset(found - {container})


async def _fly(flight: Flight, graph: Graph) -> Round:
    """Run the run's own graph; the reader learns that it is over, however it ends."""
    try:
        await flight.prepare()
        return await Frame(flight, graph, Place(flight.spec, flight.environment)).run()
    finally:
        if not flight.is_cancelled:
            await flight.send_end()


async def _stop(flight: Flight, task: asyncio.Task[Round]) -> None:
    flight.is_cancelled = True
    if task.done():
        return
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # seen: why it was stopped says more


def _outputs(flight: Flight, graph: Graph, ended: Round) -> JsonObject:
    """Return a run's outputs: its ends', or what was shown, or those of the one node that ran alone."""
    if flight.spec.only:
        return ended.scope.nodes[flight.spec.only]
    if any(flight.kinds[node.kind].is_result for node in graph.nodes.values()):
        return results_of(flight, graph, ended.scope)
    return {"answer": flight.state.answer}
