"""Tags: words by which datasets are grouped and found."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from backend.datasets.models import DatasetTag
from tests.backend.conftest import Person
from tests.backend.datasets.conftest import Library

pytestmark = pytest.mark.django_db(transaction=True)


def tag_made(person: Person, name: str) -> str:
    response = person.request("POST", "/dataset-tags", {"name": name})
    assert response.status_code == 201, response.content
    return str(response.json()["id"])


def tags(person: Person) -> list[tuple[str, int]]:
    body = person.request("GET", "/dataset-tags").json()
    assert body["next"] is None
    return [(tag["name"], tag["datasets"]) for tag in body["results"]]


def names(person: Person, query: str) -> list[str]:
    return [row["name"] for row in person.request("GET", f"/datasets{query}").json()["results"]]


def test_datasets_carry_tags_and_are_found_by_them(
    owner: Person, library: Library, make_library: Callable[..., Library]
) -> None:
    make_library(owner, "Other")
    legal, old = tag_made(owner, "legal"), tag_made(owner, "old")

    body = owner.request("PATCH", library.path, {"tags": [legal, old]}).json()
    assert sorted(tag["name"] for tag in body["tags"]) == ["legal", "old"]
    assert tags(owner) == [("legal", 1), ("old", 1)]
    assert names(owner, f"?tag={legal}") == ["Handbook"]
    assert names(owner, "?search=oth") == ["Other"]
    assert names(owner, f"?search=oth&tag={legal}") == []

    assert owner.request("PATCH", library.path, {"tags": [old]}).json()["tags"] == [{"id": old, "name": "old"}]
    assert tags(owner) == [("legal", 0), ("old", 1)]


def test_documents_are_counted_once_however_many_tags_a_dataset_has(owner: Person, library: Library) -> None:
    library.upload("a.txt", b"Some text.")
    wanted = [tag_made(owner, f"tag {n}") for n in range(3)]
    owner.request("PATCH", library.path, {"tags": wanted})
    [row] = owner.request("GET", f"/datasets?tag={wanted[0]}").json()["results"]
    assert (row["document_counts"]["total"], len(row["tags"])) == (1, 3)


def test_a_list_of_datasets_costs_the_same_queries_however_long_it_is(
    owner: Person, library: Library, make_library: Callable[..., Library], django_assert_max_num_queries: Any
) -> None:
    tag = tag_made(owner, "legal")
    for n in range(6):
        made = make_library(owner, f"Dataset {n}")
        owner.request("PATCH", made.path, {"tags": [tag]})
    with django_assert_max_num_queries(8):
        assert len(names(owner, "")) == 7


def test_a_tag_is_renamed_and_deleted_wherever_it_is(owner: Person, library: Library) -> None:
    tag = tag_made(owner, "legal")
    owner.request("PATCH", library.path, {"tags": [tag]})

    assert owner.request("PATCH", f"/dataset-tags/{tag}", {"name": "law"}).json()["name"] == "law"
    assert owner.request("GET", library.path).json()["tags"] == [{"id": tag, "name": "law"}]
    assert owner.request("DELETE", f"/dataset-tags/{tag}").status_code == 204
    assert owner.request("GET", library.path).json()["tags"] == []
    assert owner.request("GET", library.path).status_code == 200


def test_a_name_is_taken_once(owner: Person) -> None:
    tag_made(owner, "legal")
    other = tag_made(owner, "old")
    assert owner.request("POST", "/dataset-tags", {"name": "legal"}).status_code == 409
    assert owner.request("PATCH", f"/dataset-tags/{other}", {"name": "legal"}).status_code == 409
    assert owner.request("POST", "/dataset-tags", {"name": ""}).status_code == 400
    assert tags(owner) == [("legal", 0), ("old", 0)]


def test_a_foreign_tag_is_as_unknown_as_one_that_does_not_exist(
    owner: Person, stranger: Person, library: Library
) -> None:
    foreign = tag_made(stranger, "theirs")
    for tag in (foreign, str(uuid.uuid4())):
        refused = owner.request("PATCH", library.path, {"tags": [tag], "name": "Renamed"})
        assert refused.status_code == 400
        assert tag in refused.json()["extra"]["fields"]["tags"][0]
        assert owner.request("GET", f"/datasets?tag={tag}").status_code == 400
        assert owner.request("DELETE", f"/dataset-tags/{tag}").status_code == 404
    assert owner.request("GET", library.path).json()["name"] == "Handbook", "nothing of a refused change is kept"
    assert DatasetTag.unscoped.count() == 1
    assert owner.request("GET", "/datasets?tag=legal").status_code == 400
