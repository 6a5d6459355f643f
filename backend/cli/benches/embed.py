"""`bench embed`: our embedding engine against sentence-transformers with torch, both on this processor.

Each side is a process of its own that holds the same model. Ours is the engine library as the inference server loads
it; the peer computes in float32, its default, at the best of several thread and batch settings found in the same run.
"""

import base64
import math
import random
import statistics
import subprocess
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path

from backend.cli.benches.peers import python_environment
from backend.cli.benches.sides import Side, side_of
from backend.cli.benches.table import Row, report
from backend.cli.screen import say, step
from backend.embedded.home import REPOSITORY, Home
from inference.config import EMBEDDING_MODEL, builtin_models
from inference.engines.llama_threads import cores_available

GATE = 1.5
LEAST_COSINE = 0.999
ROUNDS = 5
TEXTS = 64
WORDS = 126  # with [CLS] and [SEP] 128 tokens: every word below is one token
MIXED_WORDS = (4, 250)
PEER_PACKAGES = ("torch", "sentence-transformers")
PEER_BATCHES = (4, 8, 16, 32)
PEER = Path(__file__).parent / "embed_peer.py"
OURS = "backend.cli.benches.embed_ours"


class Embedding(Side):
    """A process that embeds."""

    def seconds(self, texts: Sequence[str], **settings: int) -> float:
        taken = self.ask(texts=texts, **settings)["seconds"]
        assert isinstance(taken, float)
        return taken

    def vectors(self, texts: Sequence[str]) -> list[Sequence[float]]:
        packed = self.ask(texts=texts, wants_vectors=True)["vectors"]
        assert isinstance(packed, str)
        values = array("f", base64.b64decode(packed))
        width = len(values) // len(texts)
        return [values[start : start + width] for start in range(0, len(values), width)]


def _texts(vocabulary: Sequence[str], shortest: int, longest: int) -> list[str]:
    """Return TEXTS texts of words that are one token each, the same in every run."""
    words = [word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 2]
    chosen = random.Random(shortest)  # noqa: S311  # the same texts in every run, no secret
    return [" ".join(chosen.choices(words, k=chosen.randint(shortest, longest))) for _ in range(TEXTS)]


def _best_settings(peer: Embedding, texts: Sequence[str]) -> dict[str, int]:
    """Return the threads and batch size at which the peer is fastest now."""
    settings = [
        {"threads": threads, "batch": batch} for threads in sorted({1, cores_available()}) for batch in PEER_BATCHES
    ]
    for setting in settings:
        peer.seconds(texts[:8], **setting)
    best = min(settings, key=lambda setting: min(peer.seconds(texts, **setting) for _ in range(2)))
    say(f"  sentence-transformers is fastest with {best['threads']} threads and batches of {best['batch']} texts")
    return best


def _alternate(
    ours: Embedding, peer: Embedding, texts: Sequence[str], best: dict[str, int]
) -> tuple[list[float], list[float]]:
    """Return the seconds of both sides; each goes first in every other round."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS):
        for side in (0, 1) if number % 2 else (1, 0):
            taken[side].append(peer.seconds(texts, **best) if side else ours.seconds(texts))
    return taken


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True)) / math.hypot(*one) / math.hypot(*other)


def embed(home: Home, json_file: str | None) -> int:
    """Print texts per second of both sides, and how far their vectors agree; 1 when a gate is missed."""
    config = next(model for model in builtin_models(home.root) if model.id == EMBEDDING_MODEL)
    assert config.convert_from is not None
    if not config.path.exists():
        module = "inference.quantization.convert"
        subprocess.run([sys.executable, "-m", module, config.convert_from, config.path], cwd=REPOSITORY, check=True)
    python = python_environment(home, "sentence-transformers", PEER_PACKAGES)
    vocabulary = (config.convert_from / "vocab.txt").read_text(encoding="utf-8").split("\n")
    even, mixed = _texts(vocabulary, WORDS, WORDS), _texts(vocabulary, *MIXED_WORDS)
    with (
        side_of(Embedding, sys.executable, "-m", OURS, str(home.root)) as ours,
        side_of(Embedding, str(python), str(PEER), str(config.convert_from)) as peer,
    ):
        with step("Looking for the peer's best setting"):
            best = _best_settings(peer, even)
        with step("Measuring in alternating rounds"):
            even_s, mixed_s = _alternate(ours, peer, even, best), _alternate(ours, peer, mixed, best)
        cosine = min(map(_cosine, ours.vectors(mixed), peer.vectors(mixed)))
    rates = [[TEXTS / statistics.median(side) for side in taken] for taken in (even_s, mixed_s)]
    rows = [
        Row(
            "128 tokens, texts/s",
            *rates[0],
            f"at least {GATE} x",
            rates[0][0] >= GATE * rates[0][1],
        ),
        Row("6 to 252 tokens, texts/s", *rates[1], "shown, no gate", True),
        Row("least cosine of both vectors", cosine, 1.0, f"at least {LEAST_COSINE}", cosine >= LEAST_COSINE),
    ]
    raw = {"ours": even_s[0], "peer": even_s[1], "ours_mixed": mixed_s[0], "peer_mixed": mixed_s[1]}
    in_ms = {name: [1000 * value for value in values] for name, values in raw.items()}
    return report("embed", f"sentence-transformers, {best['threads']} threads", rows, in_ms, json_file)
