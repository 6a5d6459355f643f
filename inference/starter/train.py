"""Trains a LoRA adapter on the samples of a mixture (Hu et al., "LoRA: Low-Rank Adaptation", 2021).

Needs the extra `[train]`: torch, transformers and peft. The weights are those that the server runs, taken from its own
GGUF file and dequantized, so that the adapter learns to correct what quantization took as well.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inference.chat_template import ChatTemplate
from inference.starter.adapter_file import adapter_read, adapter_write
from inference.starter.branches import BRANCHED, branched_attention
from inference.starter.encode import Packed, encode, packed
from inference.starter.fused import fuse
from inference.starter.mixture import Mixture
from inference.starter.weights import Weights, lora

if TYPE_CHECKING:
    import torch
    from peft import PeftModel

PROJECTIONS = ("q_proj", "v_proj", "up_proj", "down_proj")
"""Each costs the server four operations a layer and step: all seven took a fifth of its speed."""
REPORT_STEPS, SAVE_STEPS = 10, 50
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """`minutes` of wall-clock time are trained; with `steps`, so many steps instead, which is reproducible.

    A step learns from rows of `tokens_per_step` tokens or a little more; a row is a group of samples (see `Packed`).
    """

    seed: int = 11
    rank: int = 16
    alpha: int = 32
    learning_rate: float = 1e-3
    minutes: float = 110.0
    steps: int = 0
    tokens_per_step: int = 1280
    most_tokens: int = 2048
    warm_up_steps: int = 10
    threads: int = 2
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Trained:
    """What was done: `losses` are (step, running mean of the loss in nats a token)."""

    steps: int
    tokens: int
    samples: int
    losses: tuple[tuple[int, float], ...]


def train(
    model_file: Path,
    template: ChatTemplate,
    target: Path,
    settings: Settings,
    say: Progress,
    begin_with: Path | None = None,
) -> None:
    """Train, and write the adapter `target` (GGUF) with its settings and losses beside it (JSON).

    With `begin_with`, an adapter of the same rank, training goes on from there.
    """
    import torch

    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    model = _with_adapter(model_file, settings)
    if begin_with is not None:
        _begin(model, begin_with, settings)
    weights = Weights(model)
    optimizer = torch.optim.AdamW(weights.exact.values(), lr=settings.learning_rate, weight_decay=0.0)
    steps = _steps(_rows(model_file, template, settings), settings)
    began, losses, mean_loss, tokens, samples, step = time.monotonic(), [], math.nan, 0, 0, 0
    while (done := _share_done(step, began, settings)) < 1.0:
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, done, settings)
        rows = next(steps)
        loss = _learn(model, rows, settings.device)
        weights.take_gradients()
        torch.nn.utils.clip_grad_norm_(weights.exact.values(), 1.0)
        optimizer.step()
        weights.give_back()
        step += 1
        tokens += sum(len(row.ids) for row in rows)
        samples += sum(len(row.ends) - 1 for row in rows)
        mean_loss = loss if math.isnan(mean_loss) else 0.95 * mean_loss + 0.05 * loss
        if step % REPORT_STEPS == 0:
            elapsed = time.monotonic() - began
            losses.append((step, round(mean_loss, 4)))
            say(
                f"{elapsed / 60:.1f} min, step {step}, {samples} samples, "
                f"loss {mean_loss:.3f}, {tokens / elapsed:.0f} tokens/s"
            )
        if step % SAVE_STEPS == 0:
            _save(model, weights, target, settings, Trained(step, tokens, samples, tuple(losses)))
    _save(model, weights, target, settings, Trained(step, tokens, samples, tuple(losses)))


def _with_adapter(model_file: Path, settings: Settings) -> "PeftModel":
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AttentionInterface, AutoModelForCausalLM

    AttentionInterface.register(BRANCHED, branched_attention)
    base = AutoModelForCausalLM.from_pretrained(
        model_file.parent, gguf_file=model_file.name, dtype=torch.float32, attn_implementation=BRANCHED
    )
    config = LoraConfig(r=settings.rank, lora_alpha=settings.alpha, target_modules=list(PROJECTIONS))
    model = get_peft_model(base.to(settings.device, _type(settings.device)), config, autocast_adapter_dtype=False)
    if settings.device == "cpu":
        fuse(model)
    return model


def _type(device: str) -> "torch.dtype":
    """Return the type to compute in: bfloat16 where the hardware multiplies it faster (GPUs, Intel's AMX)."""
    import torch

    fast = device != "cpu" or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fast else torch.float32


def _rows(model_file: Path, template: ChatTemplate, settings: Settings) -> Iterator[Packed]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model_file.parent, gguf_file=model_file.name)

    def tokenize(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False).input_ids)

    for group in Mixture().groups(settings.seed):
        row = packed([encode(sample, template, tokenize) for sample in group])
        if len(row.ids) <= settings.most_tokens:
            yield row


def _steps(rows: Iterator[Packed], settings: Settings) -> Iterator[list[Packed]]:
    """Yield the rows of each step."""
    while True:
        step: list[Packed] = []
        while sum(len(row.ids) for row in step) < settings.tokens_per_step:
            step.append(next(rows))
        yield step


def _learn(model: "PeftModel", rows: list[Packed], device: str) -> float:
    """Add the gradients of the mean of the rows' losses per learned token; returns it.

    A row of talk has many times as many learned tokens as one of answers from passages, and would drown it.
    """
    total = 0.0
    for row in rows:
        loss = _loss(model, row, device) / (sum(row.learned) * len(rows))
        loss.backward()
        total += loss.item()
    return total


def _loss(model: "PeftModel", row: Packed, device: str) -> "torch.Tensor":
    """Return the summed cross-entropy of what a row learns."""
    import torch

    tokens = torch.tensor([row.ids], device=device)
    positions = torch.tensor([row.positions], device=device)
    wanted = torch.tensor(row.learned, device=device)[1:]
    decoder = model.get_base_model()
    hidden = decoder.model(tokens, position_ids=positions, ends=row.ends).last_hidden_state[0]
    # Only positions that are learned pay for the vocabulary's 49,152 columns.
    logits = decoder.lm_head(hidden[:-1][wanted])
    return torch.nn.functional.cross_entropy(logits.float(), tokens[0, 1:][wanted], reduction="sum")


def _save(model: "PeftModel", weights: Weights, target: Path, settings: Settings, trained: Trained) -> None:
    shape = model.get_base_model().config
    arrays = {name: weight.detach().cpu().numpy() for name, weight in weights.exact.items()}
    heads, key_heads = shape.num_attention_heads, shape.num_key_value_heads
    adapter_write(arrays, target, alpha=settings.alpha, heads=heads, key_heads=key_heads)
    text = json.dumps({"settings": asdict(settings), **asdict(trained)}, indent=1)
    target.with_suffix(".json").write_text(text, "utf-8")


def _begin(model: "PeftModel", file: Path, settings: Settings) -> None:
    """Put the weights of an adapter file into a model's fresh adapter; what that has no projection for is left out."""
    import torch

    shape = model.get_base_model().config
    weights, alpha = adapter_read(file, heads=shape.num_attention_heads, key_heads=shape.num_key_value_heads)
    for name, weight in lora(model):
        if name not in weights or weights[name].shape != tuple(weight.shape) or alpha != settings.alpha:
            raise ValueError(f"{file.name!r} does not fit: train with its rank and alpha ({alpha:g}).")
        weight.data.copy_(torch.from_numpy(weights[name]))


def _share_done(step: int, began: float, settings: Settings) -> float:
    if settings.steps:
        return step / settings.steps
    return (time.monotonic() - began) / 60 / settings.minutes


def _rate(step: int, done: float, settings: Settings) -> float:
    warm = min(1.0, (step + 1) / settings.warm_up_steps)
    return settings.learning_rate * warm * max(0.02, 0.5 * (1 + math.cos(math.pi * done)))
