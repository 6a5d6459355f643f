"""Measures a model against its source: perplexity, divergence, agreement, speed and memory."""

import json
import math
import resource
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inference.engines.llama_threads import cores_available
from inference.quantization.loaded import Context, Loaded, Logits, Tokens, windows_of

_ROWS = 32  # of logits that are worked on at once
_PREFILLS, _DECODES, _DECODED_TOKENS = 2, 2, 24
_STATM = Path("/proc/self/statm")
Half = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Quality:
    """`perplexity` over the scored tokens, with its standard error; the others against the source, which has none."""

    tokens: int
    perplexity: float
    perplexity_error: float
    kl_mean: float = 0.0
    kl_p99: float = 0.0
    top1_agreement: float = 1.0


@dataclass(frozen=True, slots=True)
class Speed:
    """The best of some runs: `prefill` of 512 tokens, `decode` of one at a time. `memory` includes a cache of 1,024."""

    prefill_tokens_s: float
    decode_tokens_s: float
    memory_bytes: int


def reference_write(
    model: Path, text: str, windows: int, folder: Path, hear: Callable[[float], None]
) -> tuple[Speed, Quality]:
    """Keep what the source says of `text`: windows of tokens and the log-probabilities (scored, vocabulary) float16.

    The second half of each window is scored, so that every prediction has seen at least as much before.
    Returns the source's own figures: it agrees with itself.
    """
    before = _resident_bytes()
    loaded = Loaded(model)
    try:
        speed, threads = _speed(loaded, before)
        pieces = windows_of(loaded.model, text, windows, least=1)
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "windows.npy", pieces)
        scored = len(pieces) * scored_of(pieces)
        shape = (scored, loaded.model.vocabulary_size)
        kept: Half = np.lib.format.open_memmap(folder / "source.npy", mode="w+", dtype=np.float16, shape=shape)
        losses = []
        for start, logs, targets in _predictions(loaded, pieces, threads, hear):
            kept[start : start + len(logs)] = logs
            losses.append(-logs[np.arange(len(targets)), targets])
        kept.flush()  # type: ignore[attr-defined]  # a memmap
    finally:
        loaded.close()
    quality = quality_of(np.concatenate(losses))
    (folder / "quality.json").write_text(json.dumps(asdict(quality)))
    return speed, quality


def figures_of(model: Path, folder: Path, hear: Callable[[float], None]) -> tuple[Speed, Quality]:
    """Measure how fast a model is, and compare it with what `reference_write` kept of its source."""
    pieces: Tokens = np.load(folder / "windows.npy")
    source: Half = np.load(folder / "source.npy", mmap_mode="r")
    before = _resident_bytes()
    loaded = Loaded(model)
    try:
        speed, threads = _speed(loaded, before)
        quality = compared(
            (normalized(source[start : start + len(logs)].astype(np.float32)), logs, targets)
            for start, logs, targets in _predictions(loaded, pieces, threads, hear)
        )
    finally:
        loaded.close()
    return speed, quality


def compared(predictions: Iterable[tuple[Logits, Logits, Tokens]]) -> Quality:
    """Return how predictions compare with those of the source: (source's logs, logs, the tokens that came)."""
    losses, divergences, agreed = [], [], 0
    for expected, logs, targets in predictions:
        losses.append(-logs[np.arange(len(targets)), targets])
        divergences.append((np.exp(expected) * (expected - logs)).sum(axis=1))
        agreed += int((expected.argmax(axis=1) == logs.argmax(axis=1)).sum())
    quality = quality_of(np.concatenate(losses))
    divergence = np.concatenate(divergences).astype(np.float64)
    return Quality(
        quality.tokens,
        quality.perplexity,
        quality.perplexity_error,
        kl_mean=max(0.0, float(divergence.mean())),
        kl_p99=max(0.0, float(np.quantile(divergence, 0.99))),
        top1_agreement=agreed / quality.tokens,
    )


def _speed(loaded: Loaded, before: int) -> tuple[Speed, int]:
    """Measure on all cores of this process, which should be idle otherwise; also return the best threads for batches.

    `before`: bytes that were resident before the model was.
    """
    width = min(512, loaded.model.trained_context_tokens // 2)
    tokens = np.arange(width, dtype=np.int32) % loaded.model.vocabulary_size
    with loaded.context(rows=width, outputs=1, cells=2 * width) as context:
        context.run(tokens, outputs=1)  # brings the weights in from disk
        prefill_s = min(context.run(tokens, outputs=1) for _ in range(_PREFILLS))
        decode_s = _best_decode_s(context, tokens)
        memory = _resident_bytes() - before
        threads = context.batch_threads
    return Speed(width / prefill_s, _DECODED_TOKENS / decode_s, max(0, memory)), threads


def _best_decode_s(context: Context, tokens: Tokens) -> float:
    """Return the seconds for `_DECODED_TOKENS`, with one thread or all, as the engine would choose."""
    context.use_threads(1)
    best = min(_decode_s(context, tokens) for _ in range(_DECODES))
    context.use_threads(cores_available())
    for _ in range(_DECODES):
        seconds = _decode_s(context, tokens)
        if seconds > best:
            break  # other processes want the cores: every layer would wait for the slowest thread
        best = seconds
    return best


def _decode_s(context: Context, tokens: Tokens) -> float:
    first = len(tokens)
    return math.fsum(
        context.run(tokens[step : step + 1], outputs=1, position=first + step) for step in range(_DECODED_TOKENS)
    )


def scored_of(pieces: Tokens) -> int:
    """Return how many tokens of each window are scored: the second half."""
    return int(pieces.shape[1] - 1) // 2


def _predictions(
    loaded: Loaded, pieces: Tokens, threads: int, hear: Callable[[float], None]
) -> Iterator[tuple[int, Logits, Tokens]]:
    """Yield blocks of (index of the first, log-probabilities (block, vocabulary) float32, the tokens that came)."""
    scored = scored_of(pieces)
    with loaded.context(rows=pieces.shape[1] - 1, outputs=scored, threads=threads) as context:
        for number, piece in enumerate(pieces):
            context.run(piece[:-1], outputs=scored)
            logits, targets = context.logits(scored), piece[-scored:]
            for first in range(0, scored, _ROWS):
                logs = normalized(logits[first : first + _ROWS])
                yield number * scored + first, logs, targets[first : first + _ROWS]
            hear((number + 1) / len(pieces))


def normalized(logits: Logits) -> Logits:
    """Return log-probabilities."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    values: Logits = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return values


def quality_of(losses: npt.NDArray[np.float32]) -> Quality:
    """Return the quality of what predicted tokens with these losses, beside itself."""
    wide = losses.astype(np.float64)
    perplexity = math.exp(min(700.0, float(wide.mean())))
    return Quality(len(wide), perplexity, perplexity * float(wide.std()) / math.sqrt(len(wide)))


def _resident_bytes() -> int:
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    size: int = resource.getpagesize()
    return pages * size
