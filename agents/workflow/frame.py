"""One graph in flight at one place of a run: the run's own, a round of a container, or a called workflow."""

import asyncio
import logging
from collections import ChainMap
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import cast

from agents.errors import InnerFailed, Paused, RunAborted
from agents.events import NodeFailed, NodeFinished, NodeStarted, RoundStarted
from agents.nodes.base import NodeContext, Round, Voice
from agents.types import Given, JsonObject, RunSpec
from agents.workflow.attempt import run_node
from agents.workflow.build import build_graph
from agents.workflow.expressions import Scope
from agents.workflow.flight import CANCEL_GRACE_S, Flight
from agents.workflow.frontier import Advancing
from agents.workflow.graph import Declared, Graph, GraphNode
from agents.workflow.paths import inside
from agents.workflow.prompts import telling
from agents.workflow.scope import scope_of
from agents.workflow.showing import Showing
from agents.workflow.voices import Answering, Direct, Masked, Quoted, Silent

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a graph runs. `prefix` precedes the paths of its nodes.

    In a round, `outer` is what its container can read by now, and the nodes read `values` under the id `container`.
    What a called workflow (`is_quiet`) says is shown nowhere: it is an output of who called.
    """

    spec: RunSpec
    environment: JsonObject
    prefix: str = ""
    outer: Callable[[], Scope] | None = None
    container: str = ""
    values: JsonObject = field(default_factory=dict)
    is_quiet: bool = False


class Frame:
    """Runs every node that is ready, at once, until none is left or one has failed."""

    def __init__(self, flight: Flight, graph: Graph, place: Place) -> None:
        self._flight = flight
        self._graph = graph
        self._place = place
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ended: list[str] = []
        self._wake: asyncio.Future[None] | None = None
        self._frontier = Advancing(graph)
        self._own: dict[str, JsonObject] = {}
        self._is_closing = False
        self._waiting: list[str] = []
        given = {} if place.prefix else {node_id: item.outputs for node_id, item in place.spec.given.items()}
        nodes: Mapping[str, JsonObject] = ChainMap(self._own, given) if given else self._own
        self._base = scope_of(place.spec, graph, flight.kinds, nodes, (), environment=place.environment)
        self._showing: Showing | None = None
        if not place.prefix:
            self._showing = Showing(graph, flight.state, self.scope, flight.send, flight.hidden)

    async def run(self) -> Round:
        """Run to the end; raises `InnerFailed` for the first node that failed, `LimitReached` for too much of anything.

        Raises `Paused` when only nodes that wait for a person are left.
        """
        try:
            self._absorb(self._graph.nodes)
            while await self._launch():
                ended = await self._next_ended()
                for node_id in ended:
                    self._note_end(node_id, self._tasks.pop(node_id))
                self._absorb(ended)
        finally:
            await self._cancel()
        if self._waiting:
            raise Paused(", ".join(self._waiting))
        return Round(self.scope(), frozenset(self._own))

    async def _next_ended(self) -> list[str]:
        """Wait until a node has ended, and return all that have."""
        if not self._ended:
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await self._wake
            finally:
                self._wake = None
        ended, self._ended = self._ended, []
        return ended

    def _on_end(self, node_id: str) -> None:
        self._ended.append(node_id)
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _note_end(self, node_id: str, task: asyncio.Task[None]) -> None:
        """Raise what ended the node, unless it waits for a person: others go on meanwhile."""
        try:
            task.result()
        except Paused:
            self._waiting.append(node_id)

    def _absorb(self, node_ids: Iterable[str]) -> None:
        """Take in how nodes ended, in this attempt or an earlier one; raises the failure of one that failed."""
        flight = self._flight
        for node_id in node_ids:
            record = flight.state.nodes.get(self._place.prefix + node_id)
            if record is None:
                continue
            if record.failed:
                raise _failure(record.failed)
            if record.finished:
                self._own[node_id] = flight.large.unfolded(record.finished.outputs)
                self._frontier.finish(node_id, record.finished.handle)

    async def _launch(self) -> bool:
        """Start every node that is ready and not yet running; False when nothing runs."""
        if self._showing:
            await self._showing.advance(self._own, self._frontier.skipped)
        for node_id in self._frontier.ready:
            if node_id not in self._tasks and node_id not in self._waiting:
                self._start(self._graph.nodes[node_id])
        return bool(self._tasks)

    def _start(self, node: GraphNode) -> None:
        flight, path = self._flight, self._place.prefix + node.id
        given = self._place.spec.given.get(node.id) if not self._place.prefix else None
        if given is not None:
            work = self._take(node, path, given)
        else:
            flight.spent.step()
            work = self._run(node, path)
        flight.running[path] = node
        task = asyncio.create_task(work, name=f"node {path}")
        self._tasks[node.id] = task
        task.add_done_callback(lambda _: self._on_end(node.id))

    async def _run(self, node: GraphNode, path: str) -> None:
        ctx = self._context(node, path)
        if self._flight.kinds[node.kind].is_container:
            await run_node(self._flight, node, ctx, self._closes)
            return
        async with self._flight.slots:
            await run_node(self._flight, node, ctx, self._closes)

    def _closes(self) -> bool:
        return self._is_closing or self._flight.is_cancelled

    async def _take(self, node: GraphNode, path: str, given: Given) -> None:
        """Let what is given stand for a run of the node."""
        await self._flight.send(NodeStarted(path, node.kind, node.title))
        outputs = await self._flight.large.folded(given.outputs)
        await self._flight.send_stored(NodeFinished(path, node.kind, outputs, handle=given.handle, given=given.why))

    def scope(self) -> Scope:
        """Return what a node that starts now may name."""
        place, state = self._place, self._flight.state
        base, inputs, nodes = self._base, self._base.inputs, self._base.nodes
        skipped: Collection[str] = self._frontier.skipped
        if place.outer is not None:
            outer = place.outer()
            round_values = {**place.values, **state.assigned.get(place.prefix, {})}
            layers = (self._own, {place.container: round_values}, outer.nodes)
            inputs, nodes = outer.inputs, ChainMap(*cast("tuple[dict[str, JsonObject], ...]", layers))  # only read
            skipped = {*outer.skipped, *skipped}
        conversation = {**base.conversation, **state.conversation} if state.conversation else base.conversation
        return Scope(inputs, nodes, base.system, skipped, base.environment, conversation, base.is_lenient)

    def _context(self, node: GraphNode, path: str) -> NodeContext:
        flight = self._flight
        past = flight.past_of(path)
        voice: Voice = Silent()
        if self._showing and node.segments:
            voice = Answering(node.id, self._showing)
        elif node.shows and not self._place.is_quiet:
            voice = Direct(path, flight.send, past.shown)
        elif self._showing and self._showing.is_fed_by(node.id):
            voice = Quoted(node.id, self._showing)
            past.pieces = [self._showing.kept(node.id)]
        if flight.mask.secrets:
            voice = Masked(voice, flight.mask)
        return NodeContext(
            node_id=path,
            spec=self._place.spec,
            ports=telling(flight.ports, path, flight.send),
            scope=self.scope(),
            past=past,
            emit=flight.send,
            emit_stored=flight.send_stored,
            voice=voice,
            rounds=InnerRounds(flight, node, path, self),
        )

    def round_at(self, container: GraphNode, path: str, index: int, values: JsonObject) -> "Frame":
        """Return the frame of a round of a container that runs here."""
        assert container.inner is not None, "only a container has rounds"
        prefix = inside(path, index)
        place = replace(self._place, prefix=prefix, outer=self.scope, container=container.id, values=values)
        return Frame(self._flight, container.inner, place)

    async def _cancel(self) -> None:
        self._is_closing = True
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            task.cancel()
        if not tasks:
            return
        done, stuck = await asyncio.wait(tasks.values(), timeout=CANCEL_GRACE_S)
        for task in done:
            if not task.cancelled():
                task.exception()  # seen: another failure came first
        for task in stuck:
            logger.error("%s of run %s does not stop", task.get_name(), self._flight.spec.run_id)


def _failure(body: NodeFailed) -> InnerFailed:
    """Return the failure that an earlier attempt stored."""
    return InnerFailed(body.node_id, body.code, body.message, is_final=body.code == RunAborted.code)


class InnerRounds:
    """Runs graphs inside one node, whose frame is `around`."""

    def __init__(self, flight: Flight, node: GraphNode, path: str, around: Frame) -> None:
        self._flight = flight
        self._node = node
        self._path = path
        self._around = around
        self._calls = 0

    async def run(self, index: int, values: JsonObject) -> Round:
        """Run the container's graph as round `index`; its nodes read `values` under the container's id."""
        values = self._flight.mask.over(values)
        await self._open(index, values)
        return await self._around.round_at(self._node, self._path, index, values).run()

    async def call(self, spec: RunSpec, environment: JsonObject) -> JsonObject:
        """Run the graph of `spec` as the node's only round, and return its outputs."""
        self._flight.spent.check_depth(spec.depth)
        self._flight.hide(spec.environment, environment)
        spec = replace(spec, inputs=self._flight.mask.over(spec.inputs))
        declared = Declared.of(spec.environment, ())
        graph = build_graph(spec.nodes, spec.edges, self._flight.kinds, declared=declared)
        await self._open(0, {"app_id": spec.app_id, "version": spec.app_version, "inputs": dict(spec.inputs)})
        place = Place(spec, environment, prefix=inside(self._path, 0), is_quiet=True)
        async with self._without_slot():
            ended = await Frame(self._flight, graph, place).run()
        return results_of(self._flight, graph, ended.scope)

    @asynccontextmanager
    async def _without_slot(self) -> AsyncIterator[None]:
        """Give the node's place among the running ones to the nodes that it waits for."""
        if not self._calls:
            self._flight.slots.release()
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            if not self._calls:
                await self._flight.slots.acquire()

    async def _open(self, index: int, values: JsonObject) -> None:
        if index not in self._flight.state.node(self._path).opened:
            await self._flight.send_stored(RoundStarted(self._path, index, await self._flight.large.folded(values)))


def results_of(flight: Flight, graph: Graph, scope: Scope) -> JsonObject:
    """Return the outputs of the graph's ends that were reached, by name."""
    outputs: JsonObject = {}
    for node in graph.nodes.values():
        if flight.kinds[node.kind].is_result and node.id in scope.nodes:
            outputs = {**outputs, **scope.nodes[node.id]}
    return outputs
