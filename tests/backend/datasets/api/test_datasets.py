"""Datasets and documents over HTTP: made, listed, changed, deleted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.accounts.models import AuditEntry, Role
from backend.datasets.models import Chunk, Dataset, Document
from backend.datasets.ports import DATASET_USERS
from backend.datasets.tasks import index
from backend.files.models import StoredFile
from tests.backend.conftest import Person
from tests.backend.datasets.conftest import PAGES, Library, files_in, pdf_bytes

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_dataset_has_defaults_and_counts(library: Library) -> None:
    body = library.person.request("GET", library.path).json()
    assert body["embedding_model"] == "all-minilm-l6-v2"
    assert (body["chunk_tokens"], body["chunk_overlap_tokens"]) == (200, 20)
    assert body["document_counts"] == {
        "queued": 0,
        "extracting": 0,
        "splitting": 0,
        "embedding": 0,
        "indexing": 0,
        "ready": 0,
        "failed": 0,
        "total": 0,
    }

    library.add("Terms.pdf", pdf_bytes(*PAGES))
    library.upload("later.txt", b"Not indexed yet.")

    [body] = library.person.request("GET", "/datasets").json()["results"]
    assert (body["document_counts"]["ready"], body["document_counts"]["queued"]) == (1, 1)
    assert body["document_counts"]["total"] == 2
    assert body["chunk_count"] == 3


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"name": "Handbook"}, 409, "conflict"),
        ({"name": ""}, 400, "invalid"),
        ({"name": "B", "embedding_model": "no-such-model"}, 400, "model_not_found"),
        ({"name": "B", "chunk_tokens": 3}, 400, "invalid"),
        ({"name": "B", "chunk_tokens": 40, "chunk_overlap_tokens": 30}, 400, "invalid"),
    ],
)
def test_a_dataset_that_cannot_be_is_refused(
    library: Library, values: dict[str, object], status: int, code: str
) -> None:
    response = library.person.request("POST", "/datasets", values)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert Dataset.unscoped.count() == 1


def test_a_dataset_is_changed_but_keeps_the_model_of_its_documents(library: Library) -> None:
    change = library.person.request("PATCH", library.path, {"name": "Manual", "embedding_model": "words-64"})
    assert change.json()["name"] == "Manual"
    assert change.json()["embedding_model"] == "words-64"

    library.upload("a.txt", b"Some text.")
    change = library.person.request("PATCH", library.path, {"embedding_model": "all-minilm-l6-v2"})
    assert change.status_code == 409


def test_documents_are_found_by_name_and_status(library: Library) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    library.upload("notes.txt", b"Some notes.")

    def names(query: str) -> list[str]:
        response = library.person.request("GET", f"{library.path}/documents{query}")
        return [document["name"] for document in response.json()["results"]]

    assert names("") == ["notes.txt", "Terms.pdf"]
    assert names("?search=terms") == ["Terms.pdf"]
    assert names("?status=queued") == ["notes.txt"]
    assert library.person.request("GET", f"{library.path}/documents?status=lost").status_code == 400


def test_chunks_stand_in_the_order_of_the_document_and_know_their_page(library: Library) -> None:
    document = library.add("Terms.pdf", pdf_bytes(*PAGES))
    chunks = library.person.request("GET", f"{library.path}/documents/{document['id']}/chunks").json()

    assert [(chunk["position"], chunk["page"], chunk["text"]) for chunk in chunks["results"]] == [
        (position, position + 1, text) for position, text in enumerate(PAGES)
    ]
    assert chunks["next"] is None
    assert all(chunk["tokens"] > 5 for chunk in chunks["results"])


def test_long_lists_of_chunks_come_in_pages(library: Library) -> None:
    text = "\n\n".join(f"Paragraph {n} says something about item {n}. " * 30 for n in range(12))
    document = library.add("long.txt", text.encode())
    path = f"{library.path}/documents/{document['id']}/chunks?limit=5"

    positions, cursor = [], ""
    while cursor is not None:
        page = library.person.request("GET", f"{path}&cursor={cursor}").json()
        positions += [chunk["position"] for chunk in page["results"]]
        cursor = page["next"]
    assert positions == list(range(document["chunk_count"]))


def test_deleting_a_document_says_what_goes_and_leaves_nothing(library: Library, files_root: Path) -> None:
    document = library.add("Terms.pdf", pdf_bytes(*PAGES))
    path = f"{library.path}/documents/{document['id']}"

    assert library.person.request("DELETE", f"{path}?dry_run=true").json() == {"documents": 1, "chunks": 3}
    assert library.document(document["id"])["status"] == "ready"

    assert library.person.request("DELETE", path).json() == {"documents": 1, "chunks": 3}
    assert library.person.request("GET", path).status_code == 404
    assert not Chunk.unscoped.exists()
    assert not StoredFile.unscoped.exists()
    assert not files_in(files_root)


def test_deleting_a_dataset_says_what_goes_and_leaves_nothing(library: Library, files_root: Path) -> None:
    DATASET_USERS.fill(lambda workspace_id, dataset_id: 2 if str(dataset_id) == library.id else 0)
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    library.add("notes.txt", b"Some notes.")
    counts = {"documents": 2, "chunks": 4, "apps": 2}

    assert library.person.request("DELETE", f"{library.path}?dry_run=true").json() == counts
    assert library.person.request("GET", library.path).status_code == 200

    assert library.person.request("DELETE", library.path).json() == counts
    [entry] = AuditEntry.objects.within(library.person.workspace.id).filter(action="dataset.deleted")
    assert (entry.actor, entry.target) == (library.person.user, library.id)
    assert library.person.request("GET", library.path).status_code == 404
    assert not (Dataset.unscoped.exists() or Document.unscoped.exists() or Chunk.unscoped.exists())
    assert not files_in(files_root)


def test_a_failed_document_is_retried_and_no_other(library: Library) -> None:
    document_id = library.upload("notes.txt", b"Some notes.").json()["id"]
    path = f"{library.path}/documents/{document_id}/retry"
    assert library.person.request("POST", path).status_code == 409

    Document.unscoped.update(status="failed", reason="no model", attempts=3, lease_expires_at=None)
    response = library.person.request("POST", path)
    assert response.status_code == 202
    assert (response.json()["status"], response.json()["reason"]) == ("queued", "")

    index(document_id)
    assert library.document(document_id)["status"] == "ready"
    assert library.document(document_id)["attempts"] == 1
    assert library.person.request("POST", path).status_code == 409


def test_another_workspace_finds_nothing_and_a_viewer_changes_nothing(
    library: Library, stranger: Person, member: Callable[[Role], Person]
) -> None:
    document = library.add("Terms.pdf", pdf_bytes(*PAGES))
    viewer = member(Role.VIEWER)
    one = f"{library.path}/documents/{document['id']}"
    reads = [library.path, f"{library.path}/documents", one, f"{one}/chunks", f"{one}/file"]
    writes = [("PATCH", library.path), ("POST", f"{one}/retry"), ("DELETE", one), ("DELETE", library.path)]

    for path in reads:
        assert stranger.request("GET", path).status_code == 404, path
        response = viewer.request("GET", path)
        assert response.status_code == 200, path
        response.close()
    for method, path in writes:
        assert stranger.request(method, path, {}).status_code == 404, (method, path)
        assert viewer.request(method, path, {}).status_code == 403, (method, path)
    assert stranger.request("GET", "/datasets").json()["results"] == []


def test_a_document_is_found_only_under_its_own_dataset(
    library: Library, owner: Person, make_library: Callable[..., Library]
) -> None:
    document = library.add("notes.txt", b"Some notes.")
    other = make_library(owner, "Other")
    for method, tail in (("GET", ""), ("DELETE", ""), ("GET", "/chunks"), ("GET", "/file"), ("POST", "/retry")):
        response = owner.request(method, f"{other.path}/documents/{document['id']}{tail}")
        assert response.status_code == 404, (method, tail)
