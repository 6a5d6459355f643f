"""What the nodes of one attempt share: the way to the reader, the state, the limits, and what is large or secret."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel

from agents.errors import RunTimedOut
from agents.events import Body, NodeFailed, NodeFinished, PromptSent, RoundFinished, TextDelta
from agents.nodes.base import Node
from agents.ports import Ports
from agents.types import JsonObject, RunSpec, VariableSpec
from agents.workflow.graph import GraphNode
from agents.workflow.limits import RunLimits, Spent
from agents.workflow.mailbox import Mailbox
from agents.workflow.paths import ROUND, inside
from agents.workflow.secrets import SecretMask
from agents.workflow.state import NodeRecord, RunState, usage_of
from agents.workflow.values import LargeValues

logger = logging.getLogger(__name__)

QUEUE_BODIES = 64
CANCEL_GRACE_S = 0.5
Kinds = Mapping[str, Node[BaseModel]]


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A body on its way to the reader, None for the last; `stored` is set once the reader asked for the next one."""

    body: Body | None
    stored: asyncio.Future[None] | None = None


class Flight:
    """One attempt of a run. Nodes send bodies here; one takes effect when its reader says that it is stored."""

    def __init__(self, spec: RunSpec, ports: Ports, state: RunState, limits: RunLimits, kinds: Kinds) -> None:
        self.spec = spec
        self.ports = ports
        self.state = state
        self.kinds = kinds
        self.limits = limits
        self.spent = Spent(limits)
        self.large = LargeValues(ports.values)
        self.mask = SecretMask(())
        self.environment: JsonObject = {}
        self.running: dict[str, GraphNode] = {}
        self.slots = asyncio.Semaphore(limits.max_parallel)
        self.is_cancelled = False
        self._mail: Mailbox[_Parcel] = Mailbox(QUEUE_BODIES, asyncio.get_running_loop().time() + limits.max_run_s)
        self._next: _Parcel | None = None
        self._taken: _Parcel | None = None

    async def prepare(self) -> None:
        """Fetch what the nodes will need at once: the environment, and large values of earlier attempts."""
        self.environment = await self.ports.environment.values()
        self.hide(self.spec.environment, self.environment)
        done = [record.finished for record in self.state.nodes.values() if record.finished]
        await self.large.fetch(body.outputs for body in done)
        rounds = [
            body for record in self.state.nodes.values() if not record.finished for body in record.rounds.values()
        ]
        await self.large.fetch({"output": body.output} for body in rounds)
        self.spent.steps = len(done)
        self.spent.tokens = sum(_tokens(body) for body in done)

    def past_of(self, path: str) -> NodeRecord:
        """Return what has happened to a node so far, with what the references in its rounds stand for."""
        record = self.state.nodes.get(path)
        if record is None:
            return NodeRecord()
        past = record.snapshot()
        for index, body in past.rounds.items():
            past.rounds[index] = replace(body, output=self.large.unfolded({"output": body.output})["output"])
        return past

    def hide(self, declared: Iterable[VariableSpec], values: JsonObject) -> None:
        """Mask the secrets among the environment variables of a graph from now on."""
        secret = {item.name for item in declared if item.type == "secret"}
        found = [str(value) for name, value in values.items() if name in secret and value]
        if found:
            self.mask = self.mask.more(found)

    def hidden(self, text: str) -> str:
        """Return the text without the secrets that are known by now."""
        return self.mask.text(text)

    async def send(self, body: Body) -> None:
        """Pass a body on; waits while the reader is behind."""
        await self._mail.put(_Parcel(await self._public(body)))

    async def send_stored(self, body: Body) -> None:
        """Pass a body on and wait until it is stored and has taken effect."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._mail.put(_Parcel(await self._public(body), stored))
        await stored

    async def _public(self, body: Body) -> Body:
        """Return the body as it may be told: without secrets, and with references to what is large."""
        if self.mask.secrets:
            body = self.mask.body(body)
        if isinstance(body, PromptSent):
            return replace(body, messages=(await self.large.folded({"messages": body.messages}))["messages"])
        if isinstance(body, RoundFinished):
            return replace(body, output=(await self.large.folded({"output": body.output}))["output"])
        return body

    async def send_end(self) -> None:
        """Say that nothing follows."""
        await self._mail.put(_Parcel(None))

    async def next_body(self) -> Body | None:
        """Return the next body, None after the last; text of one node that already waits comes in one piece.

        Raises `RunTimedOut`.
        """
        parcel, self._next = self._next or await self._receive(), None
        self._taken = parcel
        if not isinstance(parcel.body, TextDelta):
            return parcel.body
        first, pieces = parcel.body, [parcel.body.text]
        while (later := self._mail.take_waiting()) is not None:
            self._next = later
            body = later.body
            is_more = isinstance(body, TextDelta) and (body.node_id, body.source) == (first.node_id, first.source)
            if not is_more or later.stored:
                break
            assert isinstance(body, TextDelta)
            pieces.append(body.text)
            self._next = None
        return TextDelta(first.node_id, "".join(pieces), first.source)

    async def _receive(self) -> _Parcel:
        try:
            return await self._mail.take()
        except TimeoutError as error:
            limit = f"{self.limits.max_run_s:g} s"
            raise RunTimedOut(f"the run took longer than {limit}: make it shorter or raise the limit") from error

    def acknowledge(self, body: Body) -> None:
        """Let the body take effect: its reader has stored it."""
        self.state.add(body)
        match body:
            case NodeFinished() | NodeFailed():
                self.running.pop(body.node_id, None)
                self._forget(body.node_id + ROUND)
            case RoundFinished():
                self._forget(inside(body.node_id, body.index))
        if self._taken and self._taken.stored and not self._taken.stored.done():
            self._taken.stored.set_result(None)

    def close(self) -> None:
        """Nobody reads any more."""
        self._mail.close()

    def _forget(self, prefix: str) -> None:
        """What still ran below `prefix` was stopped with what contains it."""
        for path in [path for path in self.running if path.startswith(prefix)]:
            del self.running[path]

    def count_tokens(self, body: NodeFinished) -> None:
        """Count what a node used; raises `TokenLimitReached`."""
        self.spent.add_tokens(_tokens(body))


def _tokens(body: NodeFinished) -> int:
    usage = usage_of(body)
    return usage.prompt_tokens + usage.completion_tokens
