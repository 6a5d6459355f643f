"""`models bench`: how fast a model of this machine answers, asked over HTTP as an application asks it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from random import Random
from statistics import median

import httpx

from backend.cli.benches.table import json_write, machine
from backend.cli.errors import CommandError
from backend.cli.screen import say
from backend.embedded.home import Home
from backend.embedded.state import state_running
from inference.engines.openai_http import OpenAIHttpEngine
from inference.errors import InferenceError
from inference.types import EmbedRequest, GenerateRequest, ModelInfo, SamplingParams

PROMPT_WORDS = 300
TEXT_WORDS = 80
TEXTS = 64
REPEATS = 3
LOADING_S = 600.0
"""A large model is read from a disk before its first answer."""
WORDS = ("harbour", "lamp", "river", "stone", "winter", "letter", "market", "bridge", "garden", "engine", "copper")


@dataclass(frozen=True, slots=True)
class Streams:
    """So many answers at once. `tokens_s` is of all together, `first_s` until the first token of each, the median."""

    streams: int
    tokens_s: float
    first_s: float


@dataclass(frozen=True, slots=True)
class Speed:
    """A chat model's: seconds until the first token of a lone prompt of so many tokens, and tokens a second."""

    prompt_tokens: int
    first_s: float
    decode: tuple[Streams, ...]


@dataclass(frozen=True, slots=True)
class EmbeddingSpeed:
    """An embedding model's: texts of so many tokens, one by one and many in a request."""

    text_tokens: float
    alone_ms: float
    texts_s: float


def model_bench(home: Home, *, name: str, streams: Sequence[int], tokens: int, json_file: str | None) -> None:
    """Print a model's speed on the running platform, medians of three; raises CommandError when it cannot be asked."""
    state = state_running(home)
    if state is None:
        raise CommandError(f"no platform is running in {str(home.root)!r}: `./atelier up --detach` starts it")
    try:
        found = asyncio.run(_measured(state.inference_url, name, streams, tokens))
    except InferenceError as error:
        raise CommandError(error.message) from error
    _say(name, found)
    if json_file:
        json_write(json_file, {"model": name, "machine": machine(), **asdict(found)})


async def _measured(url: str, name: str, streams: Sequence[int], tokens: int) -> Speed | EmbeddingSpeed:
    async with _engine(url, max(streams)) as engine:
        listed = {info.id: info for info in await engine.models()}
        if name not in listed:
            raise CommandError(f"no model {name!r} on this machine: `./atelier models list` names those there are")
        match listed[name].kind:
            case "chat":
                return await _chat(engine, listed[name], streams, tokens)
            case "embedding":
                return await _embedding(engine, name)
            case other:
                raise CommandError(f"{name!r} is a model of the kind {other!r}: choose one for chat or embeddings")


@asynccontextmanager
async def _engine(url: str, at_once: int) -> AsyncIterator[OpenAIHttpEngine]:
    limits = httpx.Limits(max_connections=at_once + 1)
    async with httpx.AsyncClient(limits=limits, timeout=LOADING_S) as client:
        yield OpenAIHttpEngine(client, f"{url}/v1", dialect="atelier")


async def _chat(engine: OpenAIHttpEngine, info: ModelInfo, streams: Sequence[int], tokens: int) -> Speed:
    # Other words each time: whatever a model has read before, it need not read again.
    random = Random()  # noqa: S311  # no secret
    words = min(PROMPT_WORDS, max(1, info.context_tokens // 2 - tokens)) if info.context_tokens else PROMPT_WORDS
    await _answered(engine, info.id, "One two three", 2)  # loads it
    alone = [await _answered(engine, info.id, _text(random, words), 2) for _ in range(REPEATS)]
    decode = [await _streams(engine, info.id, random, count, tokens) for count in streams]
    return Speed(alone[0].prompt_tokens, median(one.first_s for one in alone), tuple(decode))


async def _streams(engine: OpenAIHttpEngine, name: str, random: Random, count: int, tokens: int) -> Streams:
    rates: list[float] = []
    first: list[float] = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        asked = [_answered(engine, name, _text(random, 12), tokens) for _ in range(count)]
        answers = await asyncio.gather(*asked)
        rates.append(sum(one.tokens for one in answers) / (time.perf_counter() - began))
        first += [one.first_s for one in answers]
    return Streams(count, median(rates), median(first))


@dataclass(frozen=True, slots=True)
class _Answer:
    first_s: float
    prompt_tokens: int
    tokens: int


async def _answered(engine: OpenAIHttpEngine, name: str, prompt: str, tokens: int) -> _Answer:
    sampling = SamplingParams(temperature=0.0, max_tokens=tokens, ignore_eos=True)
    began, first, asked, made = time.perf_counter(), 0.0, 0, 0
    async for delta in engine.generate(GenerateRequest(name, prompt=prompt, sampling=sampling)):
        if delta.text and not first:
            first = time.perf_counter() - began
        if delta.usage:
            asked, made = delta.usage.prompt_tokens, delta.usage.completion_tokens
    return _Answer(first or time.perf_counter() - began, asked, made)


async def _embedding(engine: OpenAIHttpEngine, name: str) -> EmbeddingSpeed:
    random = Random()  # noqa: S311  # no secret

    async def embedded_s(count: int) -> tuple[float, int]:
        texts = tuple(_text(random, TEXT_WORDS) for _ in range(count))
        began = time.perf_counter()
        made = await engine.embed(EmbedRequest(name, texts))
        return time.perf_counter() - began, made.usage.prompt_tokens

    await embedded_s(1)  # loads it
    alone = [await embedded_s(1) for _ in range(REPEATS * 3)]
    many = [await embedded_s(TEXTS) for _ in range(REPEATS)]
    tokens = sum(used for _, used in many) / (TEXTS * REPEATS)
    return EmbeddingSpeed(tokens, 1000 * median(s for s, _ in alone), TEXTS / median(s for s, _ in many))


def _text(random: Random, words: int) -> str:
    return " ".join(islice(iter(lambda: random.choice(WORDS), None), words))


def _say(name: str, found: Speed | EmbeddingSpeed) -> None:
    match found:
        case Speed():
            rate = found.prompt_tokens / found.first_s
            say(f"{name}: a prompt of {found.prompt_tokens} tokens")
            say(f"  first token after {found.first_s:.2f} s ({rate:,.0f} tokens/s read)")
            for one in found.decode:
                each = f", {one.tokens_s / one.streams:.1f} each" if one.streams > 1 else ""
                at_once = f"{one.streams} answer{'s' if one.streams > 1 else ''} at once"
                say(f"  {at_once}: {one.tokens_s:.1f} tokens/s{each}, first token after {one.first_s:.2f} s")
        case EmbeddingSpeed():
            say(f"{name}: texts of {found.text_tokens:.0f} tokens")
            say(f"  one alone: {found.alone_ms:.1f} ms")
            say(f"  {TEXTS} in a request: {found.texts_s:.1f} texts/s")
