"""Streams and answers of workflow apps and chatflows in Dify's wire format."""

from collections.abc import AsyncIterator

from agents.events import Event, RunCancelled, RunFailed, RunFinished, RunPaused, TextDelta, TextReset
from agents.workflow.paths import node_of
from agents.workflow.state import RunState
from backend.runs.dialects.dify import PING, Chunk, DifyMessages, MessageFacts, ended_without, finish_of
from backend.runs.dialects.dify_graph import GraphEvents, GraphFacts
from backend.runs.sse import sse_frame

ENDS = (RunFinished, RunFailed, RunCancelled)


class DifyWorkflow:
    """Translates the run of a workflow app, event by event."""

    def __init__(self, facts: GraphFacts) -> None:
        self.facts = facts
        self._state = RunState()
        self._graph = GraphEvents(facts, self._state)

    def translate(self, event: Event) -> list[Chunk]:
        """Return the chunks that this event adds to the stream."""
        body = event.body
        self._state.add(body)
        common = {"workflow_run_id": self.facts.run_id, "task_id": self.facts.run_id}
        match body:
            case TextDelta():
                selector = [node_of(body.source or body.node_id), "text"]
                return [
                    {"event": "text_chunk", **common, "data": {"text": body.text, "from_variable_selector": selector}}
                ]
            case TextReset():
                return [{"event": "text_replace", **common, "data": {"text": self._state.answer}}]
            case _:
                return self._graph.translate(event)


class DifyChatflow:
    """Translates the run of a chatflow: its messages, and around them the course of its graph."""

    def __init__(self, message: MessageFacts, graph: GraphFacts) -> None:
        self.messages = DifyMessages(message)
        self._facts = message
        self._graph = GraphEvents(graph, self.messages.state)

    def translate(self, event: Event) -> list[Chunk]:
        """Return the chunks that this event adds to the stream."""
        told = self.messages.translate(event)
        course = [self._around(chunk) for chunk in self._graph.translate(event)]
        # A failure is told by the graph before the stream ends with the error; else the message ends first.
        return [*course, *told] if isinstance(event.body, RunFailed) else [*told, *course]

    def _around(self, chunk: Chunk) -> Chunk:
        facts = self._facts
        common: Chunk = {"conversation_id": facts.conversation_id, "message_id": facts.run_id}
        return {"event": chunk["event"], **common, "created_at": facts.created_at, **chunk}


async def lines(
    translator: DifyWorkflow | DifyChatflow, events: AsyncIterator[Event | None], *, ends_at_pause: bool = True
) -> AsyncIterator[str]:
    """Yield the stream's lines; a silence of the run becomes a ping, and a pause ends the stream."""
    async for event in events:
        if event is None:
            yield PING
            continue
        for chunk in translator.translate(event):
            yield sse_frame(chunk)
        if ends_at_pause and isinstance(event.body, RunPaused):
            return


async def collect_workflow(facts: GraphFacts, events: AsyncIterator[Event | None]) -> Chunk:
    """Return the blocking answer of a workflow app: a run that failed is an answer too."""
    translator = DifyWorkflow(facts)
    async for event in events:
        if event is None:
            continue
        chunks = translator.translate(event)
        if isinstance(event.body, (*ENDS, RunPaused)):
            return {"workflow_run_id": facts.run_id, "task_id": facts.run_id, "data": chunks[-1]["data"]}
    raise ended_without(facts.run_id)


async def collect_chatflow(message: MessageFacts, graph: GraphFacts, events: AsyncIterator[Event | None]) -> Chunk:
    """Return the blocking answer of a chatflow; raises `ApiError` with the run's own error when it failed."""
    translator = DifyChatflow(message, graph)
    finish = await finish_of(message.run_id, translator.translate, events, ends_at_pause=True)
    return translator.messages.answer(finish)
