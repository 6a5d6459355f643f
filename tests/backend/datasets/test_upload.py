"""Uploading: what is stored, what is refused, and that a refusal leaves nothing."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections

from backend.accounts.models import Role
from backend.common.redis import redis_sync
from backend.datasets.models import Document
from backend.files.models import StoredFile
from tests.backend.conftest import JsonClient, Person
from tests.backend.datasets.conftest import PAGES, Library, files_in, pdf_bytes

pytestmark = pytest.mark.django_db(transaction=True)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)


def test_an_upload_is_stored_and_a_worker_is_asked_to_index_it(library: Library, files_root: Path) -> None:
    response = library.upload("Terms.pdf", pdf_bytes(*PAGES))

    assert response.status_code == 201
    body = response.json()
    assert (body["name"], body["status"], body["progress"]) == ("Terms.pdf", "queued", 0.0)
    assert body["mime_type"] == "application/pdf"
    assert len(files_in(files_root)) == 1
    assert redis_sync().llen("jobs") == 1


def test_the_same_name_and_bytes_answer_with_the_document_that_is_there(library: Library, files_root: Path) -> None:
    content = pdf_bytes(*PAGES)
    first = library.upload("Terms.pdf", content)
    again = library.upload("Terms.pdf", content)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert len(files_in(files_root)) == 1
    assert library.upload("Copy.pdf", content).status_code == 201
    assert library.upload("Terms.pdf", pdf_bytes("another")).status_code == 201


def test_many_uploads_of_one_file_at_once_make_one_document(library: Library, files_root: Path) -> None:
    barrier = threading.Barrier(4)
    seen: list[tuple[int, str]] = []

    def upload() -> None:
        barrier.wait()
        try:
            response = Library(Person(**vars(library.person)), library.id).upload("same.txt", b"The same text.")
            seen.append((response.status_code, response.json()["id"]))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=upload) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(status for status, _ in seen) == [200, 200, 200, 201]
    assert len({document_id for _, document_id in seen}) == 1
    assert len(files_in(files_root)) == 1
    assert StoredFile.unscoped.count() == 1


@pytest.mark.parametrize(
    ("name", "content", "status", "code", "said"),
    [
        ("photo.pdf", PNG, 415, "unsupported_file_type", "PNG"),
        ("photo.png", PNG, 415, "unsupported_file_type", "convert"),
        ("locked.pdf", pdf_bytes("secret", password="open"), 422, "encrypted_document", "password"),
        ("blank.pdf", pdf_bytes("", ""), 422, "empty_document", "text"),
        ("nothing.txt", b"", 422, "empty_document", ""),
        ("broken.pdf", b"%PDF-1.7\nthis is no pdf", 422, "malformed_document", "broken"),
    ],
    # Not by the bytes: a PDF says when it was made, and the workers of the suite must collect the same names.
    ids=["photo", "picture", "locked", "blank", "nothing", "broken"],
)
def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_left(
    library: Library, files_root: Path, name: str, content: bytes, status: int, code: str, said: str
) -> None:
    response = library.upload(name, content)

    assert (response.status_code, response.json()["code"]) == (status, code), response.content
    assert said in response.json()["message"]
    assert not Document.unscoped.exists()
    assert not StoredFile.unscoped.exists()
    assert not files_in(files_root)
    assert redis_sync().llen("jobs") == 0


def test_a_file_of_101_mb_is_refused(library: Library, files_root: Path) -> None:
    response = library.upload("huge.txt", b"a" * 101 * 2**20)

    assert (response.status_code, response.json()["code"]) == (413, "file_too_large")
    assert "100" in response.json()["message"]
    assert not files_in(files_root)


def test_an_upload_without_a_file_says_which_field_is_missing(library: Library) -> None:
    response = library.person.client.post(f"/api/v1{library.path}/documents", {"other": "x"})
    assert response.status_code == 400
    assert "file" in response.json()["extra"]["fields"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("../../etc/passwd.txt", "passwd.txt"), ("a\u202etxt.md", "atxt.md"), ("n" * 300 + ".txt", None)],
)
def test_r36_the_name_of_an_upload_is_made_harmless(library: Library, given: str, kept: str | None) -> None:
    response = library.upload(given, f"Text of {given!r}.".encode())
    assert response.status_code == 201, response.content
    name = response.json()["name"]
    assert name == kept or (kept is None and len(name) <= 255 and name.endswith(".txt"))


def test_the_file_comes_back_as_an_attachment(library: Library, stranger: Person) -> None:
    content = pdf_bytes(*PAGES)
    document_id = library.upload("Terms.pdf", content).json()["id"]
    path = f"{library.path}/documents/{document_id}/file"

    response = library.person.request("GET", path)
    assert b"".join(response.streaming_content) == content
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    response.close()
    assert stranger.request("GET", path).status_code == 404


def test_only_members_who_may_write_upload(
    library: Library, member: Callable[[Role], Person], stranger: Person, anonymous: JsonClient
) -> None:
    def status_for(person: Person) -> int:
        return Library(person, library.id).upload("a.txt", b"Some text.").status_code  # type: ignore[no-any-return]

    assert status_for(stranger) == 404
    assert status_for(member(Role.VIEWER)) == 403
    assert status_for(Person(stranger.user, stranger.workspace, Role.VIEWER, "", anonymous)) == 401
    assert status_for(member(Role.EDITOR)) == 201
