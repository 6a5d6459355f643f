"""What the tests of the executor share: the embedded chat model, contexts on it and sequences for them."""

import atexit
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inference.batching.sequence import Row, Sequence, Token
from inference.config import CHAT_MODEL, builtin_models
from inference.engines.llama_adapters import LlamaAdapters
from inference.engines.llama_bindings import LlamaModel
from inference.engines.llama_executor import LlamaExecutor
from inference.engines.llama_sampling import logits_of
from inference.types import SamplingParams

GREEDY = SamplingParams(temperature=0.0)
CONFIG = replace(builtin_models(Path("/nowhere"))[0], batch_tokens=256)
_NUMBERS = itertools.count()
assert CONFIG.id == CHAT_MODEL


@cache
def model() -> LlamaModel:
    loaded = LlamaModel(CONFIG.path)
    atexit.register(loaded.close)
    return loaded


@contextmanager
def executor(context_tokens: int = 2048, adapters: LlamaAdapters | None = None) -> Iterator[LlamaExecutor]:
    """A context of its own on the shared weights."""
    made = LlamaExecutor(CONFIG, model(), adapters or LlamaAdapters(model(), ()), context_tokens)
    try:
        yield made
    finally:
        made.free()


def tokens_of(text: str) -> list[int]:
    return model().tokenize(text, special=True)


def sequence(
    text: str | list[int], *, slot: int = 0, max_tokens: int = 64, sampling: SamplingParams = GREEDY
) -> Sequence:
    tokens = tokens_of(text) if isinstance(text, str) else list(text)
    made = Sequence(next(_NUMBERS), tokens, max_tokens, sampling)
    made.slot = slot
    return made


def step(engine: LlamaExecutor, *rows: Row, adapter: str | None = None) -> list[tuple[Token, ...]]:
    """Compute the rows and do what the scheduler would: take in what came."""
    outcomes = engine.run(rows, adapter)
    for row, outcome in zip(rows, outcomes, strict=True):
        row.sequence.computed = outcome.computed
        row.sequence.tokens += [token.id for token in outcome.tokens if token.id not in model().end_tokens]
    return [outcome.tokens for outcome in outcomes]


def rest(of: Sequence, draft: tuple[int, ...] = ()) -> Row:
    """A row of all that is missing."""
    return Row(of, of.computed, of.missing, draft)


def run_out(engine: LlamaExecutor, of: Sequence, steps: int, adapter: str | None = None) -> list[int]:
    """Open a sequence, compute it alone for some steps, and return what it generated."""
    engine.open(of)
    for _ in range(steps):
        (tokens,) = step(engine, rest(of), adapter=adapter)
        if tokens[-1].id in model().end_tokens:
            break
    engine.close(of)
    return of.tokens[of.prompt_tokens :]


def last_logits(engine: LlamaExecutor) -> npt.NDArray[np.float32]:
    """The logits of the last row of the last step."""
    return logits_of(engine.context, -1, model()).copy()
