"""Computes steps with a causal model of `transformers`: a cache per slot, joined while the same sequences decode."""

import inspect
import time
from collections.abc import Mapping
from collections.abc import Sequence as Sized
from dataclasses import dataclass
from types import ModuleType

from inference.batching.sequence import Copy, Outcome, Row, Sequence, Token, Trim
from inference.engines.logit_sampling import Logits, LogitSampler

Layers = list[tuple[object, object]]
"""Keys and values of every layer, torch tensors of shape (rows, heads, tokens, width); never changed in place."""


@dataclass(slots=True)
class _Joined:
    """The caches of several slots in one, filled up on the left: row i begins after `pads[i]` cells of nothing."""

    slots: tuple[int, ...]
    layers: Layers
    pads: list[int]
    length: int


class TorchExecutor:
    """Implements Executor; the engine thread is its only caller.

    Rows that decode are computed together, prompts one by one. Slots share the tensors of common prefixes.
    """

    def __init__(self, torch: ModuleType, transformers: ModuleType, model: object, *, ends: frozenset[int]) -> None:
        self._torch = torch
        self._new_cache = transformers.DynamicCache
        self._model = model
        self._device = model.device  # type: ignore[attr-defined]  # a PreTrainedModel, which has no types here
        self._ends = ends
        self._caches: dict[int, Layers] = {}
        self._joined: _Joined | None = None
        self._samplers: dict[int, LogitSampler] = {}
        self._keeps_logits = "logits_to_keep" in inspect.signature(model.forward).parameters  # type: ignore[attr-defined]
        self.compute_s = 0.0

    def open(self, sequence: Sequence) -> None:
        self._samplers[sequence.id] = LogitSampler(sequence, ends=self._ends)

    def move(self, moves: Sized[Copy | Trim]) -> None:
        if moves:
            self._part()
        for move in moves:
            match move:
                case Copy(source, target, tokens):
                    self._caches[target] = _cut(self._caches.get(source, []), tokens)
                case Trim(slot, tokens):
                    self._trim(slot, tokens)

    def run(self, rows: Sized[Row], adapter: str | None) -> list[Outcome]:
        assert adapter is None
        started = time.perf_counter()
        try:
            with self._torch.inference_mode():
                logits = self._computed(rows)
        except BaseException:
            # Rows must be as they were before: what was computed of them is forgotten.
            self._part()
            for row in rows:
                self._trim(_slot(row), row.start)
            raise
        finally:
            self.compute_s += time.perf_counter() - started
        return [self._outcome(row, logits[at]) for at, row in enumerate(rows)]

    def close(self, sequence: Sequence) -> None:
        self._samplers.pop(sequence.id, None)

    def shutdown(self) -> None:
        self._caches.clear()
        self._samplers.clear()
        self._joined = None
        self._model = None

    def _computed(self, rows: Sized[Row]) -> Mapping[int, Logits]:
        """Return the logits of each row that samples: float32 of shape (1 + guesses, vocabulary_size)."""
        decoding = [at for at, row in enumerate(rows) if row.samples and row.size == 1 and row.start > 0]
        if len(decoding) < 2:
            decoding = []
        logits = dict(zip(decoding, self._decode([rows[at] for at in decoding]), strict=True)) if decoding else {}
        for at, row in enumerate(rows):
            if at not in logits:
                logits[at] = self._extend(row)
        return logits

    def _extend(self, row: Row) -> Logits:
        """Compute one row after what its slot holds."""
        self._part()
        slot, sequence = _slot(row), row.sequence
        tokens = [*sequence.tokens[row.start : row.start + row.count], *row.draft]
        kept = 1 + len(row.draft) if row.samples else 1
        cache = self._cache(self._caches.get(slot, []))
        given = self._torch.tensor([tokens], device=self._device)
        (logits,) = self._forward(given, cache, kept=kept)
        self._caches[slot] = _layers(cache)
        return logits

    def _decode(self, rows: list[Row]) -> list[Logits]:
        """Compute one token of each row, all in one go."""
        torch = self._torch
        joined = self._join([_slot(row) for row in rows])
        cache = self._cache(joined.layers)
        tokens = torch.tensor([[row.sequence.tokens[row.start]] for row in rows], device=self._device)
        positions = torch.tensor([[row.start] for row in rows], device=self._device)
        pads = torch.tensor(joined.pads, device=self._device)
        mask = (torch.arange(joined.length + 1, device=self._device)[None] >= pads[:, None]).long()
        logits = self._forward(tokens, cache, kept=1, attention_mask=mask, position_ids=positions)
        joined.layers = _layers(cache)
        joined.length += 1
        return logits

    def _forward(self, tokens: object, cache: object, *, kept: int, **given: object) -> list[Logits]:
        wanted = {"logits_to_keep": kept} if self._keeps_logits else {}
        answer = self._model(input_ids=tokens, past_key_values=cache, use_cache=True, **wanted, **given)  # type: ignore[operator]
        return list(answer.logits[:, -kept:].float().cpu().numpy())

    def _cache(self, layers: Layers) -> object:
        # Without the model's config every layer keeps all cells: windows are then a matter of the mask alone.
        return self._new_cache(layers) if layers else self._new_cache()

    def _join(self, slots: list[int]) -> _Joined:
        """Return the caches of the slots in one; the one of the step before when it is still theirs."""
        if self._joined is not None and self._joined.slots == tuple(slots):
            return self._joined
        self._part()
        caches = [self._caches.pop(slot) for slot in slots]
        lengths = [_length(layers) for layers in caches]
        longest = max(lengths)
        pad, cat = self._torch.nn.functional.pad, self._torch.cat
        layers: Layers = []
        for parts in zip(*caches, strict=True):
            filled = [
                tuple(pad(tensor, (0, 0, longest - length, 0)) for tensor in pair)
                for pair, length in zip(parts, lengths, strict=True)
            ]
            layers.append((cat([keys for keys, _ in filled]), cat([values for _, values in filled])))
        self._joined = _Joined(tuple(slots), layers, [longest - length for length in lengths], longest)
        return self._joined

    def _part(self) -> None:
        """Give every slot of the joined cache its own again."""
        joined, self._joined = self._joined, None
        if joined is None:
            return
        for at, (slot, pad) in enumerate(zip(joined.slots, joined.pads, strict=True)):
            self._caches[slot] = [(_own(keys, at, pad), _own(values, at, pad)) for keys, values in joined.layers]

    def _trim(self, slot: int, tokens: int) -> None:
        if tokens <= 0:
            self._caches.pop(slot, None)
        elif slot in self._caches:
            self._caches[slot] = _cut(self._caches[slot], tokens)

    def _outcome(self, row: Row, logits: Logits) -> Outcome:
        if not row.samples:
            return Outcome((), row.start + row.count)
        try:
            return self._sampled(row, logits)
        except Exception as problem:  # noqa: BLE001  # the engine thread: the other rows of the step are done
            return Outcome((), row.start, problem)

    def _sampled(self, row: Row, logits: Logits) -> Outcome:
        """Sample as long as the guesses are right: the first token that differs, or follows them all, is the last."""
        sequence, computed = row.sequence, row.start + row.count
        sampler, left = self._samplers[sequence.id], sequence.remaining
        tokens: list[Token] = []
        accepted = 0
        for at, guess in enumerate((*row.draft, None)):
            token = sampler.sample(logits[at], left - len(tokens))
            tokens.append(token)
            if token.id in self._ends or len(tokens) == left or token.id != guess:
                break
            accepted += 1
        if accepted < len(row.draft):
            self._part()
            self._trim(_slot(row), computed + accepted)
        if tokens[-1].id not in self._ends:
            tokens += sampler.forced(left - len(tokens))
        return Outcome(tuple(tokens), computed + accepted)


def _slot(row: Row) -> int:
    assert row.sequence.slot is not None
    return row.sequence.slot


def _layers(cache: object) -> Layers:
    return [(layer.keys, layer.values) for layer in cache.layers]  # type: ignore[attr-defined]  # a DynamicCache


def _own(tensor: object, at: int, pad: int) -> object:
    """Return a copy of one row: a view would keep the rows of all others in memory."""
    part: object = tensor[at : at + 1, :, pad:].clone()  # type: ignore[index]
    return part


def _cut(layers: Layers, tokens: int) -> Layers:
    return [(keys[:, :, :tokens], values[:, :, :tokens]) for keys, values in layers]  # type: ignore[index]


def _length(layers: Layers) -> int:
    return int(layers[0][0].shape[2])  # type: ignore[attr-defined]  # a tensor
