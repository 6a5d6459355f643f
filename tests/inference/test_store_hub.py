"""Pulls from a stand-in of a hub: resumed, checked, and nothing half-written left behind."""

import errno
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NoReturn

import httpx
import pytest

from inference.errors import (
    BadModelFileError,
    DiskFullError,
    HubAuthError,
    HubError,
    HubUnreachableError,
    InferenceError,
    StoreError,
)
from inference.store.files import ModelStore
from inference.store.hub import Hub, HubFile, Repository, Wanted, choose, pull
from inference.store.manifest import Manifest
from tests.inference.hub import COMMIT, StandIn, stand_in
from tests.inference.test_store import left
from tests.inference.tiny_gguf import safetensors, write_gguf

WANTED = Wanted("owner/tiny")


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[StandIn]:
    content = write_gguf(tmp_path / "made.gguf").read_bytes()
    async with stand_in({"tiny-Q8_0.gguf": content, "tiny-Q4_K_M.gguf": content, "README.md": b"# tiny"}) as made:
        yield made


async def pulled(hub: StandIn, home: Path, wanted: Wanted = WANTED, token: str = "") -> Manifest:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await pull(Hub(client, hub.url, token, pause_s=0.0), ModelStore(home), wanted, lambda done, total: None)


async def test_a_model_is_pulled_checked_and_described(hub: StandIn, tmp_path: Path) -> None:
    manifest = await pulled(hub, tmp_path)
    assert manifest.id == "tiny-q4_k_m" and manifest.licence == "apache-2.0"
    assert manifest.source == f"hub:owner/tiny@{COMMIT}/tiny-Q4_K_M.gguf"
    assert manifest.sha256 == hashlib.sha256(hub.files["tiny-Q4_K_M.gguf"]).hexdigest()
    assert ModelStore(tmp_path).path("tiny-q4_k_m").read_bytes() == hub.files["tiny-Q4_K_M.gguf"]
    assert left(tmp_path) == ["tiny-q4_k_m"]


async def test_half_a_file_is_resumed_where_it_broke_off(hub: StandIn, tmp_path: Path) -> None:
    hub.breaks = [100, 50]
    await pulled(hub, tmp_path)
    assert [ranged for path, ranged in hub.asked if "resolve" in path] == ["", "bytes=100-", "bytes=150-"]


async def test_a_pull_that_failed_for_good_is_resumed_by_the_next(hub: StandIn, tmp_path: Path) -> None:
    hub.breaks = [100, 0, 0, 0]
    with pytest.raises(HubUnreachableError):
        await pulled(hub, tmp_path)
    assert not ModelStore(tmp_path).list()
    hub.asked.clear()
    await pulled(hub, tmp_path)
    assert hub.asked[-1][1] == "bytes=100-"
    assert left(tmp_path) == ["tiny-q4_k_m"]


async def test_a_server_without_ranges_starts_the_file_anew(hub: StandIn, tmp_path: Path) -> None:
    hub.breaks, hub.refuses_ranges = [100], True
    manifest = await pulled(hub, tmp_path)
    assert manifest.size_bytes == len(hub.files["tiny-Q4_K_M.gguf"])


async def test_a_range_that_the_hub_has_not_is_fetched_from_the_start(hub: StandIn, tmp_path: Path) -> None:
    staged = tmp_path / "models" / "staging" / "tiny-q4_k_m"
    staged.mkdir(parents=True)
    (staged / "source").write_text(f"hub:owner/tiny@{COMMIT}/tiny-Q4_K_M.gguf")
    (staged / "model.gguf.part").write_bytes(b"x" * 40)
    whole = hub.files["tiny-Q4_K_M.gguf"]
    listed = hub.listing()
    hub.files["tiny-Q4_K_M.gguf"] = whole[:40]  # the file shrank behind the list's back: 416
    hub.listing = lambda: listed  # type: ignore[method-assign]
    with pytest.raises(HubUnreachableError):
        await pulled(hub, tmp_path)
    ranges = [ranged for path, ranged in hub.asked if "resolve" in path]
    assert ranges[:2] == ["bytes=40-", ""]


async def test_a_wrong_checksum_is_thrown_away(hub: StandIn, tmp_path: Path) -> None:
    hub.lies = {"tiny-Q4_K_M.gguf": "0" * 64}
    with pytest.raises(BadModelFileError, match="checksum"):
        await pulled(hub, tmp_path)
    assert not left(tmp_path)


async def test_an_other_version_is_not_glued_to_what_is_there(hub: StandIn, tmp_path: Path) -> None:
    staged = tmp_path / "models" / "staging" / "tiny-q4_k_m"
    staged.mkdir(parents=True)
    (staged / "source").write_text("hub:owner/tiny@another")
    (staged / "model.gguf.part").write_bytes(b"y" * 40)
    await pulled(hub, tmp_path)
    assert hub.asked[-1][1] == ""


@pytest.mark.parametrize(
    ("status_of_list", "status", "error", "says"),
    [
        (401, 200, HubAuthError, "ATELIER_HUB_TOKEN"),
        (403, 200, HubAuthError, "ATELIER_HUB_TOKEN"),
        (404, 200, HubError, "check the name"),
        (500, 200, HubUnreachableError, "later"),
        (200, 404, HubError, "404"),
        (200, 429, HubUnreachableError, "later"),
        (200, 418, HubError, "418"),
    ],
)
async def test_what_the_hub_refuses_is_said(
    hub: StandIn, tmp_path: Path, status_of_list: int, status: int, error: type[InferenceError], says: str
) -> None:
    hub.status_of_list, hub.status = status_of_list, status
    with pytest.raises(error, match=says):
        await pulled(hub, tmp_path)
    assert not ModelStore(tmp_path).list()


async def test_the_token_opens_what_is_private_and_is_never_said(hub: StandIn, tmp_path: Path) -> None:
    hub.token = "hf_secret"
    with pytest.raises(HubAuthError):
        await pulled(hub, tmp_path)
    with pytest.raises(HubAuthError) as problem:
        await pulled(hub, tmp_path, token="hf_wrong")
    assert "hf_wrong" not in problem.value.message
    await pulled(hub, tmp_path, token="hf_secret")


async def test_without_a_network_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HubUnreachableError, match="add it by its path"):
        await pulled(StandIn({}, url="http://127.0.0.1:9"), tmp_path)


async def test_a_server_that_is_no_hub_is_told(hub: StandIn, tmp_path: Path) -> None:
    hub.listing = lambda: b"<html>"  # type: ignore[method-assign]
    with pytest.raises(HubError, match="ATELIER_HUB_ENDPOINT"):
        await pulled(hub, tmp_path)


async def test_a_full_disk_ends_the_pull_and_leaves_nothing(
    hub: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError):
        await pulled(hub, tmp_path)
    assert not left(tmp_path)


async def test_safetensors_come_whole_and_pickles_stay_away(tmp_path: Path) -> None:
    files = {
        "config.json": b'{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}',
        "model.safetensors": safetensors(),
        "pytorch_model.bin": b"\x80\x04",
        "original/consolidated.pth": b"\x80\x04",
    }
    async with stand_in(files) as hub:
        manifest = await pulled(hub, tmp_path)
    assert (manifest.id, manifest.format) == ("tiny", "safetensors")
    assert not any(".bin" in path or ".pth" in path for path, _ in hub.asked)


async def test_a_repository_of_pickles_is_refused(tmp_path: Path) -> None:
    async with stand_in({"pytorch_model.bin": b"\x80\x04"}) as hub:
        with pytest.raises(BadModelFileError, match="pickle"):
            await pulled(hub, tmp_path)
        with pytest.raises(BadModelFileError, match="pickle"):
            await pulled(hub, tmp_path, Wanted("owner/tiny", file="pytorch_model.bin"))


def test_one_gguf_of_many_is_chosen_as_most_people_would() -> None:
    names = ("m-f16.gguf", "m-Q8_0.gguf", "m-Q5_K_M.gguf", "mmproj-Q4_K_M.gguf", "m-Q4_K_M-00001-of-00002.gguf")
    repository = Repository("o/r", COMMIT, "", tuple(HubFile(name, 1) for name in names))
    assert [file.name for file in choose(repository)] == ["m-Q5_K_M.gguf"]
    with pytest.raises(StoreError, match="m-Q8_0"):
        choose(repository, "m-Q2_K.gguf")
    with pytest.raises(StoreError, match="in parts"):
        choose(Repository("o/r", COMMIT, "", (HubFile("m-00001-of-00002.gguf", 1),)))


@pytest.mark.parametrize("name", ["tiny", "a/b/c", "../x", "/x", "a/ b"])
async def test_a_name_that_is_no_repository_is_refused_before_anything_is_asked(tmp_path: Path, name: str) -> None:
    async with stand_in({}) as hub:
        with pytest.raises(StoreError, match="owner/name"):
            await pulled(hub, tmp_path, Wanted(name))
        assert not hub.asked
