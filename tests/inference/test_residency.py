"""Which models are in memory: on demand, under a budget, for as long as they are asked, and again after a restart."""

import asyncio
import json
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import httpx
import pytest

from inference.config import ModelConfig, ServerConfig
from inference.engines.fake import FakeEngine, Pause, say
from inference.errors import MemoryShortError, ModelInUseError, StoreError, UnknownModelError
from inference.registry import GROUP, Registry
from inference.server.app import create_app
from inference.server.residency import Policy, Residency, Wish
from inference.server.schemas import ChatBody
from inference.store.access import ADMIN_HEADER, admin_secret
from inference.store.files import ModelStore
from inference.store.memory import PROCESS_BYTES, estimate
from tests.inference.tiny_gguf import write_folder, write_gguf

ENGINES: dict[str, FakeEngine] = {}
MODELS = ("one", "two", "three")


def fake(config: ModelConfig) -> FakeEngine:
    ENGINES[config.id] = FakeEngine(chat_model=config.id, scripts=[say("Hello dear world")])
    return ENGINES[config.id]


POINT = EntryPoint(name="llama_cpp", value=f"{__name__}:fake", group=GROUP)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three models of equal size, and one that cannot be served."""
    given = write_gguf(tmp_path / "tiny.gguf")
    store = ModelStore(tmp_path / "home")
    for name in MODELS:
        store.add(given, model=name)
    store.add(write_folder(tmp_path / "folder"), model="stored")
    return tmp_path / "home"


def size_of(home: Path) -> int:
    return estimate(ModelStore(home).get("one"), 512).total_bytes


def residency(home: Path, clock: Clock | None = None, **policy: object) -> Residency:
    made = replace(Policy(clock=clock or Clock(), available=lambda: 10**15), **policy)  # type: ignore[arg-type]
    registry = Registry((), {"llama_cpp": POINT})
    return Residency(registry, ModelStore(home), made)


def loaded(of: Residency) -> list[str]:
    return [one.state.id for one in of.residents() if one.state.state == "loaded"]


async def test_a_model_is_loaded_by_the_first_who_asks_and_no_other_is(home: Path) -> None:
    of = residency(home)
    served = await of.find("two")
    assert served.model == "two" and loaded(of) == ["two"]
    with pytest.raises(UnknownModelError):
        await of.find("four")
    with pytest.raises(UnknownModelError):
        await of.find("stored")
    with pytest.raises(StoreError, match="safetensors"):
        await of.load(Wish("stored"))


async def test_a_model_that_was_added_later_is_found(home: Path, tmp_path: Path) -> None:
    of = residency(home)
    of.refresh()
    ModelStore(home).add(tmp_path / "tiny.gguf", model="later")
    assert (await of.find("later")).model == "later"


async def test_the_least_recently_used_makes_room(home: Path) -> None:
    clock = Clock()
    of = residency(home, clock, budget_bytes=2 * size_of(home))
    for name in ("one", "two", "one", "three"):
        clock.now += 10
        await of.find(name)
    assert sorted(loaded(of)) == ["one", "three"]
    assert of.unloads["room"] == 1


async def test_a_model_that_does_not_fit_says_how_much_is_missing_and_costs_nobody_their_place(home: Path) -> None:
    clock = Clock()
    of = residency(home, clock, budget_bytes=size_of(home))
    await of.find("one")
    clock.now += 10
    small = residency(home, budget_bytes=PROCESS_BYTES)
    with pytest.raises(MemoryShortError, match=r"needs \d+ MB .* \d+ MB are missing in the memory budget"):
        await small.load(Wish("two"))
    ENGINES["one"].scripts = [(Pause(5), *say("slow"))]
    busy = asyncio.create_task(_drain(of, "one"))
    await asyncio.sleep(0.01)
    clock.now += 10
    with pytest.raises(MemoryShortError):
        await of.load(Wish("two"))
    assert loaded(of) == ["one"], "what answers stays"
    busy.cancel()
    with pytest.raises(asyncio.CancelledError):
        await busy
    await of.load(Wish("two"))
    assert loaded(of) == ["two"]


async def _drain(of: Residency, model: str) -> None:
    served = await of.find(model)
    body = {"model": model, "messages": [{"role": "user", "content": "x"}]}
    (request,) = ChatBody.model_validate(body).parsed()
    async for _ in served.engine.generate(request):
        pass


async def test_the_machine_itself_may_be_too_full(home: Path) -> None:
    of = residency(home, available=lambda: 1000)
    with pytest.raises(MemoryShortError, match="free memory"):
        await of.load(Wish("one"))
    assert loaded(of) == []


async def test_an_idle_model_leaves_and_one_with_its_own_time_stays(home: Path) -> None:
    clock = Clock()
    of = residency(home, clock, keep_alive_s=60)
    await of.load(Wish("one"))
    await of.load(Wish("two", keep_alive_s=0))
    await of.load(Wish("three", keep_alive_s=600))
    clock.now += 59
    await of._unload_idle()
    assert sorted(loaded(of)) == ["one", "three", "two"]
    clock.now += 2
    await of._unload_idle()
    assert sorted(loaded(of)) == ["three", "two"]
    clock.now += 600
    await of._unload_idle()
    assert loaded(of) == ["two"]


async def test_what_was_loaded_comes_back_after_a_restart_with_its_settings(home: Path) -> None:
    of = residency(home)
    await of.load(Wish("two", keep_alive_s=7, context_tokens=128))
    await of.load(Wish("three"))
    await of.unload("three")
    again = residency(home, look_every_s=60.0)
    running = asyncio.create_task(again.run())
    while not loaded(again):
        await asyncio.sleep(0.01)
    running.cancel()
    (one,) = [resident for resident in again.residents() if resident.state.state == "loaded"]
    assert (one.state.id, one.keep_alive_s, one.estimate.context_tokens) == ("two", 7, 128)


async def test_a_damaged_memory_of_what_was_loaded_stops_nothing(home: Path) -> None:
    (home / "models" / "loaded.json").write_text('[{"id": "gone"}, 7]')
    of = residency(home, look_every_s=60.0)
    running = asyncio.create_task(of.run())
    await asyncio.sleep(0.05)
    assert not running.done()
    running.cancel()
    assert (await of.find("one")).model == "one"


async def test_another_context_is_loaded_anew(home: Path) -> None:
    of = residency(home)
    await of.load(Wish("one"))
    first = ENGINES["one"]
    await of.load(Wish("one", keep_alive_s=5))
    assert ENGINES["one"] is first
    await of.load(Wish("one", context_tokens=100))
    assert ENGINES["one"] is not first
    assert of.estimate("one", 256).cache_bytes == 2 * of.estimate("one", 128).cache_bytes


async def test_a_loaded_model_is_not_removed(home: Path) -> None:
    of = residency(home)
    await of.load(Wish("one"))
    with pytest.raises(ModelInUseError, match="unload it first"):
        await of.remove("one")
    await of.unload("one")
    await of.remove("one")
    with pytest.raises(UnknownModelError):
        await of.find("one")


@pytest.fixture
async def client(home: Path) -> httpx.AsyncClient:
    registry = Registry((), {"llama_cpp": POINT})
    app = create_app(ServerConfig(home=home), registry, Policy(available=lambda: 10**15))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8001")


async def test_any_installed_model_answers_under_its_name(client: httpx.AsyncClient, home: Path) -> None:
    listed = (await client.get("/v1/models")).json()["data"]
    body = {"model": "two", "messages": [{"role": "user", "content": "Hi"}]}
    answer = (await client.post("/v1/chat/completions", json=body)).json()
    assert answer["choices"][0]["message"]["content"] == "Hello dear world"
    assert {one["id"] for one in listed} == set(MODELS)
    assert 'atelier_model_loaded{model="two"} 1.0' in (await client.get("/metrics")).text


@pytest.mark.parametrize("headers", [{}, {ADMIN_HEADER: "wrong"}], ids=["none", "wrong"])
async def test_admin_routes_are_closed_without_the_secret(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for method, path in (("GET", ""), ("POST", "/one/load"), ("POST", "/one/unload"), ("DELETE", "/one")):
        answer = await client.request(method, f"/admin/models{path}", headers=headers, json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "admin_refused")


async def test_an_administrator_loads_and_unloads_over_http(client: httpx.AsyncClient, home: Path) -> None:
    client.headers[ADMIN_HEADER] = admin_secret(home)
    answer = (await client.post("/admin/models/one/load", json={"context_tokens": 100, "keep_alive_s": 9})).json()
    (one,) = [model for model in answer["models"] if model["id"] == "one"]
    assert (one["state"], one["keep_alive_s"], one["estimate"]["context_tokens"]) == ("loaded", 9, 100)
    assert (await client.delete("/admin/models/one")).status_code == 409
    assert (await client.get("/admin/models/one/estimate?context_tokens=x")).status_code == 400
    assert (await client.get("/admin/models/none/estimate")).status_code == 404
    assert (await client.post("/admin/models/one/load", json={"keep_alive_s": -1})).status_code == 400
    assert (await client.post("/admin/models/one/unload")).status_code == 200
    assert (await client.delete("/admin/models/one")).status_code == 200
    assert not (home / "models" / "store" / "one").exists()
    assert json.loads((home / "models" / "loaded.json").read_text()) == []
