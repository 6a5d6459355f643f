"""Engines through HTTP: which there are, and which of them serves a model."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.accounts.models import AuditEntry, Role
from backend.local_models import services
from backend.local_models.adapters import InferenceUnreachable, store
from backend.local_models.models import ModelJob
from backend.local_models.working import job_run
from inference.config import CHAT_MODEL
from inference.store.engines import ENGINES, INSTALLED, environment_folder
from tests.backend.conftest import Person
from tests.inference.tiny_gguf import write_gguf
from tests.inference.tiny_models import write_folder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, with one engine that looks installed, and without an inference server."""
    made = tmp_path / "home"
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, home=made, inference_url="http://127.0.0.1:9")
    monkeypatch.setattr(services, "job_send", lambda task, job_id: None)
    folder = environment_folder(made, "transformers")
    folder.mkdir(parents=True)
    (folder / INSTALLED).touch()
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "tiny", "llama")


def engines(person: Person) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in person.request("GET", "/engines").json()["results"]}


def added(person: Person, **body: str) -> dict[str, Any]:
    answer = person.request("POST", "/models", body)
    assert answer.status_code == 202, answer.content
    job_run(uuid.UUID(answer.json()["id"]))
    return dict(person.request("GET", f"/model-jobs/{answer.json()['id']}").json())


def listed(person: Person) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in person.request("GET", "/local-models").json()["results"]}


def test_every_engine_says_what_it_opens_and_whether_it_is_there(
    owner: Person, member: Callable[[Role], Person]
) -> None:
    found = engines(member(Role.VIEWER))
    assert list(found) == list(ENGINES)
    assert found["llama_cpp"]["is_builtin"] and found["llama_cpp"]["install_command"] == ""
    assert CHAT_MODEL in found["llama_cpp"]["models"]
    assert found["transformers"] == {
        "name": "transformers",
        "is_builtin": False,
        "is_installed": True,
        "formats": ["safetensors"],
        "install_command": "./atelier engines install transformers",
        "models": [],
    }
    assert found["vllm"]["is_installed"] is False


def test_a_folder_is_added_for_an_engine_which_is_then_shown(owner: Person, folder: Path) -> None:
    job = added(owner, path=str(folder), engine="transformers")
    assert (job["status"], job["engine"]) == ("finished", "transformers")
    assert listed(owner)["tiny"]["engine"] == "transformers"
    assert engines(owner)["transformers"]["models"] == ["tiny"]
    assert "tiny" in [one["id"] for one in owner.request("GET", "/models").json()["results"]]


def test_what_no_engine_serves_is_given_one_later(owner: Person, folder: Path) -> None:
    added(owner, path=str(folder))
    assert (listed(owner)["tiny"]["engine"], listed(owner)["tiny"]["state"]) == ("", "stored")
    answer = owner.request("PATCH", "/models/tiny", {"engine": "transformers"})
    assert answer.status_code == 200, answer.content
    assert listed(owner)["tiny"]["engine"] == "transformers"
    entry = AuditEntry.objects.within(owner.workspace.id).get(action="model.engine_chosen")
    assert (entry.target, entry.detail) == ("tiny", {"engine": "transformers"})


@pytest.mark.parametrize(
    ("engine", "status", "code", "says"),
    [
        ("vllm", 422, "engine_missing", "./atelier engines install vllm"),
        ("llama_cpp", 422, "model_store", "use vllm or transformers or ctranslate2"),
        ("magic", 422, "model_store", "choose among llama_cpp"),
        ("", 400, "invalid", "engine"),
    ],
)
def test_an_engine_that_cannot_serve_is_refused_and_nothing_changes(
    owner: Person, folder: Path, engine: str, status: int, code: str, says: str
) -> None:
    added(owner, path=str(folder), engine="transformers")
    answer = owner.request("PATCH", "/models/tiny", {"engine": engine})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert says in answer.content.decode()
    assert listed(owner)["tiny"]["engine"] == "transformers"
    if engine:
        refused = owner.request("POST", "/models", {"path": str(folder), "id": "other", "engine": engine})
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert says in refused.json()["message"]
        assert ModelJob.unscoped.count() == 1


def test_a_gguf_stays_with_the_built_in_engine(owner: Person, tmp_path: Path) -> None:
    given = write_gguf(tmp_path / "small.gguf")
    refused = owner.request("POST", "/models", {"path": str(given), "engine": "transformers"})
    assert (refused.status_code, "use llama_cpp" in refused.json()["message"]) == (422, True)
    added(owner, path=str(given))
    assert listed(owner)["small"]["engine"] == "llama_cpp"
    assert "use llama_cpp" in owner.request("PATCH", "/models/small", {"engine": "transformers"}).json()["message"]


def test_engines_are_chosen_by_administrators_of_the_machine_for_models_that_are_there(
    owner: Person, member: Callable[[Role], Person], folder: Path
) -> None:
    added(owner, path=str(folder))
    refused = member(Role.ADMIN).request("PATCH", "/models/tiny", {"engine": "transformers"})
    assert (refused.status_code, refused.json()["code"]) == (403, "machine_admin_needed")
    assert listed(owner)["tiny"]["engine"] == ""
    assert owner.request("PATCH", "/models/no-such", {"engine": "transformers"}).status_code == 404
    assert owner.request("PATCH", f"/models/{CHAT_MODEL}", {"engine": "transformers"}).status_code == 409


def test_a_model_in_memory_leaves_it_when_its_engine_changes(
    owner: Person, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server is asked: the engine that is in memory is not the one that the page shows otherwise."""
    asked: list[tuple[str, str]] = []

    def ask(method: str, path: str, *_: object, **__: object) -> None:
        asked.append((method, path))
        raise InferenceUnreachable("nobody is there")

    added(owner, path=str(folder))
    monkeypatch.setattr(services, "inference_ask", ask)
    for _ in range(2):
        assert owner.request("PATCH", "/models/tiny", {"engine": "transformers"}).status_code == 200
    assert asked == [("POST", "/admin/models/tiny/unload")], "once: the second time nothing changed"
    assert store().get("tiny").engine == "transformers"
