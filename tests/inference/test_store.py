"""The model store: what is added is checked, described and there whole, or refused with its reason and not there."""

import errno
import json
import os
import pickle
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from inference.errors import (
    BadModelFileError,
    DiskFullError,
    InferenceError,
    ModelExistsError,
    StoreError,
    UnknownModelError,
)
from inference.store import files
from inference.store.access import admin_secret
from inference.store.files import ModelStore, room_check
from tests.inference.tiny_gguf import safetensors, write_folder, write_gguf


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("/tmp/atelier-pickle-was-opened",)


def left(home: Path) -> list[str]:
    """What lies in the store and its staging."""
    return [item.name for folder in ("store", "staging") for item in (home / "models" / folder).glob("*")]


def test_a_gguf_is_linked_and_described(tmp_path: Path) -> None:
    given = write_gguf(tmp_path / "My Model.Q4.gguf")
    store = ModelStore(tmp_path / "home")
    seen: list[tuple[int, int]] = []
    manifest = store.add(given, progress=lambda done, total: seen.append((done, total)))
    assert manifest == store.get("my-model.q4") == store.list()[0]
    assert (manifest.kind, manifest.architecture, manifest.quantization) == ("chat", "llama", "F16")
    assert (manifest.context_tokens, manifest.parameters, manifest.licence) == (512, 256, "mit")
    assert manifest.cache_elements == 2 * 2 * (16 + 16)
    assert manifest.has_chat_template and manifest.source == "file:My Model.Q4.gguf"
    assert os.path.samefile(store.path("my-model.q4"), given)
    assert seen[-1] == (given.stat().st_size, given.stat().st_size)
    config = store.config("my-model.q4")
    assert (config.context_tokens, config.sha256, config.is_isolated) == (512, manifest.sha256, True)


def test_a_file_on_another_disk_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def across(_source: Path, _target: Path) -> NoReturn:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(os, "link", across)
    given = write_gguf(tmp_path / "a.gguf")
    store = ModelStore(tmp_path / "home")
    store.add(given)
    assert not os.path.samefile(store.path("a"), given)
    assert store.path("a").read_bytes() == given.read_bytes()


@pytest.mark.parametrize(("pooling", "architecture", "kind"), [(1, "qwen3", "embedding"), (4, "bert", "rerank")])
def test_what_a_model_is_for_is_read_from_its_pooling(
    tmp_path: Path, pooling: int, architecture: str, kind: str
) -> None:
    given = write_gguf(tmp_path / "e.gguf", architecture=architecture, pooling=pooling)
    assert ModelStore(tmp_path / "home").add(given).kind == kind


@pytest.mark.parametrize("name", ["model.bin", "model.pt", "consolidated.00.pth", "weights.ckpt"])
def test_a_pickle_is_refused_and_never_opened(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Bomb()))
    path.chmod(0)
    with pytest.raises(BadModelFileError, match="pickle"):
        ModelStore(tmp_path / "home").add(path)
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.move(path, folder / name)
    with pytest.raises(BadModelFileError, match="pickle"):
        ModelStore(tmp_path / "home").add(folder)
    assert not Path("/tmp/atelier-pickle-was-opened").exists() and not left(tmp_path / "home")


def test_a_pickle_behind_a_link_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(pickle.dumps(Bomb()))
    (tmp_path / "model.gguf").symlink_to(tmp_path / "model.bin")
    with pytest.raises(BadModelFileError, match="pickle"):
        ModelStore(tmp_path / "home").add(tmp_path / "model.gguf")


def test_an_unknown_architecture_and_a_damaged_file_are_told_apart(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "home")
    with pytest.raises(StoreError, match="unknown architecture 'zebra'"):
        store.add(write_gguf(tmp_path / "z.gguf", architecture="zebra"))
    with pytest.raises(StoreError, match="only reads images"):
        store.add(write_gguf(tmp_path / "mmproj.gguf", architecture="clip"))
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(write_gguf(tmp_path / "w.gguf").read_bytes()[:-100])
    with pytest.raises(BadModelFileError, match="its tensors need"):
        store.add(cut)
    with pytest.raises(StoreError, match="parts"):
        store.add(write_gguf(tmp_path / "m-00001-of-00003.gguf"))
    with pytest.raises(StoreError, match="not there"):
        store.add(tmp_path / "nowhere.gguf")
    assert not left(tmp_path / "home")


def test_a_folder_of_safetensors_is_kept_but_not_served(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "Llama", shards=2)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb()))
    store = ModelStore(tmp_path / "home")
    manifest = store.add(folder)
    assert (manifest.format, manifest.architecture, manifest.parameters) == ("safetensors", "llama", 16)
    assert sorted(item.suffix for item in store.path("llama").iterdir()) == [".json"] * 3 + [".safetensors"] * 2
    with pytest.raises(StoreError, match="convert it to GGUF"):
        store.config("llama")


@pytest.mark.parametrize("fault", ["cut", "grown", "header", "missing", "no config", "shape"])
def test_a_damaged_folder_names_its_file_and_leaves_nothing(tmp_path: Path, fault: str) -> None:
    folder = write_folder(tmp_path / "m", shards=2)
    shard = folder / "model-00002-of-00002.safetensors"
    match fault:
        case "cut":
            shard.write_bytes(safetensors()[:-3])
        case "grown":
            shard.write_bytes(safetensors() + b"x")
        case "header":
            shard.write_bytes(b"\xff" * 40)
        case "missing":
            shard.unlink()
        case "no config":
            (folder / "config.json").unlink()
        case "shape":
            shard.write_bytes(safetensors().replace(b'"shape": [8]', b'"shape": [9]'))
    with pytest.raises(InferenceError) as problem:
        ModelStore(tmp_path / "home").add(folder)
    assert ("config.json" if fault == "no config" else "00002") in problem.value.message
    assert not left(tmp_path / "home")


def test_a_name_is_taken_once_and_cannot_leave_the_folder(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "home")
    given = write_gguf(tmp_path / "a.gguf")
    store.add(given, model="one")
    for name in ("one", "smollm2-135m-instruct"):
        with pytest.raises(ModelExistsError, match="already"):
            store.add(given, model=name)
    for name in ("../up", "a/b", ".hidden", "Ä", "x" * 101):
        with pytest.raises(StoreError):
            store.add(given, model=name)
        with pytest.raises(InferenceError):
            store.remove(name)
    assert left(tmp_path / "home") == ["one"]


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DiskFullError, match=r"The disk lacks .* MB"):
        room_check(tmp_path, 2**60)

    def full(_source: Path, _target: Path) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_take", full)
    with pytest.raises(DiskFullError, match="filled up"):
        ModelStore(tmp_path / "home").add(write_gguf(tmp_path / "a.gguf"))
    assert not left(tmp_path / "home")


def test_a_removed_model_is_gone_and_its_source_is_not(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "home")
    given = write_gguf(tmp_path / "a.gguf")
    store.add(given)
    store.remove("a")
    assert not left(tmp_path / "home") and given.is_file()
    with pytest.raises(UnknownModelError):
        store.remove("a")
    with pytest.raises(UnknownModelError):
        store.get("a")


def test_a_damaged_manifest_hides_one_model_only(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "home")
    given = write_gguf(tmp_path / "a.gguf")
    store.add(given, model="a")
    store.add(given, model="b")
    (store.folder / "a" / "manifest.json").write_text("{")
    assert [one.id for one in store.list()] == ["b"]
    with pytest.raises(StoreError, match="damaged"):
        store.get("a")


def test_the_admin_secret_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    first = admin_secret(tmp_path)
    assert first == admin_secret(tmp_path) and len(first) > 40
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"quant_method": "gptq", "bits": 4}, "W4A16"),
        ({"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"num_bits": 4}}}}, "W4A16"),
        (
            {"config_groups": {"g": {"weights": {"num_bits": 8}, "input_activations": {"num_bits": 8}}}},
            "W8A8",
        ),
        ({"quant_method": "fp8"}, "fp8"),
        ("broken", "F32"),
    ],
)
def test_a_folder_says_how_its_weights_were_rounded(tmp_path: Path, settings: object, shown: str) -> None:
    folder = write_folder(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"quantization_config": settings}))
    assert ModelStore(tmp_path / "home").add(folder).quantization == shown
