"""Chunks of a document over HTTP: listed, searched, edited by hand, with their children."""

import uuid
from typing import Any

import pytest

from tests.backend.conftest import Person
from tests.backend.datasets.conftest import PAGES, Library, pdf_bytes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def path(library: Library) -> str:
    """The address of the chunks of a document with three pages."""
    return f"{library.path}/documents/{library.add('Terms.pdf', pdf_bytes(*PAGES))['id']}/chunks"


@pytest.fixture
def families(owner: Person, make_library: Any) -> tuple[Library, str]:
    """A dataset of parents and children, and the address of the chunks of its document."""
    library = make_library(
        owner, "Families", chunk_mode="parent_child", chunk_tokens=16, chunk_overlap_tokens=0, parent_tokens=200
    )
    text = "The warranty lasts three years and covers the battery and the case and the screen. " * 2
    return library, f"{library.path}/documents/{library.add('a.txt', text.encode())['id']}/chunks"


def listed(library: Library, path: str, query: str = "") -> list[dict[str, Any]]:
    response = library.person.request("GET", f"{path}{query}")
    assert response.status_code == 200, response.content
    return list(response.json()["results"])


def test_a_chunk_says_where_it_stands(library: Library, path: str) -> None:
    first = listed(library, path)[0]
    assert {**first, "id": "", "areas": []} == {
        "id": "", "text": PAGES[0], "answer": "", "page": 1, "position": 0, "tokens": first["tokens"], "areas": [],
        "keywords": [], "is_enabled": True, "is_edited": False, "hit_count": 0, "children": [],
    }  # fmt: skip
    assert library.person.request("GET", f"{path}/{first['id']}").json() == first
    for area in first["areas"]:
        assert 0 <= area["x0"] <= area["x1"] <= 1 and 0 <= area["y0"] <= area["y1"] <= 1


def test_chunks_are_found_by_a_part_of_their_text(library: Library, path: str) -> None:
    assert [chunk["position"] for chunk in listed(library, path, "?search=LISBON")] == [2]
    assert listed(library, path, "?search=100%25") == [], "a percent sign stands for itself"


def test_a_list_of_chunks_costs_the_same_queries_however_long_it_is(
    families: tuple[Library, str], django_assert_max_num_queries: Any
) -> None:
    library, path = families
    for n in range(5):
        assert library.person.request("POST", path, {"text": f"A new parent, number {n}."}).status_code == 201
    with django_assert_max_num_queries(8):
        chunks = listed(library, path)
    assert len(chunks) == 6
    assert all(chunk["children"] for chunk in chunks)


def test_a_chunk_is_added_changed_switched_and_deleted(library: Library, path: str) -> None:
    ask = library.person.request
    made = ask("POST", path, {"text": "Dogs are welcome.", "keywords": ["pets"]})
    assert made.status_code == 201, made.content
    assert (made.json()["position"], made.json()["keywords"], made.json()["tokens"]) == (3, ["pets"], 4)
    one = f"{path}/{made.json()['id']}"
    assert ask("PATCH", one, {"text": "Cats are welcome."}).json()["text"] == "Cats are welcome."
    assert ask("PATCH", one, {"is_enabled": False}).json()["is_enabled"] is False
    assert ask("GET", one).json()["is_edited"] is True
    assert [chunk["text"] for chunk in listed(library, path)][-1] == "Cats are welcome."
    assert ask("DELETE", one).status_code == 204
    assert ask("GET", one).status_code == 404
    assert len(listed(library, path)) == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": " "}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": "x", "colour": "red"}, "colour"),
        ({"text": "x", "keywords": ["y" * 101]}, "keywords"),
        ({"text": "x", "position": 1}, "position"),
    ],
)
def test_a_chunk_that_cannot_be_is_refused_by_field(
    library: Library, path: str, body: dict[str, object], field: str
) -> None:
    refused = library.person.request("POST", path, body)
    assert refused.status_code == 400
    assert any(name.startswith(field) for name in refused.json()["extra"]["fields"])
    assert len(listed(library, path)) == 3


def test_children_are_added_changed_and_deleted_with_their_chunk(families: tuple[Library, str]) -> None:
    library, path = families
    ask = library.person.request
    [parent] = listed(library, path)
    before = [child["text"] for child in parent["children"]]
    assert len(before) > 1
    children = f"{path}/{parent['id']}/children"

    made = ask("POST", children, {"text": "Bring the receipt."})
    assert made.status_code == 201, made.content
    assert [child["text"] for child in made.json()["children"]] == [*before, "Bring the receipt."]
    last = made.json()["children"][-1]
    changed = ask("PATCH", f"{children}/{last['id']}", {"text": "Bring the bill."}).json()
    assert changed["children"][-1]["text"] == "Bring the bill."
    left = ask("DELETE", f"{children}/{changed['children'][-1]['id']}")
    assert [child["text"] for child in left.json()["children"]] == before
    assert ask("PATCH", f"{children}/{uuid.uuid4()}", {"text": "x"}).status_code == 404
    assert ask("POST", children, {"text": ""}).status_code == 400


def test_the_last_child_and_children_where_there_are_none_are_refused(
    library: Library, path: str, families: tuple[Library, str]
) -> None:
    ask = library.person.request
    [first, *_] = listed(library, path)
    assert ask("POST", f"{path}/{first['id']}/children", {"text": "x"}).status_code == 409
    _, family_path = families
    [parent] = listed(library, family_path)
    children = f"{family_path}/{parent['id']}/children"
    for _ in parent["children"][:-1]:
        parent = ask("DELETE", f"{children}/{parent['children'][0]['id']}").json()
    assert ask("DELETE", f"{children}/{parent['children'][0]['id']}").status_code == 409


def test_a_chunk_is_found_only_under_its_own_document(
    library: Library, path: str, stranger: Person, families: tuple[Library, str]
) -> None:
    [chunk, *_] = listed(library, path)
    _, elsewhere = families
    for person, place in ((library.person, elsewhere), (stranger, path)):
        for method, body in (("GET", None), ("PATCH", {"text": "x"}), ("DELETE", None)):
            assert person.request(method, f"{place}/{chunk['id']}", body).status_code == 404, (method, place)
        assert person.request("POST", f"{place}/{chunk['id']}/children", {"text": "x"}).status_code == 404
    assert listed(library, path)[0] == chunk
