"""Metadata fields of a dataset, and the values of its documents."""

import uuid
from typing import Any

import pytest

from tests.backend.conftest import Person
from tests.backend.datasets.conftest import Library

pytestmark = pytest.mark.django_db(transaction=True)


def field_made(library: Library, name: str, kind: str = "string") -> str:
    response = library.person.request("POST", f"{library.path}/metadata-fields", {"name": name, "type": kind})
    assert response.status_code == 201, response.content
    assert response.json() == {"id": response.json()["id"], "name": name, "type": kind, "count": 0}
    return str(response.json()["id"])


def own_fields(library: Library) -> dict[str, int]:
    rows = library.person.request("GET", f"{library.path}/metadata-fields").json()["results"]
    return {row["name"]: row["count"] for row in rows if row["id"]}


def described(library: Library, document_id: str, **values: object) -> Any:
    return library.person.request("PATCH", f"{library.path}/documents/{document_id}", {"metadata": values})


@pytest.fixture
def documents(library: Library) -> list[str]:
    """Two documents in a dataset with an author, a year and a day."""
    field_made(library, "author")
    field_made(library, "year", "number")
    field_made(library, "signed", "time")
    return [library.upload(f"{name}.txt", name.encode()).json()["id"] for name in ("one", "two")]


def test_fields_are_listed_with_the_built_in_ones_and_counts(library: Library, documents: list[str]) -> None:
    described(library, documents[0], author="Ann", year=1999)
    described(library, documents[1], author="Bob")
    rows = library.person.request("GET", f"{library.path}/metadata-fields").json()["results"]
    assert [(row["name"], row["type"], row["count"]) for row in rows] == [
        ("author", "string", 2),
        ("signed", "time", 0),
        ("year", "number", 1),
        ("document_name", "string", 2),
        ("uploader", "string", 2),
        ("upload_date", "time", 2),
        ("last_update_date", "time", 2),
        ("source", "string", 2),
    ]
    assert [row["id"] is None for row in rows] == [False] * 3 + [True] * 5


def test_a_dataset_may_do_without_the_built_in_fields(library: Library) -> None:
    field_made(library, "author")
    assert library.person.request("PATCH", library.path, {"built_in_metadata": False}).status_code == 200
    rows = library.person.request("GET", f"{library.path}/metadata-fields").json()["results"]
    assert [row["name"] for row in rows] == ["author"]


def test_values_are_stored_as_their_type_and_replace_what_was_there(library: Library, documents: list[str]) -> None:
    body = described(library, documents[0], author="Ann", year=1999, signed="2026-01-02T00:00:00Z").json()
    assert body["metadata"] == {"author": "Ann", "year": 1999, "signed": 1767312000.0}
    assert described(library, documents[0], year=2000, author=None).json()["metadata"] == {"year": 2000}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"author": 5}, "metadata.author"),
        ({"author": "x" * 2001}, "metadata.author"),
        ({"author": "a\0b"}, "metadata.author"),
        ({"year": "1999"}, "metadata.year"),
        ({"year": True}, "metadata.year"),
        ({"year": 10**400}, "metadata.year"),
        ({"signed": "yesterday"}, "metadata.signed"),
        ({"signed": 1767312000000}, "metadata.signed"),
        ({"document_name": "x"}, "metadata.document_name"),
        ({"colour": "red"}, "metadata.colour"),
    ],
)
def test_a_value_that_its_field_does_not_take_is_refused_by_name(
    library: Library, documents: list[str], values: dict[str, object], field: str
) -> None:
    described(library, documents[0], author="Ann")
    refused = described(library, documents[0], **values)
    assert refused.status_code == 400
    assert field in refused.json()["extra"]["fields"]
    assert library.document(documents[0])["metadata"] == {"author": "Ann"}


def test_renaming_a_field_renames_its_values(library: Library, documents: list[str]) -> None:
    described(library, documents[0], author="Ann", year=1999)
    [author] = [
        row["id"]
        for row in library.person.request("GET", f"{library.path}/metadata-fields").json()["results"]
        if row["name"] == "author"
    ]
    renamed = library.person.request("PATCH", f"{library.path}/metadata-fields/{author}", {"name": "writer"})
    assert (renamed.status_code, renamed.json()["count"]) == (200, 1)
    assert library.document(documents[0])["metadata"] == {"writer": "Ann", "year": 1999}
    assert library.document(documents[1])["metadata"] == {}
    assert own_fields(library) == {"writer": 1, "signed": 0, "year": 1}


def test_deleting_a_field_deletes_its_values(library: Library, documents: list[str]) -> None:
    described(library, documents[0], author="Ann", year=1999)
    note = field_made(library, "note")
    described(library, documents[1], note="x")
    assert library.person.request("DELETE", f"{library.path}/metadata-fields/{note}").status_code == 204
    assert library.document(documents[1])["metadata"] == {}
    assert library.document(documents[0])["metadata"] == {"author": "Ann", "year": 1999}
    assert "note" not in own_fields(library)


def test_a_name_is_taken_once_per_dataset_and_never_a_built_in_one(library: Library) -> None:
    author = field_made(library, "author")
    field_made(library, "year", "number")
    path = f"{library.path}/metadata-fields"
    assert library.person.request("POST", path, {"name": "author", "type": "time"}).status_code == 409
    assert library.person.request("POST", path, {"name": "uploader", "type": "string"}).status_code == 409
    assert library.person.request("PATCH", f"{path}/{author}", {"name": "year"}).status_code == 409
    assert library.person.request("PATCH", f"{path}/{author}", {"name": "source"}).status_code == 409
    assert library.person.request("POST", path, {"name": "x", "type": "colour"}).status_code == 400
    assert own_fields(library) == {"author": 0, "year": 0}


def test_a_field_is_found_only_under_its_own_dataset(
    library: Library, owner: Person, stranger: Person, make_library: Any
) -> None:
    author = field_made(library, "author")
    other = make_library(owner, "Other")
    for person, path in ((owner, other.path), (stranger, library.path), (owner, f"/datasets/{uuid.uuid4()}")):
        for method in ("PATCH", "DELETE"):
            answer = person.request(method, f"{path}/metadata-fields/{author}", {"name": "x"})
            assert answer.status_code == 404, (method, path)
    assert own_fields(library) == {"author": 0}
