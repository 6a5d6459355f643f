"""Shows the text of answers in the order of their templates, while the nodes that they quote still write it.

What should be shown of an answer is a pure function of what has finished and what streams (`_pieces`); `catch_up`
sends the difference to what is shown. One answer at a time has the floor, so that texts never mix: the first in
topological order that surely runs, until it has finished.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

from agents.events import Body, TextDelta, TextReset
from agents.workflow.expressions import Scope, as_text, render
from agents.workflow.graph import CONVERSATION, ENVIRONMENT, SYSTEM, Graph, GraphNode, Selector
from agents.workflow.state import RunState

Piece = tuple[str, str]
"""(the node that said it, or empty; its text)"""


class Showing:
    """The answers of a run's own graph.

    `send` passes a body on to the reader; `scope` is what has finished by now; `mask` hides secrets.
    """

    def __init__(
        self,
        graph: Graph,
        state: RunState,
        scope: Callable[[], Scope],
        send: Callable[[Body], Awaitable[None]],
        mask: Callable[[str], str] = str,
    ) -> None:
        self._graph = graph
        self._scope = scope
        self._send = send
        self._mask = mask
        self._speaks = frozenset(node.id for node in graph.nodes.values() if node.inner and _shows_text(node.inner))
        self._streaming = {(node.id, node.streams) for node in graph.nodes.values() if node.streams}
        self._answers = [node for node in graph.nodes.values() if self._has_text(node)]
        self._fed = {selector[0] for node in self._answers for selector in node.segments if self._is_stream(selector)}
        self._shown = {node.id: state.nodes[node.id].shown for node in self._answers if node.id in state.nodes}
        self._live: dict[str, str] = {}
        self._finished: set[str] = set()
        self._skipped: set[str] = set()
        self._holder: GraphNode | None = None
        self._lock = asyncio.Lock()
        self._moved = asyncio.Event()

    def _has_text(self, node: GraphNode) -> bool:
        """Whether there is anything to show of it: an end shows only what streams."""
        return any(self._is_stream(segment) or not node.quotes_streams_only for segment in node.segments)

    def _is_stream(self, segment: str | Selector) -> bool:
        return isinstance(segment, tuple) and segment in self._streaming

    def is_fed_by(self, node_id: str) -> bool:
        """Whether an answer quotes what this node writes, piece by piece."""
        return node_id in self._fed

    def kept(self, node_id: str) -> str:
        """Return how much of what an interrupted node wrote is shown already."""
        for answer in self._answers:
            if (node_id, self._graph.nodes[node_id].streams) not in answer.segments:
                continue
            shown = self._shown.get(answer.id, "")
            pieces, silent = self._pieces(answer, {})
            before = "".join(text for _, text in pieces)
            if silent == node_id and shown.startswith(before):
                return shown[len(before) :]
        return ""

    async def say(self, node_id: str, text: str) -> None:
        """Take in what a node wrote next."""
        self._live[node_id] = self._live.get(node_id, "") + text
        await self.catch_up()

    async def restart(self, node_id: str, text: str) -> None:
        """A node starts again: it has written `text`, whatever it was before."""
        self._live[node_id] = text
        await self.catch_up()

    async def advance(self, finished: Iterable[str], skipped: Collection[str]) -> None:
        """Take into account what has finished, and what never will."""
        if self._answers:
            self._finished, self._skipped = set(finished), set(skipped)
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()
            await self.catch_up()

    async def catch_up(self) -> None:
        """Send what is to be shown now and is not yet."""
        async with self._lock:
            answer = self._floor()
            if answer is not None:
                await self._show(answer, *self._pieces(answer, self._live))

    async def settle(self, node_id: str, text: str | None) -> None:
        """Show all of an answer that runs: `text`, or what its segments make now that all of them are known."""
        while any(answer.id == node_id for answer in self._answers):
            async with self._lock:
                floor = self._floor()
                if floor is not None and floor.id == node_id:
                    pieces = self._pieces(floor, self._live)[0] if text is None else [("", text)]
                    await self._show(floor, pieces)
                    return
                moved = self._moved
            await moved.wait()

    async def _show(self, answer: GraphNode, pieces: list[Piece], silent: str = "") -> None:
        shown, target = self._shown.get(answer.id, ""), "".join(text for _, text in pieces)
        if target == shown or (silent and shown.startswith(target)):
            return  # in the second case an earlier attempt has shown more; whoever wrote that may go on from there
        self._shown[answer.id] = target
        if not target.startswith(shown):
            await self._send(TextReset(answer.id, target))
            return
        seen = len(shown)
        for source, text in pieces:
            if len(text) > seen:
                await self._send(TextDelta(answer.id, text[seen:], source))
            seen = max(0, seen - len(text))

    def _floor(self) -> GraphNode | None:
        """Return the answer that may show text now."""
        if self._holder is not None and self._holder.id not in self._finished | self._skipped:
            return self._holder
        self._holder = next((node for node in self._answers if self._surely_runs(node)), None)
        return self._holder

    def _surely_runs(self, node: GraphNode) -> bool:
        over = self._finished | self._skipped
        if node.id in over:
            return False
        return all(
            other in over or (len(self._graph.nodes[other].handles) == 1 and other not in self._speaks)
            for other in self._graph.ancestors[node.id]
        )

    def _pieces(self, answer: GraphNode, live: Mapping[str, str]) -> tuple[list[Piece], str]:
        """Return the beginning of an answer's text that is known by now, and who comes next and has said nothing."""
        scope = self._scope()
        quotes_streams_only = answer.quotes_streams_only
        pieces: list[Piece] = []
        for segment in answer.segments:
            if isinstance(segment, str):
                pieces.append(("", self._mask(render(segment, scope))))
                continue
            if quotes_streams_only and not self._is_stream(segment):
                continue
            source = segment[0]
            if source in self._finished or source in self._skipped or source in (SYSTEM, ENVIRONMENT):
                said = self._mask(as_text(scope.lookup(segment)))
                pieces.append((source if source in self._fed else "", said))
                continue
            if source != CONVERSATION and self._is_stream(segment) and source in live:
                pieces.append((source, live[source]))
                return pieces, ""
            return pieces, source
        return pieces, ""


def _shows_text(graph: Graph) -> bool:
    """Whether an answer lies in a container's graph, at any depth: its text comes before that of answers behind it."""
    return any(node.shows or (node.inner is not None and _shows_text(node.inner)) for node in graph.nodes.values())
