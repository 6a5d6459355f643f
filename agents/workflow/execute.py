"""Runs a graph and yields what happens, body by body; goes on from any prefix of an earlier attempt.

Dataflow: every node that is ready runs at once, as a task that feeds one bounded queue. A `NodeFinished` takes
effect only when the reader asks for the next body. The reader stores each body before it asks, so that whatever
a successor sees is already a checkpoint.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from agents.errors import InvalidGraph, RunTimedOut, StepLimitReached
from agents.events import (
    Body,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunFailed,
    RunFinished,
    RunStarted,
    TextDelta,
)
from agents.nodes.base import Node, NodeContext, usage_json
from agents.nodes.registry import NODES
from agents.ports import Ports
from agents.types import RunSpec
from agents.workflow.frontier import frontier_of
from agents.workflow.graph import Graph, GraphNode, build_graph
from agents.workflow.scope import scope_of
from agents.workflow.state import RunState, fold

logger = logging.getLogger(__name__)

QUEUE_BODIES = 64
CANCEL_GRACE_S = 0.5
INTERNAL_ERROR = "internal_error"
Kinds = Mapping[str, Node[BaseModel]]


@dataclass(frozen=True, slots=True)
class RunLimits:
    """How much one attempt of a run may do."""

    max_steps: int = 500
    max_run_s: float = 1200.0


async def run_graph(
    spec: RunSpec,
    ports: Ports,
    past: Sequence[Body] = (),
    *,
    limits: RunLimits = RunLimits(),
    kinds: Kinds = NODES,
) -> AsyncGenerator[Body, None]:
    """Yield the bodies that follow `past`, up to and with `RunFinished` or `RunFailed`.

    Nothing that a node, a model or a tool does raises from here. Closing the generator, or cancelling who awaits it,
    cancels every running node at once.
    """
    began = time.perf_counter()
    state = fold(past)
    if state.ended:
        return
    if not state.started:
        yield RunStarted(spec.app_id, spec.conversation_id, spec.inputs)
    try:
        graph = build_graph(spec.nodes, spec.edges, kinds)
    except InvalidGraph as error:
        yield RunFailed(error.code, str(error))
        return
    flight = _Flight(graph, spec, ports, state, limits, kinds)
    try:
        while not state.failure:
            flight.launch()
            if not flight.is_running:
                break
            body = await flight.next_body()
            yield body
            flight.acknowledge(body)
    except (StepLimitReached, RunTimedOut) as error:
        unfinished = await flight.cancel()
        for node in unfinished:
            yield NodeFailed(node.id, node.kind, error.code, str(error))
        yield RunFailed(error.code, str(error))
        return
    finally:
        await flight.cancel()
    if state.failure:
        yield RunFailed(state.failure.code, state.failure.message)
    else:
        elapsed_ms = (time.perf_counter() - began) * 1000
        yield RunFinished({"answer": state.answer}, usage_json(state.usage), elapsed_ms)


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A body on its way to the reader; `stored` is set once the reader asked for the next one."""

    body: Body
    stored: asyncio.Event | None = None


class _Flight:
    """The running nodes of one attempt."""

    def __init__(
        self, graph: Graph, spec: RunSpec, ports: Ports, state: RunState, limits: RunLimits, kinds: Kinds
    ) -> None:
        self._graph = graph
        self._spec = spec
        self._ports = ports
        self._state = state
        self._limits = limits
        self._kinds = kinds
        self._queue: asyncio.Queue[_Parcel] = asyncio.Queue(QUEUE_BODIES)
        self._next: _Parcel | None = None
        self._taken: _Parcel | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._steps = sum(record.finished is not None for record in state.nodes.values())
        self._deadline = asyncio.get_running_loop().time() + limits.max_run_s
        self._is_cancelled = False

    @property
    def is_running(self) -> bool:
        """Whether a body is still to come."""
        return bool(self._tasks)

    def launch(self) -> None:
        """Start every node that is ready and not yet running; raises `StepLimitReached`."""
        finished = {node_id: record.finished for node_id, record in self._state.nodes.items() if record.finished}
        frontier = frontier_of(self._graph, {node_id: body.handle for node_id, body in finished.items()})
        for node_id in frontier.ready:
            if node_id in self._tasks:
                continue
            if self._steps >= self._limits.max_steps:
                raise StepLimitReached(f"the run would start more than {self._limits.max_steps} nodes: make it shorter")
            self._steps += 1
            node = self._graph.nodes[node_id]
            outputs = {done_id: body.outputs for done_id, body in finished.items()}
            ctx = NodeContext(
                node_id=node_id,
                spec=self._spec,
                ports=self._ports,
                scope=scope_of(self._spec, self._graph, self._kinds, outputs, frontier.skipped),
                past=self._state.node(node_id).snapshot(),
                shows=node.shows,
                emit=self._send,
                emit_stored=self._send_stored,
            )
            self._tasks[node_id] = asyncio.create_task(self._run_node(node, ctx), name=f"node {node_id}")

    async def next_body(self) -> Body:
        """Return the next body; text of one node that already waits comes in one piece. Raises `RunTimedOut`."""
        parcel, self._next = self._next or await self._receive(), None
        self._taken = parcel
        if not isinstance(parcel.body, TextDelta):
            return parcel.body
        pieces = [parcel.body.text]
        while not self._queue.empty():
            self._next = self._queue.get_nowait()
            if not isinstance(self._next.body, TextDelta) or self._next.body.node_id != parcel.body.node_id:
                break
            pieces.append(self._next.body.text)
            self._next = None
        return TextDelta(parcel.body.node_id, "".join(pieces))

    async def _receive(self) -> _Parcel:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._queue.get()
        except TimeoutError as error:
            limit = f"{self._limits.max_run_s:g} s"
            raise RunTimedOut(f"the run took longer than {limit}: make it shorter or raise the limit") from error

    def acknowledge(self, body: Body) -> None:
        """Let the body take effect: its reader has stored it."""
        self._state.add(body)
        if isinstance(body, NodeFinished | NodeFailed):
            del self._tasks[body.node_id]
        if self._taken and self._taken.stored:
            self._taken.stored.set()

    async def cancel(self) -> list[GraphNode]:
        """Stop every running node, and return those that were cut off."""
        self._is_cancelled = True
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            task.cancel()
        if tasks:
            _, stuck = await asyncio.wait(tasks.values(), timeout=CANCEL_GRACE_S)
            for task in stuck:
                logger.error("%s of run %s does not stop", task.get_name(), self._spec.run_id)
        return [self._graph.nodes[node_id] for node_id in tasks]

    async def _send(self, body: Body) -> None:
        await self._queue.put(_Parcel(body))

    async def _send_stored(self, body: Body) -> None:
        stored = asyncio.Event()
        await self._queue.put(_Parcel(body, stored))
        await stored.wait()

    async def _run_node(self, node: GraphNode, ctx: NodeContext) -> None:
        kind = self._kinds[node.kind]
        try:
            await self._send(NodeStarted(node.id, node.kind, node.title, kind.inputs(ctx, node.config)))
            began = time.perf_counter()
            result = await kind.run(ctx, node.config)
            body: Body = NodeFinished(
                node_id=node.id,
                node_kind=node.kind,
                outputs=result.outputs,
                usage=usage_json(result.usage),
                elapsed_ms=(time.perf_counter() - began) * 1000,
                model=result.model,
                handle=result.handle,
            )
        except asyncio.CancelledError:
            if self._is_cancelled:
                raise
            body = NodeFailed(
                node.id, node.kind, "cancelled", f"{node.title!r} was interrupted from inside: run it again"
            )
        except Exception as error:  # noqa: BLE001  # a node is a task's edge: whatever happens in it ends the run, not the worker
            code, message = failure_of(error, node.title)
            body = NodeFailed(node.id, node.kind, code, message)
        await self._send(body)


def failure_of(error: Exception, title: str) -> tuple[str, str]:
    """Return code and message for whoever runs the application; what is not of our error trees is only logged."""
    code = getattr(error, "code", None)
    is_ours = isinstance(code, str) and hasattr(error, "http_status") and hasattr(error, "retryable")
    if is_ours:
        return str(code), str(error)
    logger.error("node %r failed unexpectedly", title, exc_info=error)
    return INTERNAL_ERROR, f"{title!r} stopped because of an internal error; the log of the worker has the details"
