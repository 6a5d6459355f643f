"""Where the text of a node goes."""

from collections.abc import Awaitable, Callable

from agents.events import Body, TextDelta, TextReset
from agents.nodes.base import Voice
from agents.workflow.secrets import SecretMask, StreamMask
from agents.workflow.showing import Showing


class Silent:
    """Nowhere: it is only an output."""

    async def say(self, text: str) -> None:
        """Show nothing."""

    async def restart(self, text: str) -> None:
        """Show nothing."""

    async def settle(self, text: str | None) -> None:
        """Show nothing."""

    async def finish(self) -> None:
        """Nothing was held back."""


class Direct(Silent):
    """To the reader, under the node's own path."""

    def __init__(self, path: str, send: Callable[[Body], Awaitable[None]], shown: str) -> None:
        self._path = path
        self._send = send
        self._shown = shown

    async def say(self, text: str) -> None:
        """Append to what is shown of the node."""
        self._shown += text
        await self._send(TextDelta(self._path, text))

    async def restart(self, text: str) -> None:
        """Replace what is shown of the node."""
        self._shown = text
        await self._send(TextReset(self._path, text))

    async def settle(self, text: str | None) -> None:
        """Show `text`, sending no more than the difference."""
        if text is None or text == self._shown:
            return
        if text.startswith(self._shown):
            await self.say(text[len(self._shown) :])
        else:
            await self.restart(text)


class Quoted(Silent):
    """Into the answers that quote the node."""

    def __init__(self, node_id: str, showing: Showing) -> None:
        self._node_id = node_id
        self._showing = showing

    async def say(self, text: str) -> None:
        """Append to what the node wrote."""
        await self._showing.say(self._node_id, text)

    async def restart(self, text: str) -> None:
        """Replace what the node wrote."""
        await self._showing.restart(self._node_id, text)


class Answering(Silent):
    """An answer of the run's own graph, whose text was shown as far as it was known."""

    def __init__(self, node_id: str, showing: Showing) -> None:
        self._node_id = node_id
        self._showing = showing

    async def settle(self, text: str | None) -> None:
        """Show the rest."""
        await self._showing.settle(self._node_id, text)


class Masked:
    """Another voice, without secrets: what a model or a template says of one is masked before anybody reads it."""

    def __init__(self, voice: Voice, mask: SecretMask) -> None:
        self._voice = voice
        self._mask = mask
        self._stream = StreamMask(mask)

    async def say(self, text: str) -> None:
        """Append what is surely no secret."""
        if shown := self._stream.next(text):
            await self._voice.say(shown)

    async def restart(self, text: str) -> None:
        """Replace the text."""
        self._stream.drop()
        await self._voice.restart(self._mask.text(text))

    async def settle(self, text: str | None) -> None:
        """Show `text` and nothing else."""
        self._stream.drop()
        await self._voice.settle(None if text is None else self._mask.text(text))

    async def finish(self) -> None:
        """Append what was held back."""
        if held := self._stream.rest():
            await self._voice.say(held)
        await self._voice.finish()
