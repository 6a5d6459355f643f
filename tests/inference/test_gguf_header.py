"""The check of a GGUF's header: good files pass, damaged and hostile ones are refused or kill only a child."""

import asyncio
import hashlib
import random
import struct
from pathlib import Path

import gguf
import numpy as np
import pytest

from inference.config import CHAT_MODEL, EMBEDDING_MODEL, ModelConfig
from inference.errors import BadModelFileError, EngineFailedError, InferenceError
from inference.gguf_header import TENSOR_TYPES, check_gguf
from inference.isolation.engine import Limits, ProcessEngine
from tests.inference.serving import home, model_config

_LOADED = 8  # of the mutants that pass, opened by llama.cpp in a child
_DATA_BYTES = 100_000_000  # more than any tensor of a mutant; a hole on the disk


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A GGUF with every kind of value and two tensors."""
    path = tmp_path / "small.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("small")
    writer.add_context_length(64)
    writer.add_bool("llama.flag", True)
    writer.add_float32("llama.float", 0.5)
    writer.add_uint64("llama.long", 2**40)
    writer.add_array("llama.numbers", [1, 2, 3])
    writer.add_array("llama.flags", [True, False])
    writer.add_token_list(["<s>", "a", "b"])
    writer.add_tensor("token_embd.weight", np.zeros((3, 32), np.float16))
    writer.add_tensor("output_norm.weight", np.ones(32, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_good_files_pass(small: Path) -> None:
    header = check_gguf(small)
    assert (header.version, header.tensors) == (3, 2)
    assert check_gguf(model_config(CHAT_MODEL, home()).path).tensors == 272
    assert check_gguf(model_config(EMBEDDING_MODEL, home()).path).tensors == 101


def test_the_types_are_those_of_the_format() -> None:
    assert {kind.value: sizes for kind, sizes in gguf.GGML_QUANT_SIZES.items()} == TENSOR_TYPES


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.PTH", "model.pkl", "model.ckpt"])
def test_files_that_run_code_are_refused_by_name(tmp_path: Path, name: str, small: Path) -> None:
    path = tmp_path / name
    path.write_bytes(small.read_bytes())
    with pytest.raises(BadModelFileError, match="pickle"):
        check_gguf(path)


def test_a_file_of_another_digest_is_refused(small: Path) -> None:
    digest = hashlib.sha256(small.read_bytes()).hexdigest()
    check_gguf(small, digest.upper())
    with pytest.raises(BadModelFileError, match=digest):
        check_gguf(small, "0" * 64)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadModelFileError, match=r"none\.gguf"):
        check_gguf(tmp_path / "none.gguf")


def test_every_truncation_of_the_header_and_the_data_is_refused(small: Path) -> None:
    whole = small.read_bytes()
    # The last tensor has no padding to spare: see the writer's own, which pads the end.
    needed = check_gguf(small).data_start + 3 * 32 * 2 + 32 * 4
    for size in (*range(0, needed, 7), needed - 1):
        small.write_bytes(whole[:size])
        with pytest.raises(BadModelFileError):
            check_gguf(small)
    small.write_bytes(whole[:needed])
    check_gguf(small)


def crafted(*, tensors: int = 1, values: bytes = b"", keys: int = 0, tensor: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + values + tensor + bytes(4096)


def text(raw: bytes) -> bytes:
    return struct.pack("<Q", len(raw)) + raw


def tensor(name: bytes = b"t", shape: tuple[int, ...] = (32,), kind: int = 0, offset: int = 0) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def value(kind: int, raw: bytes) -> bytes:
    return text(b"key") + struct.pack("<I", kind) + raw


HUGE = 2**63
HOSTILE = {
    "another magic": b"GGML" + bytes(100),
    "another version": b"GGUF" + struct.pack("<IQQ", 1, 1, 0) + bytes(100),
    "the other byte order": b"GGUF" + struct.pack(">IQQ", 3, 1, 0) + bytes(100),
    "no tensors": crafted(tensors=0),
    "too many tensors": crafted(tensors=HUGE),
    "too many values": crafted(keys=HUGE, tensor=tensor()),
    "a long key": crafted(keys=1, values=struct.pack("<Q", HUGE)),
    "a long text": crafted(keys=1, values=value(8, struct.pack("<Q", HUGE)), tensor=tensor()),
    "a long array": crafted(keys=1, values=value(9, struct.pack("<IQ", 4, HUGE)), tensor=tensor()),
    "an array whose size wraps": crafted(keys=1, values=value(9, struct.pack("<IQ", 10, 2**61)), tensor=tensor()),
    "an array of arrays": crafted(keys=1, values=value(9, struct.pack("<IQ", 9, 1)), tensor=tensor()),
    "more texts than bytes": crafted(keys=1, values=value(9, struct.pack("<IQ", 8, 2**20)), tensor=tensor()),
    "an unknown type of value": crafted(keys=1, values=value(13, bytes(8)), tensor=tensor()),
    "neither true nor false": crafted(keys=1, values=value(7, b"\x02"), tensor=tensor()),
    "the same key twice": crafted(keys=2, values=2 * value(4, bytes(4)), tensor=tensor()),
    "an odd alignment": crafted(keys=1, values=text(b"general.alignment") + struct.pack("<II", 4, 24), tensor=tensor()),
    "an alignment of nothing": crafted(
        keys=1, values=text(b"general.alignment") + struct.pack("<II", 4, 0), tensor=tensor()
    ),
    "an alignment that is text": crafted(
        keys=1, values=text(b"general.alignment") + struct.pack("<I", 8) + text(b"32"), tensor=tensor()
    ),
    "a long name": crafted(tensor=tensor(b"n" * 64)),
    "the same tensor twice": crafted(tensors=2, tensor=tensor() + tensor(offset=128)),
    "five dimensions": crafted(tensor=tensor(shape=(1, 1, 1, 1, 1))),
    "no dimension": crafted(tensor=tensor(shape=())),
    "an empty dimension": crafted(tensor=tensor(shape=(0, 4))),
    "a product that wraps": crafted(tensor=tensor(shape=(2**32, 2**32))),
    "an unknown type": crafted(tensor=tensor(kind=4)),
    "half a block": crafted(tensor=tensor(shape=(48,), kind=8)),
    "data beyond the end": crafted(tensor=tensor(shape=(2**20,))),
    "an offset beyond the end": crafted(tensor=tensor(offset=2**40)),
    "an offset that wraps": crafted(tensor=tensor(offset=2**64 - 32)),
    "an odd offset": crafted(tensor=tensor(offset=1)),
    "overlapping tensors": crafted(tensors=2, tensor=tensor() + tensor(b"u")),
}


def test_what_the_hostile_headers_are_made_of_would_pass(tmp_path: Path) -> None:
    path = tmp_path / "crafted.gguf"
    path.write_bytes(crafted(keys=1, values=value(7, b"\x01"), tensor=tensor()))
    check_gguf(path)


@pytest.mark.parametrize("fault", HOSTILE)
def test_hostile_headers_are_refused(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "hostile.gguf"
    path.write_bytes(HOSTILE[fault])
    with pytest.raises(BadModelFileError, match=r"hostile\.gguf"):
        check_gguf(path)


def mutated(whole: bytes, header_bytes: int, chance: random.Random) -> bytes:
    """Change, repeat, remove or blow up something in the header."""
    raw = bytearray(whole)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(min(header_bytes, len(raw) - 8))
        match chance.randrange(5):
            case 0:
                raw[at] ^= 1 << chance.randrange(8)
            case 1:
                raw[at : at + 8] = struct.pack("<Q", chance.choice((0, 2**31, 2**32, 2**63, 2**64 - 1)))
            case 2:
                del raw[at : at + chance.randrange(1, 9)]
            case 3:
                raw[at:at] = raw[at : at + chance.randrange(1, 65)]
            case _:
                raw[at : at + 4] = chance.randbytes(4)
    return bytes(raw)


async def test_a_thousand_mutated_headers_are_refused_or_end_in_a_child(small: Path, tmp_path: Path) -> None:
    chance = random.Random(43)
    path = tmp_path / "mutant.gguf"
    real = model_config(CHAT_MODEL, home()).path
    passed: list[bytes] = []
    for source, count in ((small, 700), (real, 300)):
        start = check_gguf(source).data_start
        with source.open("rb") as file:
            head = file.read(start)
        for _ in range(count):
            mutant = mutated(head, min(start, 20_000), chance)
            written(path, mutant)
            try:
                check_gguf(path)
            except BadModelFileError:
                continue
            passed.append(mutant)
    assert 0 < len(passed) < 500
    outcomes = [await opened_in_child(path, mutant) for mutant in chance.sample(passed, min(_LOADED, len(passed)))]
    assert set(outcomes) <= {"served", "refused", "died"}


def written(path: Path, head: bytes) -> None:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + _DATA_BYTES)


async def opened_in_child(path: Path, mutant: bytes) -> str:
    written(path, mutant)
    config = ModelConfig(id="mutant", kind="chat", path=path, context_tokens=128, max_sequences=1)
    try:
        engine = await ProcessEngine.start(config, "inference.engines.llama_cpp:create", Limits(load_s=30))
    except EngineFailedError as failed:
        return "died" if "signal" in failed.message else "refused"
    except InferenceError:
        return "refused"
    async with asyncio.timeout(30):
        await engine.aclose()
    return "served"
