"""Previews: what settings would make of a file, before anything is indexed."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from backend.datasets.models import Chunk, Document
from tests.backend.conftest import Person
from tests.backend.datasets.conftest import PAGES, Library, files_in, pdf_bytes

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "\n\n".join(f"Paragraph {n} says something about item {n} at some length." for n in range(200))


def previewed(library: Library, name: str, content: bytes, **settings: object) -> Any:
    body = {"file": SimpleUploadedFile(name, content), "settings": json.dumps(settings)}
    return library.person.client.post(f"/api/v1{library.path}/preview", body)


def test_a_file_is_cut_and_nothing_of_it_is_kept(library: Library, files_root: Path) -> None:
    answer = previewed(library, "Terms.pdf", pdf_bytes(*PAGES))
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert [(chunk["page"], chunk["text"]) for chunk in body["chunks"]] == list(enumerate(PAGES, start=1))
    assert (body["is_complete"], body["warnings"], body["language"]) == (True, [], "en")
    assert all(chunk["tokens"] > 5 and chunk["children"] == [] for chunk in body["chunks"])
    assert not Document.unscoped.exists() and not Chunk.unscoped.exists() and not files_in(files_root)


def test_settings_change_what_is_shown_and_nothing_else(library: Library) -> None:
    few = previewed(library, "a.txt", LONG.encode(), chunk_tokens=200, chunk_overlap_tokens=0).json()
    many = previewed(library, "a.txt", LONG.encode(), chunk_tokens=16, chunk_overlap_tokens=0).json()
    assert len(few["chunks"]) < len(many["chunks"]) == 50
    assert (few["is_complete"], many["is_complete"]) == (True, False)
    family = previewed(
        library, "a.txt", LONG.encode(), chunk_mode="parent_child", chunk_tokens=16, chunk_overlap_tokens=0
    )
    assert all(chunk["children"] for chunk in family.json()["chunks"])
    assert library.person.request("GET", library.path).json()["chunk_mode"] == "general"


def test_a_document_that_is_there_is_cut_anew(library: Library, owner: Person, make_library: Any) -> None:
    document = library.add("a.txt", LONG.encode())
    body = {"document_id": document["id"], "settings": {"chunk_tokens": 16, "chunk_overlap_tokens": 0}}
    answer = library.person.request("POST", f"{library.path}/preview", body)
    assert (answer.status_code, len(answer.json()["chunks"])) == (200, 50)
    assert library.document(document["id"])["chunk_count"] == document["chunk_count"]
    other = make_library(owner, "Other")
    assert owner.request("POST", f"{other.path}/preview", body).status_code == 404
    unknown = {**body, "document_id": str(uuid.uuid4())}
    assert owner.request("POST", f"{library.path}/preview", unknown).status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "chosen", "status"),
    [
        ("a.exe", b"MZ\x90\x00", {}, 415),
        ("a.txt", b"", {}, 422),
        ("a.pdf", b"%PDF-1.7 broken", {}, 422),
        ("a.txt", b"x", {"chunk_tokens": 3}, 400),
        ("a.txt", b"x", {"chunk_tokens": 40, "chunk_overlap_tokens": 30}, 400),
        ("a.txt", b"x", {"chunk_size": 40}, 400),
    ],
)
def test_what_cannot_be_cut_says_why(
    library: Library, name: str, content: bytes, chosen: dict[str, object], status: int
) -> None:
    answer = previewed(library, name, content, **chosen)
    assert answer.status_code == status, answer.content
    assert len(answer.json()["message"]) > 10


def test_settings_that_are_no_json_are_refused(library: Library) -> None:
    body = {"file": SimpleUploadedFile("a.txt", b"x"), "settings": "{chunk"}
    answer = library.person.client.post(f"/api/v1{library.path}/preview", body)
    assert (answer.status_code, list(answer.json()["extra"]["fields"])) == (400, ["settings"])
    body = {"file": SimpleUploadedFile("a.txt", b"x"), "settings": "[1]"}
    assert library.person.client.post(f"/api/v1{library.path}/preview", body).status_code == 400
    assert library.person.request("POST", f"{library.path}/preview", {}).status_code == 400
