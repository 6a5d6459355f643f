"""Models whose engine is not the usual one: chosen, refused, configured, and what they take."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend.cli.engines import RECIPES
from inference.errors import EngineMissingError, StoreError, UnknownModelError
from inference.registry import installed_engines
from inference.store.engines import ENGINES, INSTALLED, environment_folder, installed_check
from inference.store.files import ModelStore
from inference.store.memory import WORKERS_BYTES, estimate
from tests.inference import tiny_models
from tests.inference.tiny_gguf import write_gguf


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    store = ModelStore(tmp_path / "home")
    store.add(tiny_models.write_folder(tmp_path / "tiny", "llama"))
    store.add(write_gguf(tmp_path / "small.gguf"))
    return store


def test_safetensors_are_served_once_an_engine_is_chosen(store: ModelStore) -> None:
    assert not store.get("tiny").is_servable
    with pytest.raises(StoreError, match=r"quantize tiny .* serve tiny --engine vllm"):
        store.config("tiny")
    assert store.engine_set("tiny", "vllm").is_servable
    assert store.get("tiny").engine == "vllm"
    config = store.config("tiny")
    assert (config.engine, config.path, config.context_tokens) == ("vllm", store.path("tiny"), 128)
    assert (config.has_workers, config.python) == (True, None)


def test_an_environment_of_its_own_is_used_once_it_is_whole(store: ModelStore, tmp_path: Path) -> None:
    store.engine_set("tiny", "vllm")
    folder = environment_folder(tmp_path / "home", "vllm")
    folder.mkdir(parents=True)
    assert store.config("tiny").python is None
    (folder / INSTALLED).touch()
    assert store.config("tiny").python == folder / "bin" / "python"
    assert store.config("small").python is None


@pytest.mark.parametrize(
    ("model", "engine", "told"),
    [
        ("small", "vllm", "kept as gguf: use llama_cpp"),
        ("tiny", "llama_cpp", "kept as safetensors: use vllm"),
        ("tiny", "magic", "no engine 'magic'"),
    ],
)
def test_an_engine_that_cannot_open_the_model_is_refused(store: ModelStore, model: str, engine: str, told: str) -> None:
    before = store.get(model)
    with pytest.raises(StoreError, match=told):
        store.engine_set(model, engine)
    assert store.get(model) == before


def test_a_model_that_is_not_there_has_no_engine(store: ModelStore) -> None:
    with pytest.raises(UnknownModelError):
        store.engine_set("none", "vllm")


def test_the_estimate_counts_the_cache_that_the_engine_reserves_and_its_processes(store: ModelStore) -> None:
    small = store.engine_set("tiny", "vllm")
    assert small.cache_elements == 2 * 2 * 16 * 2  # layers, heads of the cache, width of a head, keys and values
    large = replace(small, cache_elements=1_000_000)
    made = estimate(large, 4096)
    assert made.cache_bytes == 2 * 1_000_000 * 2 * 4096 == large.reserved_bytes(4096)
    assert made.process_bytes == WORKERS_BYTES
    assert store.config("tiny").cache_bytes == estimate(small, 128).cache_bytes


def test_every_engine_of_the_store_is_one_of_the_registry() -> None:
    assert set(ENGINES) <= set(installed_engines())


def test_a_model_is_added_for_an_engine_or_not_at_all(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "home")
    given = tiny_models.write_folder(tmp_path / "tiny", "llama")
    with pytest.raises(StoreError, match="kept as safetensors: use vllm"):
        store.add(given, engine="llama_cpp")
    with pytest.raises(StoreError, match="kept as gguf: use llama_cpp"):
        store.add(write_gguf(tmp_path / "small.gguf"), engine="vllm")
    assert not store.list()
    assert not list(store.staging.glob("*"))
    assert store.add(given, engine="transformers").engine == "transformers"
    assert store.add(tmp_path / "small.gguf", engine="llama_cpp").engine == ""


def test_an_engine_without_its_packages_is_refused_with_the_command_that_brings_them(tmp_path: Path) -> None:
    missing = replace(ENGINES["vllm"], modules=("no_such_package",))
    with pytest.raises(EngineMissingError, match=r"`\./atelier engines install vllm`"):
        installed_check(tmp_path, missing)
    folder = environment_folder(tmp_path, "vllm")
    folder.mkdir(parents=True)
    (folder / INSTALLED).touch()
    installed_check(tmp_path, missing)
    installed_check(tmp_path, ENGINES["llama_cpp"])
    installed_check(tmp_path / "elsewhere", replace(missing, modules=("json",)))


def test_every_engine_that_is_not_built_in_can_be_installed() -> None:
    assert {name for name, kind in ENGINES.items() if not kind.is_builtin} <= set(RECIPES)
