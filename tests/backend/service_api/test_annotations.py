"""The service API's annotation routes: shapes, paging, errors, and the jobs that a client polls."""

from collections.abc import Iterator
from typing import Any

import pytest

from backend.annotations.models import AnnotationSettings
from backend.apps.services import app_create, app_key_create
from backend.datasets.ports import EMBEDDERS
from tests.backend.annotations.conftest import jobs_work
from tests.backend.apps.running import KeyClient, app_published
from tests.backend.conftest import JsonClient, Person
from tests.backend.datasets.conftest import filled
from tests.backend.datasets.embedding import word_embedder

pytestmark = pytest.mark.django_db(transaction=True)
NOBODYS = "7a10f646-6495-4b8e-8496-4098df911cd8"
ITEM = {"id", "question", "answer", "hit_count", "created_at"}
MODEL = {"embedding_provider_name": "atelier", "embedding_model_name": "all-minilm-l6-v2", "score_threshold": 0.8}


@pytest.fixture(autouse=True)
def _embedders() -> Iterator[None]:
    yield from filled(EMBEDDERS, word_embedder)


@pytest.fixture
def client(owner: Person) -> KeyClient:
    """The key of a chat app."""
    return app_published("chat", owner)


def call(client: KeyClient, method: str, path: str, body: Any = None) -> Any:
    extra = {} if body is None else {"data": body, "content_type": "application/json"}
    return getattr(JsonClient(client.key), method)(f"/v1/apps{path}", **extra)


def test_an_annotation_is_made_listed_changed_and_deleted(client: KeyClient) -> None:
    made = call(client, "post", "/annotations", {"question": "Who are you?", "answer": "Ann."})
    assert made.status_code == 201 and set(made.json()) == ITEM
    first = made.json()
    assert isinstance(first["created_at"], int) and first["hit_count"] == 0
    for n in range(2):
        call(client, "post", "/annotations", {"question": f"question {n}", "answer": "x"})
    page = call(client, "get", "/annotations?limit=2").json()
    assert {name: page[name] for name in ("has_more", "limit", "total", "page")} == {
        "has_more": True,
        "limit": 2,
        "total": 3,
        "page": 1,
    }
    assert [row["question"] for row in page["data"]] == ["question 1", "question 0"]
    last = call(client, "get", "/annotations?limit=2&page=2").json()
    assert (last["data"], last["has_more"]) == ([first], False)
    assert call(client, "get", "/annotations?keyword=ann").json()["data"] == [first]
    changed = call(client, "put", f"/annotations/{first['id']}", {"question": "Who?", "answer": "Bob."})
    assert changed.json() == {**first, "question": "Who?", "answer": "Bob."}
    gone = call(client, "delete", f"/annotations/{first['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert call(client, "get", "/annotations").json()["total"] == 2


@pytest.mark.parametrize("method", ["put", "delete"])
@pytest.mark.parametrize("annotation_id", [NOBODYS, "x"])
def test_an_annotation_that_is_not_there_is_404(client: KeyClient, method: str, annotation_id: str) -> None:
    body = {"question": "q", "answer": "a"} if method == "put" else None
    answer = call(client, method, f"/annotations/{annotation_id}", body)
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (404, "not_found", 404)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/annotations", {"question": "q"}),
        ("post", "/annotations", {"question": "", "answer": "a"}),
        ("post", "/annotations", {"question": 1, "answer": "a"}),
        ("get", "/annotations?page=0", None),
        ("get", "/annotations?limit=x", None),
        ("post", "/annotation-reply/enable", {}),
        ("post", "/annotation-reply/enable", {**MODEL, "score_threshold": 1.1}),
        ("post", "/annotation-reply/enable", {**MODEL, "embedding_model_name": "dream"}),
        ("post", "/annotation-reply/toggle", MODEL),
        ("get", f"/annotation-reply/enable/status/{NOBODYS}", None),
    ],
)
def test_what_is_wrong_is_invalid_param(client: KeyClient, method: str, path: str, body: Any) -> None:
    answer = call(client, method, path, body)
    told = answer.json()
    assert answer.status_code == 400 and told["code"] in ("invalid_param", "model_currently_not_support"), told
    assert not AnnotationSettings.unscoped.filter(is_on=True).exists()


def test_the_reply_is_switched_on_by_a_job_and_off_again(client: KeyClient) -> None:
    call(client, "post", "/annotations", {"question": "Who are you?", "answer": "Ann."})
    answer = call(client, "post", "/annotation-reply/enable", MODEL)
    assert (answer.status_code, answer.json()["job_status"]) == (200, "waiting")
    status = f"/annotation-reply/enable/status/{answer.json()['job_id']}"
    assert call(client, "get", status).json() == {**answer.json(), "error_msg": ""}
    jobs_work()
    assert call(client, "get", status).json()["job_status"] == "completed"
    kept = AnnotationSettings.unscoped.get()
    assert (kept.is_on, kept.threshold, kept.embedding_model) == (True, 0.8, "all-minilm-l6-v2")
    off = call(client, "post", "/annotation-reply/disable", MODEL).json()
    assert off["job_status"] == "completed"
    assert call(client, "get", f"/annotation-reply/disable/status/{off['job_id']}").status_code == 200
    assert call(client, "get", f"/annotation-reply/enable/status/{off['job_id']}").status_code == 400
    kept.refresh_from_db()
    assert not kept.is_on


def test_without_annotations_there_is_nothing_to_wait_for(client: KeyClient) -> None:
    answer = call(client, "post", "/annotation-reply/enable", MODEL).json()
    assert answer["job_status"] == "completed"
    assert (
        call(client, "get", f"/annotation-reply/enable/status/{answer['job_id']}").json()["job_status"] == "completed"
    )


def test_a_workflow_app_has_no_annotations(owner: Person) -> None:
    app = app_create(workspace_id=owner.workspace.id, user=owner.user, name="Flow", mode="workflow")
    client = KeyClient(app, app_key_create(app=app, user=owner.user, name="k")[1])
    answer = call(client, "get", "/annotations")
    assert (answer.status_code, answer.json()["code"]) == (400, "not_chat_app")
