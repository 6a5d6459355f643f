"""LoRA adapters on the real model: validated before C, switched per step."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter

from inference.engines.llama_adapters import LlamaAdapters
from inference.engines.llama_cpp import LlamaCppChat
from inference.errors import EngineFailedError, InvalidRequestError
from inference.types import Delta, GenerateRequest, SamplingParams
from tests.inference.llama_model import CONFIG, executor, last_logits, model, rest, sequence, step

pytestmark = pytest.mark.model
RANK = 4
TENSOR = "blk.29.attn_output.weight"  # of the last layer, square
CLOSE = 0.3  # mean distance of logits in which cells and batches may differ


def write_lora(
    path: Path, *, strength: float = 0.0, architecture: str = "llama", width: int = 0, kind: str = "lora"
) -> Path:
    """A LoRA of one pair of matrices; at strength 0 the second one is zero, as before the first training step."""
    width = width or model().width
    generator = np.random.default_rng(3)
    writer = GGUFWriter(path, architecture)
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", kind)
    writer.add_float32("adapter.lora.alpha", float(RANK))
    writer.add_tensor(f"{TENSOR}.lora_a", generator.normal(size=(RANK, width)).astype(np.float32))
    second = strength * generator.normal(size=(width, RANK))
    writer.add_tensor(f"{TENSOR}.lora_b", second.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_an_untrained_adapter_changes_nothing_and_a_strong_one_much(tmp_path: Path) -> None:
    files = [("zero", write_lora(tmp_path / "zero.gguf")), ("strong", write_lora(tmp_path / "s.gguf", strength=3.0))]
    adapters = LlamaAdapters(model(), files)
    assert adapters.names == ("zero", "strong")
    with executor(adapters=adapters) as engine:
        seen = {}
        for slot, name in enumerate((None, "zero", "strong", None)):
            one = sequence("Once upon a time there was a", slot=slot)
            engine.open(one)
            step(engine, rest(one), adapter=name)
            seen[slot] = last_logits(engine)
        assert np.abs(seen[0] - seen[1]).mean() < CLOSE
        assert np.abs(seen[0] - seen[2]).mean() > 3 * CLOSE
        assert np.abs(seen[0] - seen[3]).mean() < CLOSE, "the adapter acts on its own step only"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"architecture": "gpt2"}, "'llama'"),
        ({"width": 64}, "made for this very model"),
        ({"kind": "control"}, "must be a LoRA"),
    ],
)
def test_what_is_no_lora_for_this_model_is_refused_by_name(
    tmp_path: Path, changed: dict[str, str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_lora(tmp_path / "bad.gguf", **changed)  # type: ignore[arg-type]  # each its own type
    with pytest.raises(EngineFailedError, match=said):
        LlamaAdapters(model(), [("bad", path)])


def test_missing_and_broken_files_never_reach_c(tmp_path: Path) -> None:
    with pytest.raises(EngineFailedError, match=r"gone\.gguf"):
        LlamaAdapters(model(), [("gone", tmp_path / "gone.gguf")])
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(write_lora(tmp_path / "whole.gguf").read_bytes()[:500])
    with pytest.raises(EngineFailedError, match=r"broken\.gguf"):
        LlamaAdapters(model(), [("broken", broken)])
    with pytest.raises(EngineFailedError, match="Two adapters"):
        LlamaAdapters(model(), [("twice", tmp_path / "whole.gguf")] * 2)


async def test_requests_with_different_adapters_at_once_get_what_each_would_get_alone(tmp_path: Path) -> None:
    files = (("a", write_lora(tmp_path / "a.gguf", strength=3.0)), ("zero", write_lora(tmp_path / "zero.gguf")))
    engine = LlamaCppChat(replace(CONFIG, adapters=files, context_tokens=1024))
    try:
        (info,) = await engine.models()
        assert info.adapters == ("a", "zero")
        sampling = SamplingParams(temperature=0, max_tokens=5)
        requests = [
            GenerateRequest(
                CONFIG.id, prompt="The capital of France is", adapter=adapter, sampling=sampling, tenant=str(n)
            )
            for n, adapter in enumerate(("a", None, "zero"))
        ]
        alone = [await text_of(engine.generate(request)) for request in requests]
        together = await asyncio.gather(*(text_of(engine.generate(request)) for request in requests * 2))
        assert together == alone * 2
        assert alone[1] == alone[2] != alone[0]
        with pytest.raises(InvalidRequestError, match="choose one of a, zero"):
            await text_of(engine.generate(replace(requests[0], adapter="b")))
    finally:
        await engine.aclose()


async def text_of(deltas: AsyncIterator[Delta]) -> str:
    return "".join([delta.text async for delta in deltas])
