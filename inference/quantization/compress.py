"""Rounds the linear layers of a folder of safetensors to four bits for vLLM: GPTQ and AWQ, by llmcompressor.

Runs in llmcompressor's own environment; the folder that it writes is in the format compressed-tensors.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from inference.engines.extras import extra_modules
from inference.engines.folder_text import FolderText
from inference.engines.llama_threads import cores_available
from inference.quantization.errors import QuantizationError, UnsupportedModelError
from inference.quantization.loaded import Logits, Tokens, windows_of
from inference.quantization.measure import Quality, compared, normalized, quality_of, scored_of
from inference.store.describe import FOLDER_FILES

CALIBRATION_WINDOWS = 32
_GROUPS = (128, 64, 32)  # columns that share a scale: what vLLM's kernels have, the usual one first
_BITS = 4
_WEIGHTS = frozenset({"config.json", "model.safetensors.index.json"})
_SHARES = (0.1, 0.8, 1.0)  # of the work: reading the source, rounding, reading the result

Hear = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to make: `kind` is gptq or awq; the texts are read in windows, `windows` of them to measure on."""

    kind: str
    calibration: str
    evaluation: str
    windows: int


@dataclass(frozen=True, slots=True)
class _Packages:
    torch: ModuleType
    transformers: ModuleType
    tokenizers: ModuleType
    llmcompressor: ModuleType
    modifiers: ModuleType
    awq: ModuleType
    cache: ModuleType
    schemes: ModuleType


def compress(source: Path, target: Path, wish: Wish, hear: Hear) -> tuple[Quality, Quality]:
    """Write the folder `target`, whole or not at all; return what the source and the result predict of a text.

    Both are computed in float32 by transformers, the result after its scales were stored in bfloat16.
    Raises EngineMissingError, UnsupportedModelError or QuantizationError.
    """
    # Read when they are imported: nothing is looked up elsewhere.
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        os.environ.setdefault(name, "1")
    packages = _Packages(
        *extra_modules(
            "llmcompressor", "torch", "transformers", "tokenizers", "llmcompressor",
            "llmcompressor.modifiers.quantization", "llmcompressor.modifiers.transform.awq",
            "llmcompressor.pipelines.cache", "compressed_tensors.quantization",
        )
    )  # fmt: skip
    torch = packages.torch
    torch.set_num_threads(cores_available())
    if not torch.cuda.is_available():
        # It pins memory for a GPU, which fails where there is none.
        packages.cache.IntermediatesCache.pin_memory = _nothing
    text = FolderText(source, packages.tokenizers)
    pieces = windows_of(text, wish.evaluation, wish.windows, least=1)
    calibration = windows_of(text, wish.calibration, CALIBRATION_WINDOWS, least=1)
    model = _loaded(source, packages)
    read, rounded, _ = _SHARES
    expected, losses = [], []
    for logs, targets in _predictions(torch, model, pieces, lambda done: hear(read * done)):
        expected.append(logs.astype(np.float16))
        losses.append(-logs[np.arange(len(targets)), targets])
    before = quality_of(np.concatenate(losses))
    _round(model, calibration, wish.kind, packages, lambda done: hear(read + (rounded - read) * done))
    model.to(torch.bfloat16).float()  # type: ignore[attr-defined]  # a PreTrainedModel, which has no types here
    predictions = _predictions(torch, model, pieces, lambda done: hear(rounded + (1 - rounded) * done))
    after = compared(
        (normalized(known.astype(np.float32)), logs, targets)
        for known, (logs, targets) in zip(expected, predictions, strict=True)
    )
    _write(model.bfloat16(), source, target)  # type: ignore[attr-defined]
    return before, after


def _nothing(*_: object, **__: object) -> None:
    return


def _loaded(source: Path, packages: _Packages) -> object:
    packages.transformers.utils.logging.disable_progress_bar()
    try:
        model: object = packages.transformers.AutoModelForCausalLM.from_pretrained(
            source, dtype=packages.torch.float32, use_safetensors=True, local_files_only=True
        )
    except (OSError, ValueError, KeyError, RuntimeError) as problem:
        raise UnsupportedModelError(f"transformers cannot load {source.name!r}: {str(problem)[:500]}") from None
    return model


def _predictions(torch: ModuleType, model: object, pieces: Tokens, hear: Hear) -> Iterator[tuple[Logits, Tokens]]:
    """Yield, for each window, log-probabilities (scored, vocabulary) float32 and the tokens that came."""
    scored = scored_of(pieces)
    for number, piece in enumerate(pieces):
        with torch.inference_mode():
            tokens = torch.tensor(piece[None, :-1], dtype=torch.long, device=model.device)  # type: ignore[attr-defined]
            logits = model(input_ids=tokens).logits[0, -scored:].float().cpu().numpy()  # type: ignore[operator]
        yield normalized(logits), piece[-scored:]
        hear((number + 1) / len(pieces))


def _round(model: object, pieces: Tokens, kind: str, packages: _Packages, hear: Hear) -> None:
    """Let llmcompressor choose scales and round, layer by layer."""
    torch, modifiers = packages.torch, packages.modifiers
    scheme = packages.schemes.QuantizationScheme(
        targets=["Linear"],
        weights=packages.schemes.QuantizationArgs(
            num_bits=_BITS, type="int", strategy="group", group_size=_group(model, torch), symmetric=kind == "gptq"
        ),
    )
    own = {"config_groups": {"group_0": scheme}, "ignore": ["lm_head"]}
    recipe = (
        [modifiers.GPTQModifier(**own)]
        if kind == "gptq"
        else [packages.awq.AWQModifier(), modifiers.QuantizationModifier(**own)]
    )
    rows = [{"input_ids": torch.tensor(piece[:-1], dtype=torch.long)} for piece in pieces]
    _watch(model, 2 * len(rows), hear)
    try:
        packages.llmcompressor.oneshot(
            model=model, dataset=torch.utils.data.DataLoader(rows, batch_size=1), recipe=recipe,
            num_calibration_samples=len(rows), max_seq_length=pieces.shape[1],
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, NotImplementedError) as problem:
        raise QuantizationError(
            f"llmcompressor cannot round this model with {kind.upper()} ({type(problem).__name__}): "
            f"{str(problem)[:500]}. Choose another method, or a GGUF type."
        ) from problem


def _group(model: object, torch: ModuleType) -> int:
    """Return how many columns share a scale: as many as divide all of them."""
    named = model.named_modules()  # type: ignore[attr-defined]
    widths = {module.in_features for name, module in named if isinstance(module, torch.nn.Linear) and name != "lm_head"}
    for size in _GROUPS:
        if all(width % size == 0 for width in widths):
            return size
    raise UnsupportedModelError(
        f"The layers have {sorted(widths)} columns, which do not divide into groups of {_GROUPS[-1]}, the smallest "
        "that vLLM serves: choose a GGUF type."
    )


def _watch(model: object, passes: int, hear: Hear) -> None:
    """Tell how many of the expected passes through a layer are done; searches make more, and are not told."""
    layers = [
        module
        for module in model.modules()  # type: ignore[attr-defined]
        if type(module).__name__.endswith("DecoderLayer")
    ]
    done = 0

    def passed(*_: object) -> None:
        nonlocal done
        done += 1
        hear(min(1.0, done / max(1, passes * len(layers))))

    for layer in layers:
        layer.register_forward_hook(passed)


def _write(model: object, source: Path, target: Path) -> None:
    """Store the weights, and beside them what else the source's folder says: words, template, ends."""
    partial = target.with_name(f".{target.name}.partial")
    try:
        model.save_pretrained(partial, save_compressed=True)  # type: ignore[attr-defined]
        if "quantization_config" not in json.loads((partial / "config.json").read_text("utf-8")):
            raise QuantizationError("llmcompressor rounded nothing: has the model linear layers?")
        for item in source.iterdir():
            is_wanted = item.suffix in FOLDER_FILES - {".safetensors"} and item.name not in _WEIGHTS
            if item.is_file() and is_wanted:
                shutil.copyfile(item, partial / item.name)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
