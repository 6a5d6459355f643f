"""Quantization through HTTP: started, watched, cancelled, killed and taken over; its results are models to ask."""

import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now

from backend.accounts.models import Role
from backend.local_models.adapters import store
from backend.providers.selectors import model_get
from backend.quantization import services, working
from backend.quantization.models import Quantization
from backend.quantization.selectors import works_folder
from backend.quantization.working import quantization_run, quantizations_reclaim
from inference.quantization import room
from inference.quantization.job import Update
from tests.backend.conftest import Person, person_create
from tests.inference.tiny_models import write_folder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.model, pytest.mark.xdist_group("quantization")]
TINY = "tiny"


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[uuid.UUID]:
    """What would go to a worker."""
    made: list[uuid.UUID] = []
    monkeypatch.setattr(services, "job_send", lambda task, job_id: made.append(job_id))
    return made


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path) -> Iterator[None]:
    """A home of its own with a tiny model, no inference server, and one core: see the tests of the library."""
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, home=tmp_path / "home", inference_url="http://127.0.0.1:9")
    (tmp_path / "home").mkdir()
    store().add(write_folder(tmp_path / "source", "llama"), model=TINY)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    yield
    os.sched_setaffinity(0, cores)


def start(person: Person, model: str = TINY, **body: Any) -> dict[str, Any]:
    answer = person.request("POST", f"/models/{model}/quantize", {"types": ["q4_0"], **body})
    assert answer.status_code == 202, answer.content
    return dict(answer.json())


def look(person: Person, job: dict[str, Any]) -> dict[str, Any]:
    return dict(person.request("GET", f"/quantizations/{job['id']}").json())


def test_a_job_ends_in_a_report_and_in_models_that_can_be_asked(owner: Person, sent: list[uuid.UUID]) -> None:
    job = start(owner, types=["q4_0", "q8_0"], is_calibrated=True)
    assert sent == [uuid.UUID(job["id"])]
    assert job["status"] == "queued"
    quantization_run(sent[0])
    done = look(owner, job)
    assert done["status"] == "finished", done["reason"]
    assert [row["type"] for row in done["report"]["rows"]] == ["source", "q8_0", "q4_0"]
    assert done["report"]["recommended"] in {"q8_0", "q4_0"}
    assert done["report"]["rule"]
    assert done["progress"] == 1.0
    assert done["installed"] == ["tiny-q8_0", "tiny-q4_0"]
    assert {entry["stage"] for entry in done["log"]} >= {"converting", "quantizing", "measuring", "installing"}
    for name in done["installed"]:
        assert store().get(name).is_servable
        assert model_get(owner.workspace.id, name, kind="chat").id == name
    assert not list(works_folder().iterdir())
    listed = owner.request("GET", "/quantizations").json()["results"]
    assert [entry["id"] for entry in listed] == [job["id"]]


def test_one_estimates_before_and_is_told_what_is_missing(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = owner.request("GET", f"/models/{TINY}/quantize?types=q8_0,q4_0").json()
    assert needs["sizes"]["q4_0"] < needs["sizes"]["q8_0"]
    assert needs["disk_bytes"] > sum(needs["sizes"].values())
    monkeypatch.setattr(room, "available_bytes", lambda: 1)
    answer = owner.request("POST", f"/models/{TINY}/quantize", {"types": ["q8_0"]})
    assert answer.status_code == 409
    assert answer.json()["code"] == "not_enough_room"
    assert "missing" in answer.json()["message"]
    assert not Quantization.unscoped.exists()


@pytest.mark.parametrize(
    ("model", "types", "status", "said"),
    [
        ("nobody", ["q8_0"], 404, "nobody"),
        (TINY, ["q9"], 400, "q9"),
        (TINY, [], 400, "types"),
        ("all-minilm-l6-v2", ["q8_0"], 422, "generates text"),
    ],
)
def test_what_cannot_be_done_is_refused(owner: Person, model: str, types: list[str], status: int, said: str) -> None:
    answer = owner.request("POST", f"/models/{model}/quantize", {"types": types})
    assert answer.status_code == status, answer.content
    assert said in answer.content.decode()


@pytest.mark.parametrize(
    ("types", "status", "code", "said"),
    [
        (["gptq-w4a16"], 422, "engine_missing", "./atelier engines install llmcompressor"),
        (["awq-w4a16", "q8_0"], 422, "quantization_failed", "two jobs"),
    ],
)
def test_folders_for_vllm_want_their_packages_and_a_job_of_their_own(
    owner: Person, types: list[str], status: int, code: str, said: str
) -> None:
    answer = owner.request("POST", f"/models/{TINY}/quantize", {"types": types})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert said in answer.json()["message"]
    assert owner.request("GET", f"/models/{TINY}/quantize?types={','.join(types)}").json()["code"] == code
    assert not Quantization.unscoped.exists()


def test_gptq_is_not_made_of_a_gguf(owner: Person) -> None:
    answer = owner.request("POST", "/models/smollm2-135m-instruct/quantize", {"types": ["gptq-w4a16"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "unsupported_model")


@pytest.mark.vllm
@pytest.mark.timeout(1800)
def test_a_folder_for_vllm_is_made_and_installed(owner: Person, sent: list[uuid.UUID], tmp_path: Path) -> None:
    engines = Path(os.environ.get("ATELIER_TEST_ENGINES", "/nowhere"))
    if not (engines / "llmcompressor").exists():
        pytest.skip("./atelier test --vllm installs llmcompressor and says where")
    (tmp_path / "home" / "engines").symlink_to(engines)
    job = start(owner, types=["awq-w4a16"])
    quantization_run(sent[0])
    done = look(owner, job)
    assert (done["status"], done["installed"]) == ("finished", ["tiny-awq-w4a16"]), done["reason"]
    assert "not measured" in done["report"]["note"]
    made = store().get("tiny-awq-w4a16")
    assert (made.engine, made.format) == ("vllm", "safetensors")


def test_the_same_model_is_not_quantized_twice_at_once(owner: Person) -> None:
    start(owner)
    assert owner.request("POST", f"/models/{TINY}/quantize", {"types": ["q8_0"]}).status_code == 409


def test_a_broken_model_fails_its_job_with_the_reason_and_leaves_nothing(owner: Person, sent: list[uuid.UUID]) -> None:
    job = start(owner)
    shard = store().path(TINY) / "model.safetensors"
    cut = shard.read_bytes()[:-100]
    shard.unlink()
    shard.write_bytes(cut)
    quantization_run(sent[0])
    done = look(owner, job)
    assert done["status"] == "failed"
    assert "model.safetensors" in done["reason"]
    assert not list(works_folder().iterdir())
    assert [manifest.id for manifest in store().list()] == [TINY]


def test_a_running_job_is_cancelled_and_leaves_nothing(
    owner: Person, sent: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(owner)
    monkeypatch.setattr(working, "LOOK_EVERY_S", 0.0)
    hear = working._Told.hear

    def cancelling(told: working._Told, update: Update) -> None:
        hear(told, update)
        if update.stage == "quantizing":
            Quantization.unscoped.update(is_cancel_wanted=True)

    monkeypatch.setattr(working._Told, "hear", cancelling)
    quantization_run(sent[0])
    assert look(owner, job)["status"] == "cancelled"
    assert not list(works_folder().iterdir())
    assert [manifest.id for manifest in store().list()] == [TINY]


def test_a_waiting_job_is_cancelled_at_once(owner: Person) -> None:
    job = start(owner)
    assert owner.request("POST", f"/quantizations/{job['id']}/cancel").json()["status"] == "cancelled"


def test_after_its_worker_died_another_goes_on(
    owner: Person, sent: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(owner)

    class Killed(BaseException):
        """What a worker that is gone does not catch."""

    def dying(told: working._Told, update: Update) -> None:
        if update.stage == "measuring":
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(working._Told, "hear", dying)
        with pytest.raises(Killed):
            quantization_run(sent[0])
    made = works_folder() / job["id"] / "work" / "source.gguf"
    before = made.stat().st_mtime_ns
    assert look(owner, job)["status"] == "running"
    assert quantizations_reclaim() == []  # its lease has not run out: the files stay
    assert made.exists()
    Quantization.unscoped.update(lease_expires_at=Now())
    assert quantizations_reclaim() == [uuid.UUID(job["id"])]
    assert made.stat().st_mtime_ns == before
    quantization_run(uuid.UUID(job["id"]))
    assert look(owner, job)["status"] == "finished"


def test_a_job_that_outlived_its_workers_fails_and_is_cleaned_up(owner: Person) -> None:
    job = start(owner)
    (works_folder() / job["id"]).mkdir(parents=True)
    Quantization.unscoped.update(attempts=working.MAX_ATTEMPTS, lease_expires_at=Now())
    assert quantizations_reclaim() == []
    done = look(owner, job)
    assert done["status"] == "failed"
    assert "memory" in done["reason"]
    assert not list(works_folder().iterdir())


def test_two_jobs_do_not_run_at_once(owner: Person, sent: list[uuid.UUID], tmp_path: Path) -> None:
    store().add(write_folder(tmp_path / "other", "qwen2"), model="other")
    start(owner)
    job = start(owner, model="other")
    Quantization.unscoped.filter(source=TINY).update(status="running", lease_expires_at=Now() + timedelta(seconds=60))
    quantization_run(uuid.UUID(job["id"]))
    assert look(owner, job)["status"] == "queued"


def test_only_administrators_start_and_cancel(owner: Person) -> None:
    job = start(owner)
    editor = person_create(Role.EDITOR, owner.workspace)
    assert editor.request("POST", f"/models/{TINY}/quantize", {"types": ["q8_0"]}).status_code == 403
    assert editor.request("POST", f"/quantizations/{job['id']}/cancel").status_code == 403
    assert editor.request("GET", f"/quantizations/{job['id']}").status_code == 200
