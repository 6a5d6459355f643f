"""Converted text generators compute what `transformers` computed, and split text as its tokenizers did."""

import json
import struct
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from inference.engines.llama_bindings import LlamaModel, TokenBatch, library
from inference.quantization.checkpoint import Checkpoint
from inference.quantization.convert import convert
from inference.quantization.decoder import convert_decoder
from inference.quantization.errors import DamagedCheckpointError, UnsupportedModelError
from tests.inference.reference_logits import COMPARED, FALLBACK, LOGITS, TOKEN_IDS
from tests.inference.tiny_models import CONFIGS, TOKENIZER, TOKENS, Array, fingerprint, weights_of, write_folder

TOLERANCE, GELU_TOLERANCE = 2e-3, 2e-2
"""Of logits that spread over some units: float32 on both sides, but llama.cpp looks GELU up in a table of float16."""


@cache
def reference() -> dict[str, Array]:
    with np.load(LOGITS) as stored:
        return dict(stored)


def logits_of(path: Path) -> Array:
    """The logits of the last positions of TOKENS, by llama.cpp."""
    api, model = library(), LlamaModel(path)
    params = api.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = 64
    params.flash_attn_type = api.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.type_k = params.type_v = api.GGML_TYPE_F32
    context = api.llama_init_from_model(model.pointer, params)
    batch = TokenBatch(64)
    batch.extend(TOKENS, position=0, sequence=0, outputs=COMPARED)
    assert api.llama_decode(context, batch.raw) == 0
    rows = [
        np.ctypeslib.as_array(api.llama_get_logits_ith(context, len(TOKENS) - COMPARED + row), (model.vocabulary_size,))
        for row in range(COMPARED)
    ]
    values: Array = np.array(rows, np.float32)
    api.llama_free(context)
    model.close()
    return values


@pytest.mark.model
@pytest.mark.parametrize("name", CONFIGS)
def test_llama_cpp_computes_the_logits_of_transformers(name: str, tmp_path: Path) -> None:
    assert fingerprint(name) == reference()[f"{name}.sha256"].tobytes().hex(), "run tests.inference.reference_logits"
    target = convert_decoder(write_folder(tmp_path / "source", name), tmp_path / "out.gguf", exact=True)
    expected = reference()[name]
    assert expected.std() > 0.5, "logits that do not differ would agree with anything"
    np.testing.assert_allclose(
        logits_of(target), expected, atol=GELU_TOLERANCE if name.startswith("gemma") else TOLERANCE
    )


@pytest.mark.model
def test_halves_and_brain_floats_are_read_and_written(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "source", "llama")
    weights = weights_of("llama")
    (folder / "model.safetensors").unlink()
    # float32 cut to its upper half is a brain float, which numpy has no name for.
    cut = {name: (values.view(np.uint32) >> 16).astype("<u2") for name, values in weights.items()}
    raw, header, at = b"", {}, 0
    for name, values in cut.items():
        header[name] = {"dtype": "BF16", "shape": list(values.shape), "data_offsets": [at, at + values.nbytes]}
        raw, at = raw + values.tobytes(), at + values.nbytes
    told = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(told)) + told + raw)
    found = logits_of(convert_decoder(folder, tmp_path / "out.gguf"))
    assert np.abs(found - reference()["llama"]).max() < 0.5
    assert np.corrcoef(found.ravel(), reference()["llama"].ravel())[0, 1] > 0.999


@pytest.mark.model
def test_shards_are_one_model(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "source", "qwen2")
    weights = weights_of("qwen2")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    placed = {name: f"model-0000{1 + index % 2}-of-00002.safetensors" for index, name in enumerate(names)}
    for file in set(placed.values()):
        save_file({name: weights[name] for name in names if placed[name] == file}, folder / file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": placed}))
    found = logits_of(convert_decoder(folder, tmp_path / "out.gguf", exact=True))
    np.testing.assert_allclose(found, reference()["qwen2"], atol=TOLERANCE)
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(DamagedCheckpointError, match="model-00002-of-00002"):
        Checkpoint(folder)


def with_tokenizer(folder: Path, tokenizer: Path) -> Path:
    """A tiny llama whose embedding has a row for every token of `tokenizer`, and four more."""
    size = len(json.loads(tokenizer.read_text())["model"]["vocab"]) + 4
    weights = weights_of("llama")
    wide = {"model.embed_tokens.weight", "lm_head.weight"}
    weights |= {name: np.resize(weights[name], (size, weights[name].shape[1])) for name in wide}
    write_folder(folder, "llama", weights)
    (folder / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    return folder


def as_sentencepiece(tokenizer: Path) -> bytes:
    """The pieces of a tokenizer.json as SentencePiece stores them."""

    def message(field: int, raw: bytes) -> bytes:
        assert len(raw) < 128
        return bytes([field << 3 | 2, len(raw)]) + raw

    told = json.loads(tokenizer.read_text())["model"]
    ranks: dict[str, int] = {}
    for rank, (first, second) in enumerate(told["merges"]):
        ranks.setdefault(first + second, rank)
    pieces = b""
    for text, number in sorted(told["vocab"].items(), key=lambda entry: int(entry[1])):
        assert isinstance(number, int)
        kind = {"<unk>": 2, "<s>": 3, "</s>": 3}.get(text, 6 if text.startswith("<0x") else 1)
        score = struct.pack("<f", -float(ranks.get(text, 10_000)))
        pieces += message(1, message(1, text.encode()) + bytes([2 << 3 | 5]) + score + bytes([3 << 3, kind]))
    return pieces + message(2, bytes([3 << 3, 2])) + message(3, bytes([3 << 3, 1]))


@pytest.mark.model
@pytest.mark.parametrize("kind", ["bytes", "fallback", "sentencepiece"])
def test_text_is_split_as_the_original_tokenizer_splits_it(kind: str, tmp_path: Path) -> None:
    tokenizer = TOKENIZER if kind == "bytes" else FALLBACK
    folder = with_tokenizer(tmp_path / "source", tokenizer)
    if kind == "sentencepiece":
        (folder / "tokenizer.model").write_bytes(as_sentencepiece(tokenizer))
    model = LlamaModel(convert_decoder(folder, tmp_path / "out.gguf"))
    answers = json.loads(TOKEN_IDS.read_text())[tokenizer.name]
    assert {text: model.tokenize(text, special=False) for text in answers} == answers
    assert model.bos_text() == "<s>"
    assert model.eos_text() == "</s>"
    assert model.chat_template() == "{{ messages[0]['content'] }}"
    model.close()


def test_a_pickle_is_refused_and_not_opened(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "source", "llama")
    (folder / "model.safetensors").unlink()
    trap = folder / "pytorch_model.bin"
    trap.symlink_to("/nowhere/that/exists")  # opening it would fail with another error
    with pytest.raises(UnsupportedModelError, match=r"pickle.*was not"):
        convert(folder, tmp_path / "out.gguf")
    assert list(tmp_path.glob("*.gguf")) == []


@pytest.mark.parametrize("kept", [0, 4, 300, -1])
def test_a_truncated_shard_is_named_and_nothing_is_left(kept: int, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "source", "llama")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DamagedCheckpointError, match=r"model\.safetensors.*download it again"):
        convert(folder, tmp_path / "out" / "out.gguf")
    assert not list((tmp_path / "out").glob("*"))


def edited(folder: Path, **changes: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("llama", {"model_type": "mamba"}, "'mamba'.*llama"),
        ("llama", {"model_type": None}, "None"),
        ("llama", {"hidden_act": "relu"}, "relu"),
        ("llama", {"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}, "dynamic"),
        ("llama", {"num_hidden_layers": "two"}, "num_hidden_layers"),
        ("llama", {"num_hidden_layers": 1}, r"layers\.1"),
        ("qwen2", {"use_sliding_window": True}, "sliding"),
        ("gemma2", {"query_pre_attn_scalar": 7}, "query_pre_attn_scalar"),
        ("gemma3", {"layer_types": ["full_attention"] * 6}, "layer_types"),
    ],
)
def test_what_would_be_computed_wrongly_is_refused(
    name: str, changes: dict[str, object], said: str, tmp_path: Path
) -> None:
    folder = edited(write_folder(tmp_path / "source", name), **changes)
    with pytest.raises(UnsupportedModelError, match=said):
        convert(folder, tmp_path / "out.gguf")
    assert list(tmp_path.glob("*.gguf")) == []


def test_values_beyond_float16_are_refused(tmp_path: Path) -> None:
    weights = weights_of("llama")
    weights["lm_head.weight"][0, 0] = 1e6
    folder = write_folder(tmp_path / "source", "llama", weights)
    with pytest.raises(UnsupportedModelError, match=r"output\.weight"):
        convert(folder, tmp_path / "out.gguf")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": {"type": "Unigram", "vocab": {}}}, "Unigram"),
        ({"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[a-z]+"}}}, r"\[a-z\]"),
        ({"added_tokens": [{"id": 999_999, "content": "<far>"}]}, "999999"),
    ],
)
def test_tokenizers_that_llama_cpp_would_misread_are_refused(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "source", "llama")
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises((UnsupportedModelError, DamagedCheckpointError), match=said):
        convert(folder, tmp_path / "out.gguf")
