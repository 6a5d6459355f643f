"""Chunks by hand: what is added, edited, switched or deleted is searched so at once, in both ways of searching."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from backend.datasets.models import Chunk, Passage, PassageVector, Posting
from backend.datasets.ports import EMBEDDERS
from inference.errors import UpstreamUnreachableError
from tests.backend.conftest import Person
from tests.backend.datasets.conftest import PAGES, Library, pdf_bytes
from tests.backend.datasets.embedding import WordEmbedder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def terms(library: Library) -> str:
    """The address of the chunks of a ready document with three of them."""
    return f"{library.path}/documents/{library.add('Terms.pdf', pdf_bytes(*PAGES))['id']}/chunks"


def texts(library: Library, query: str, mode: str) -> list[str]:
    """Return the texts that answer a query."""
    body = {"query": query, "mode": mode, "top_k": 20}
    response = library.person.request("POST", f"{library.path}/retrieve", body)
    assert response.status_code == 200, response.content
    return [hit["text"] for hit in response.json()["results"]]


def chunks(library: Library, path: str) -> list[dict[str, Any]]:
    """Return the chunks of a document."""
    return list(library.person.request("GET", path).json()["results"])


@pytest.mark.parametrize("mode", ["semantic", "full_text"])
def test_a_chunk_is_found_as_soon_as_it_is_added_changed_or_deleted(library: Library, terms: str, mode: str) -> None:
    added = library.person.request("POST", terms, {"text": "Parking behind the zebra barn is free."})
    assert added.status_code == 201, added.content
    assert texts(library, "zebra parking", mode)[0] == "Parking behind the zebra barn is free."
    assert len(chunks(library, terms)) == 4

    path = f"{terms}/{added.json()['id']}"
    changed = library.person.request("PATCH", path, {"text": "Parking behind the giraffe barn costs money."})
    assert (changed.status_code, changed.json()["is_edited"]) == (200, True), changed.content
    assert texts(library, "giraffe parking", mode)[0].startswith("Parking behind the giraffe")
    assert not any("zebra" in text for text in texts(library, "zebra", mode))

    assert library.person.request("DELETE", path).status_code in (200, 204)
    assert not any("giraffe" in text for text in texts(library, "giraffe", mode))
    assert Passage.objects.count() == PassageVector.objects.count() == Chunk.unscoped.count() == 3


@pytest.mark.parametrize("mode", ["semantic", "full_text"])
def test_a_disabled_chunk_is_kept_but_not_found(library: Library, terms: str, mode: str) -> None:
    [first, *_] = chunks(library, terms)
    switched = library.person.request("PATCH", f"{terms}/{first['id']}", {"is_enabled": False})
    assert (switched.status_code, switched.json()["is_enabled"]) == (200, False), switched.content
    assert PAGES[0] not in texts(library, "warranty battery", mode)
    assert switched.json()["is_edited"] is False

    library.person.request("PATCH", f"{terms}/{first['id']}", {"is_enabled": True})
    assert texts(library, "warranty battery", mode)[0] == PAGES[0]


def test_a_keyword_is_found_by_its_word(library: Library, terms: str) -> None:
    [first, *_] = chunks(library, terms)
    assert texts(library, "guarantee", "full_text") == []
    library.person.request("PATCH", f"{terms}/{first['id']}", {"keywords": ["guarantee", " guarantee "]})
    assert texts(library, "guarantee", "full_text") == [PAGES[0]]
    assert chunks(library, terms)[0]["keywords"] == ["guarantee"]


@pytest.mark.parametrize(
    ("body", "said"),
    [({"text": ""}, "text"), ({"text": "  "}, "text"), ({"text": "word " * 300}, "tokens"), ({}, "text")],
)
def test_a_chunk_that_could_not_be_found_is_refused(
    library: Library, terms: str, body: dict[str, str], said: str
) -> None:
    response = library.person.request("POST", terms, body)
    assert response.status_code == 400
    assert said in response.json()["message"]
    assert Chunk.unscoped.count() == 3


def test_without_the_model_a_chunk_is_neither_added_nor_half_changed(library: Library, terms: str) -> None:
    class Down(WordEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            raise UpstreamUnreachableError("the model server does not answer; start it")

    before = chunks(library, terms)
    EMBEDDERS.fill(lambda workspace_id, model: Down(model))
    for response in (
        library.person.request("POST", terms, {"text": "Something new."}),
        library.person.request("PATCH", f"{terms}/{before[0]['id']}", {"text": "Something new."}),
    ):
        assert (response.status_code, response.json()["code"]) == (502, "upstream_unreachable")
    assert chunks(library, terms) == before


def test_a_document_on_its_way_keeps_its_chunks_to_itself(library: Library, terms: str) -> None:
    document_id = terms.split("/")[-2]
    library.act("reindex", document_id)
    response = library.person.request("POST", terms, {"text": "Something new."})
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_chunks_of_others_are_not_there(library: Library, terms: str, stranger: Person) -> None:
    [first, *_] = chunks(library, terms)
    assert stranger.request("PATCH", f"{terms}/{first['id']}", {"text": "Mine."}).status_code == 404
    assert stranger.request("DELETE", f"{terms}/{first['id']}").status_code == 404


@pytest.fixture
def family(owner: Person, make_library: Callable[..., Library]) -> Library:
    """A dataset of parents and children."""
    settings = {"chunk_tokens": 16, "chunk_overlap_tokens": 0, "parent_tokens": 200}
    return make_library(owner, "Family", chunk_mode="parent_child", **settings)


def test_children_are_found_and_their_parent_is_read(family: Library) -> None:
    text = " ".join(PAGES).encode()
    path = f"{family.path}/documents/{family.add('terms.txt', text)['id']}/chunks"
    [parent] = chunks(family, path)
    assert len(parent["children"]) > 1
    assert parent["text"] == text.decode()
    assert texts(family, "invoices thirty days", "semantic") == [text.decode()]

    children = f"{path}/{parent['id']}/children"
    added = family.person.request("POST", children, {"text": "The zebra is on leave."})
    assert added.status_code == 201, added.content
    ids = [child["id"] for child in parent["children"]]
    zebra = added.json()["children"][-1]["id"]
    assert [child["id"] for child in chunks(family, path)[0]["children"]] == [*ids, zebra]
    assert texts(family, "zebra", "full_text") == [text.decode()]

    changed = family.person.request("PATCH", f"{children}/{zebra}", {"text": "The giraffe is on leave."})
    assert changed.status_code == 200, changed.content
    assert (changed.json()["children"][-1]["id"], len(changed.json()["children"])) == (zebra, len(ids) + 1)
    assert texts(family, "zebra", "full_text") == []
    assert family.person.request("DELETE", f"{children}/{zebra}").status_code in (200, 204)
    assert texts(family, "giraffe", "full_text") == []
    assert [child["id"] for child in chunks(family, path)[0]["children"]] == ids

    whole = family.person.request("PATCH", f"{path}/{parent['id']}", {"text": "The zebra came back to the barn."})
    assert [child["text"] for child in whole.json()["children"]] == ["The zebra came back to the barn."]
    assert texts(family, "invoices", "full_text") == []
    last = f"{children}/{whole.json()['children'][0]['id']}"
    assert family.person.request("DELETE", last).status_code == 409
    assert Posting.objects.values("passage_id").distinct().count() == 1


def test_a_plain_chunk_takes_no_children(library: Library, terms: str) -> None:
    [first, *_] = chunks(library, terms)
    response = library.person.request("POST", f"{terms}/{first['id']}/children", {"text": "A part."})
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
