"""Models on this machine through HTTP: added, loaded, asked, unloaded, removed, on a real inference server."""

import asyncio
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from backend.accounts.models import Role
from backend.apps.models import App
from backend.local_models import services
from backend.local_models.adapters import store
from backend.local_models.models import ModelJob
from backend.local_models.working import job_run, jobs_reclaim
from backend.providers.selectors import model_get
from inference.config import CHAT_MODEL, builtin_models
from tests.backend.conftest import Person, person_create
from tests.inference.hub import StandIn, stand_in
from tests.inference.serving import home as model_home
from tests.inference.serving import server_url
from tests.inference.tiny_gguf import write_gguf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[uuid.UUID]:
    """What would go to a worker."""
    made: list[uuid.UUID] = []
    monkeypatch.setattr(services, "job_send", lambda task, job_id: made.append(job_id))
    return made


@pytest.fixture
def _quiet_home(settings: Any, tmp_path: Path) -> None:
    """A home of its own, without an inference server."""
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, home=tmp_path / "home", inference_url="http://127.0.0.1:9")
    (tmp_path / "home").mkdir()


def start(person: Person, **body: str) -> dict[str, Any]:
    answer = person.request("POST", "/models", body)
    assert answer.status_code == 202, answer.content
    return dict(answer.json())


def done(person: Person, job: dict[str, Any]) -> dict[str, Any]:
    """Do the job as a worker would, and return it."""
    job_run(uuid.UUID(job["id"]))
    return dict(person.request("GET", f"/model-jobs/{job['id']}").json())


@pytest.mark.usefixtures("_quiet_home")
def test_a_file_is_added_by_a_job_and_can_be_chosen(owner: Person, tmp_path: Path, sent: list[uuid.UUID]) -> None:
    given = write_gguf(tmp_path / "Tiny.gguf")
    job = start(owner, path=str(given))
    assert (job["status"], sent) == ("queued", [uuid.UUID(job["id"])])
    ended = done(owner, job)
    assert (ended["status"], ended["model"], ended["done_bytes"]) == ("finished", "tiny", given.stat().st_size)
    record = model_get(owner.workspace.id, "tiny", kind="chat")
    assert (record.context_tokens, record.embedded, record.supports_tools) == (512, True, True)
    assert "tiny" in [one["id"] for one in owner.request("GET", "/models").json()["results"]]
    listed = owner.request("GET", "/local-models").json()
    assert "does not answer" in listed["reason"]
    assert [(one["id"], one["quantization"], one["state"]) for one in listed["results"]] == [("tiny", "F16", "unknown")]


@pytest.mark.usefixtures("_quiet_home")
@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 400, "send either"),
        ({"path": "/a.gguf", "pull": "a/b"}, 400, "send either"),
        ({"path": "/x/model.bin"}, 422, "pickle"),
        ({"path": "/x.gguf", "id": "Bad Name"}, 422, "no name for a model"),
        ({"path": "/x.gguf", "id": CHAT_MODEL}, 409, "already"),
    ],
)
def test_what_can_be_seen_to_be_wrong_is_refused_at_once(
    owner: Person, body: dict[str, str], status: int, says: str
) -> None:
    answer = owner.request("POST", "/models", body)
    assert answer.status_code == status and says in answer.content.decode()
    assert not ModelJob.unscoped.exists()


@pytest.mark.usefixtures("_quiet_home")
def test_a_file_that_cannot_be_used_ends_its_job_with_the_reason(owner: Person, tmp_path: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF but no more")
    ended = done(owner, start(owner, path=str(bad)))
    assert (ended["status"], ended["model"]) == ("failed", "")
    assert "does not start as a GGUF" in ended["reason"]
    assert not store().list()


@pytest.mark.usefixtures("_quiet_home")
def test_a_workspace_of_ones_own_gives_no_files_of_the_machine_and_the_refusal_says_who_can_help(
    owner: Person, stranger: Person, member: Callable[[Role], Person], tmp_path: Path
) -> None:
    given = write_gguf(tmp_path / "tiny.gguf")
    admin = member(Role.ADMIN)
    for person in (stranger, admin):
        refused = person.request("POST", "/models", {"path": str(given)})
        assert (refused.status_code, refused.json()["code"]) == (403, "machine_admin_needed")
        assert (owner.user.email in refused.json()["message"]) is (person is admin), "known to their own people alone"
        assert person.request("GET", "/me").json()["is_machine_admin"] is False
    assert not ModelJob.unscoped.exists()
    assert admin.request("GET", "/local-models").json()["machine_admins"] == [owner.user.email]
    assert stranger.request("GET", "/local-models").json()["machine_admins"] == []
    stranger.user.is_machine_admin = True
    stranger.user.save()
    start(stranger, path=str(given))
    assert stranger.request("GET", "/me").json()["is_machine_admin"] is True


@pytest.mark.usefixtures("_quiet_home")
def test_one_model_is_brought_once_at_a_time_and_by_administrators_only(
    owner: Person, member: Callable[[Role], Person], tmp_path: Path
) -> None:
    start(owner, pull="house/model")
    assert owner.request("POST", "/models", {"pull": "house/model"}).status_code == 409
    editor = member(Role.EDITOR)
    assert editor.request("POST", "/models", {"pull": "house/other"}).status_code == 403
    for at in range(services.MAX_RUNNING - 1):
        start(owner, pull=f"house/{at}")
    assert owner.request("POST", "/models", {"pull": "house/too-many"}).status_code == 409


class _Hub:
    """The stand-in in a thread: jobs run a loop of their own."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files
        self._ready, self._end = threading.Event(), threading.Event()
        self.hub = StandIn({})
        self._thread = threading.Thread(target=async_to_sync(self._serve))

    async def _serve(self) -> None:
        async with stand_in(self._files) as self.hub:
            self._ready.set()
            await asyncio.to_thread(self._end.wait)

    def __enter__(self) -> StandIn:
        self._thread.start()
        self._ready.wait()
        return self.hub

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


@pytest.fixture
def hub(settings: Any, tmp_path: Path, _quiet_home: None) -> Iterator[StandIn]:
    files = {"tiny.Q4_0.gguf": write_gguf(tmp_path / "made.gguf").read_bytes()}
    with _Hub(files) as made:
        settings.ENVIRONMENT = replace(settings.ENVIRONMENT, hub_endpoint=made.url)
        yield made


def test_a_model_is_pulled_from_the_hub(owner: Person, hub: StandIn) -> None:
    ended = done(owner, start(owner, pull="house/tiny"))
    assert (ended["status"], ended["model"]) == ("finished", "tiny.q4_0")
    assert ended["done_bytes"] == ended["total_bytes"] == len(hub.files["tiny.Q4_0.gguf"])
    (listed,) = owner.request("GET", "/local-models").json()["results"]
    assert listed["licence"] == "apache-2.0" and listed["source"].startswith("hub:house/tiny@")


def test_a_pull_that_breaks_off_waits_and_goes_on(owner: Person, hub: StandIn) -> None:
    hub.breaks = [100, 0, 0, 0]
    job = start(owner, pull="house/tiny")
    waiting = done(owner, job)
    assert (waiting["status"], "goes on from there" in waiting["reason"]) == ("queued", True)
    ModelJob.unscoped.update(lease_expires_at=None)  # the pause is over
    hub.asked.clear()
    assert done(owner, job)["status"] == "finished"
    assert hub.asked[-1][1] == "bytes=100-"


def test_what_the_hub_refuses_ends_the_job_with_its_reason(owner: Person, hub: StandIn) -> None:
    hub.status_of_list = 401
    ended = done(owner, start(owner, pull="house/tiny"))
    assert ended["status"] == "failed" and "ATELIER_HUB_TOKEN" in ended["reason"]


@pytest.mark.usefixtures("_quiet_home")
def test_a_job_is_cancelled_before_and_while_it_runs(owner: Person, tmp_path: Path) -> None:
    waiting = start(owner, pull="house/tiny")
    assert owner.request("POST", f"/model-jobs/{waiting['id']}/cancel").json()["status"] == "cancelled"
    held = start(owner, path=str(write_gguf(tmp_path / "held.gguf")))
    ModelJob.unscoped.filter(id=held["id"]).update(status="running")
    assert owner.request("POST", f"/model-jobs/{held['id']}/cancel").json()["is_cancel_wanted"] is True
    assert done(owner, held)["status"] == "cancelled"
    assert not store().list()


@pytest.mark.usefixtures("_quiet_home")
def test_a_job_whose_worker_died_is_sent_again_and_not_for_ever(owner: Person) -> None:
    job = start(owner, pull="house/tiny")
    ModelJob.unscoped.update(status="running", lease_expires_at="2026-01-01T00:00:00Z", attempts=1)
    assert jobs_reclaim() == [uuid.UUID(job["id"])]
    ModelJob.unscoped.update(attempts=5)
    assert jobs_reclaim() == []
    assert "died 5 times" in owner.request("GET", f"/model-jobs/{job['id']}").json()["reason"]


@pytest.mark.usefixtures("_quiet_home")
def test_a_model_in_use_is_not_removed_and_its_users_are_named_to_their_own_people(
    owner: Person, tmp_path: Path
) -> None:
    done(owner, start(owner, path=str(write_gguf(tmp_path / "tiny.gguf"))))
    draft = {"model": {"id": "tiny", "parameters": {}}}
    App.objects.create(workspace_id=owner.workspace.id, name="Support", slug="s", mode="chat", draft=draft)
    answer = owner.request("DELETE", "/models/tiny")
    assert (answer.status_code, answer.json()["code"]) == (409, "model_in_use")
    assert "'Support'" in answer.json()["message"]
    theirs = person_create(is_machine_admin=True).request("DELETE", "/models/tiny")
    assert theirs.status_code == 409 and "Support" not in theirs.content.decode()
    assert "1 of other workspaces" in theirs.json()["message"]


@pytest.mark.model
def test_a_second_model_is_loaded_asked_unloaded_and_removed(owner: Person, settings: Any) -> None:
    settings.ENVIRONMENT = replace(
        settings.ENVIRONMENT, home=model_home(), inference_url=server_url(), inference_key=""
    )
    name = f"second-{uuid.uuid4().hex[:6]}"
    ended = done(owner, start(owner, path=str(builtin_models(model_home())[0].path), id=name))
    assert ended["status"] == "finished", ended
    made = owner.request("GET", f"/models/{name}/estimate?context_tokens=1024").json()
    assert (
        made["total_bytes"] == sum(made[f"{part}_bytes"] for part in ("weights", "cache", "compute", "process"))
        and made["cache_bytes"] == 1024 * 11520 * 2
    )
    loaded = owner.request("POST", f"/models/{name}/load", {"context_tokens": 1024, "keep_alive_s": 60})
    assert loaded.status_code == 200, loaded.content
    (row,) = [one for one in loaded.json()["results"] if one["id"] == name]
    assert (row["state"], row["keep_alive_s"], row["quantization"]) == ("loaded", 60, "Q4_1")
    assert 0 < row["memory_bytes"] < row["estimate"]["total_bytes"]
    assert owner.request("DELETE", f"/models/{name}").json()["code"] == "model_in_use"
    body = {"model": name, "messages": [{"role": "user", "content": "Say hello."}], "parameters": {"max_tokens": 8}}
    events = playground(owner, body)
    assert "".join(data.get("text", "") for kind, data in events if kind == "delta")
    kind, end = events[-1]
    assert kind == "end" and end["completion_tokens"] and end["tokens_per_s"] > 0
    after = owner.request("POST", f"/models/{name}/unload").json()
    assert {one["id"]: one["state"] for one in after["results"]}[name] == "unloaded"
    assert owner.request("POST", f"/models/{CHAT_MODEL}/unload").status_code == 409
    assert owner.request("DELETE", f"/models/{name}").status_code == 204
    assert owner.request("POST", f"/models/{name}/load", {}).status_code == 404
    assert name not in [one["id"] for one in owner.request("GET", "/models").json()["results"]]


@pytest.mark.usefixtures("_quiet_home")
def test_the_playground_says_what_is_wrong(owner: Person) -> None:
    def ask(**body: Any) -> Any:
        return owner.request("POST", "/playground", body)

    messages = [{"role": "user", "content": "x"}]
    assert ask(model="no-such", messages=messages).json()["code"] == "model_not_found"
    assert ask(model=CHAT_MODEL, messages=[]).status_code == 400
    assert ask(model=CHAT_MODEL, messages=messages, parameters={"heat": 1}).status_code == 400
    ((kind, said),) = playground(owner, {"model": CHAT_MODEL, "messages": messages})
    assert (kind, said["code"]) == ("error", "upstream_unreachable")


def playground(person: Person, body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Ask, and return the events. View and stream share a loop, as they do in the server."""

    async def read() -> bytes:
        headers = {"Authorization": f"Bearer {person.token}"}
        response = await AsyncClient().post(
            "/api/v1/playground", data=body, content_type="application/json", headers=headers
        )
        assert response.status_code == 200, response.content
        return b"".join([piece async for piece in response.streaming_content])

    frames = [frame.split("\n") for frame in async_to_sync(read)().decode().strip().split("\n\n")]
    return [(lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))) for lines in frames]
