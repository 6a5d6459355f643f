"""A chat model as an engine, whatever computes its tokens: from a request to a sequence, and back to deltas.

Knows neither weights nor threads: a `TokenSource` makes the tokens, a `ChatText` says what they mean.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import cached_property
from typing import Protocol

from inference.batching.executor import Listener
from inference.batching.sequence import Sequence
from inference.config import ModelConfig
from inference.engines.chat_only import ChatOnly
from inference.engines.chat_prompts import ChatPrompts, reads_calls
from inference.engines.token_stream import DeltaWriter, Step, TokenStream
from inference.errors import InvalidRequestError
from inference.structured.grammars import Grammars
from inference.structured.vocabulary import Vocabulary
from inference.types import (
    Delta,
    EngineStats,
    FinishReason,
    GenerateRequest,
    ModelInfo,
    TokenChance,
)


class ChatText(Protocol):
    """A model's vocabulary and the template of its chats. Any thread may ask."""

    vocabulary_size: int
    end_tokens: frozenset[int]

    def tokenize(self, text: str, *, special: bool, bos: bool = False) -> list[int]:
        """Return the tokens of `text`; `special` reads control tokens in it, `bos` adds the vocabulary's own."""
        ...

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """Return the bytes of one token: perhaps a part of a character; control tokens are empty unless `special`."""
        ...

    def pieces(self) -> list[bytes]:
        """Return the bytes of every token, control tokens included, in order."""
        ...

    def control_tokens(self) -> frozenset[int]:
        """Return the tokens that are never part of a text."""
        ...

    def chat_template(self) -> str:
        """Return the template that the model carries, or an empty string."""
        ...

    def bos_text(self) -> str: ...

    def eos_text(self) -> str: ...


class TokenSource(Protocol):
    """Makes the tokens of any number of sequences, in a thread of its own."""

    def submit(self, sequence: Sequence, listener: Listener) -> None:
        """Begin or queue a sequence. Raises OverloadedError when too many wait already."""
        ...

    def cancel(self, sequence_id: int) -> None:
        """End a sequence; its listener hears no more. Unknown and ended ones are ignored."""
        ...

    def stats(self) -> EngineStats: ...

    def stop(self) -> None:
        """End every sequence and free the model; blocks until the thread is gone."""
        ...


class BatchedChat(ChatOnly):
    """One chat model. `adapters` are the names of its LoRA adapters.

    `check` raises InvalidRequestError for what the source cannot do; `constrains` says whether it keeps to grammars,
    without which there are neither schemas nor tools.
    """

    def __init__(
        self,
        config: ModelConfig,
        text: ChatText,
        source: TokenSource,
        *,
        context_tokens: int,
        adapters: tuple[str, ...] = (),
        check: Callable[[GenerateRequest], None] = lambda _: None,
        constrains: bool = True,
    ) -> None:
        self._config = config
        self._text = text
        self._source = source
        self._context_tokens = context_tokens
        self._adapter_names = adapters
        self._check = check
        self._constrains = constrains
        self._prompts = ChatPrompts(
            config,
            text.chat_template(),
            bos=text.bos_text(),
            eos=text.eos_text(),
            vocabulary_size=text.vocabulary_size,
            encode_text=lambda written: text.tokenize(written, special=True, bos=True),
            encode_chat=self._chat_encoded,
        )
        self._bos = text.bos_text()
        self._numbers = itertools.count()

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        sequence = await self._sequence(request)
        stream = TokenStream(self._pieces(request), request.sampling.stop)
        writer = DeltaWriter(
            self._prompts.parser(request), None if request.sampling.top_logprobs is None else self._chance
        )
        writer.replay(stream.replay(request.resume_tokens))
        if stream.is_stopped or sequence.remaining <= 0:
            # The engine before this one had finished, only its last words were lost.
            reason: FinishReason = "stop" if stream.is_stopped else "length"
            yield writer.last(Step(stream.flush(), finish_reason=reason), sequence)
            return
        self._source.submit(sequence, stream)
        try:
            while True:
                step = await stream.next()
                if step.error is not None:
                    raise step.error
                delta = writer.write(step, sequence)
                if delta is not None:
                    yield delta
                if step.finish_reason is not None:
                    return
        finally:
            self._source.cancel(sequence.id)

    async def tokenize(self, request: GenerateRequest) -> list[int]:
        return await self._prompts.tokens(request)

    async def count_tokens(self, request: GenerateRequest) -> int:
        return len(await self.tokenize(request))

    async def models(self) -> list[ModelInfo]:
        return [
            ModelInfo(
                id=self._config.id,
                kind="chat",
                context_tokens=self._context_tokens,
                supports_tools=self._constrains,
                supports_continuation=True,
                supports_schema=self._constrains,
                adapters=self._adapter_names,
            )
        ]

    def stats(self) -> EngineStats:
        return self._source.stats()

    async def aclose(self) -> None:
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """End every generation and free the model; blocks until the engine thread is gone."""
        self._source.stop()

    async def _sequence(self, request: GenerateRequest) -> Sequence:
        """Return what the engine thread is to generate; everything that the request may get wrong is checked here."""
        self._check(request)
        if request.adapter is not None and request.adapter not in self._adapter_names:
            raise unknown_adapter(request.adapter, self._adapter_names)
        self._prompts.tokens_check("logit_bias", tuple(token for token, _ in request.sampling.logit_bias))
        self._prompts.tokens_check("resume_tokens", request.resume_tokens)
        tokens = await self.tokenize(request)
        room = self._prompts.room_after(tokens, self._context_tokens)
        # An answer may not be longer than the room that is left: it then ends with "length", as at max_tokens.
        wanted, resumed = request.sampling.max_tokens, request.resume_tokens[:room]
        constraint, sampling = None, request.sampling
        if request.response_schema is not None or reads_calls(request):
            constraint = await asyncio.to_thread(lambda: self._grammars.constraint_for(request))
            sampling = replace(sampling, ignore_eos=False)  # a grammar must be able to end
        return Sequence(
            next(self._numbers),
            [*tokens, *resumed],
            room if wanted is None else max(1, min(wanted, room)),
            sampling,
            tenant=request.tenant,
            priority=request.priority,
            adapter=request.adapter,
            constraint=constraint,
            resumed=len(resumed),
        )

    @cached_property
    def _grammars(self) -> Grammars:
        text = self._text
        vocabulary = Vocabulary(
            pieces=text.pieces(),
            ends=text.end_tokens,
            control=text.control_tokens(),
            tokenize=lambda written: text.tokenize(written, special=False),
        )
        return Grammars(vocabulary, self._prompts.dialect)

    def _chat_encoded(self, written: str) -> list[int]:
        has_bos = bool(self._bos) and written.startswith(self._bos)
        return self._text.tokenize(written, special=True, bos=not has_bos)

    def _pieces(self, request: GenerateRequest) -> Callable[[int], bytes]:
        """Return how tokens become text: the marks of a dialect's calls are shown to the parser, if one reads."""
        text = self._text
        return text.piece if not reads_calls(request) else lambda token: text.piece(token, special=token in self._marks)

    @cached_property
    def _marks(self) -> frozenset[int]:
        """The control tokens with which the model opens and closes calls."""
        marks = {mark.encode() for mark in self._prompts.dialect.markers}
        return frozenset(
            token for token in self._text.control_tokens() if self._text.piece(token, special=True) in marks
        )

    def _chance(self, token: int, logprob: float) -> TokenChance:
        return TokenChance(self._text.piece(token, special=True), logprob)


def unknown_adapter(name: str, known: tuple[str, ...]) -> InvalidRequestError:
    listed = f"choose one of {', '.join(known)}" if known else "this model has none"
    return InvalidRequestError(f"The adapter {name[:200]!r} does not exist here: {listed}.", param="adapter")
