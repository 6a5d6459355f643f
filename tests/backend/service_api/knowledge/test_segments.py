"""Chunks and their children with a dataset key: what is added, changed or deleted is searched so at once."""

import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from backend.datasets.models import Chunk
from backend.datasets.ports import EMBEDDERS
from inference.errors import UpstreamUnreachableError
from tests.backend.apps.running import LIVE
from tests.backend.datasets.embedding import WordEmbedder
from tests.backend.service_api.knowledge.conftest import TERMS, Shelf, index

pytestmark = LIVE

SEGMENT = {
    "id", "position", "document_id", "content", "sign_content", "answer", "word_count", "tokens", "keywords",
    "index_node_id", "index_node_hash", "hit_count", "enabled", "disabled_at", "disabled_by", "status", "created_by",
    "created_at", "updated_at", "updated_by", "indexing_at", "completed_at", "error", "stopped_at", "child_chunks",
    "attachments", "summary",
}  # fmt: skip
CHILD = {"id", "segment_id", "content", "position", "word_count", "type", "created_at", "updated_at"}


@pytest.fixture
def segments(shelf: Shelf) -> str:
    """The address of the segments of a document with three of them."""
    return f"{shelf.path}/documents/{shelf.add_terms()}/segments"


@pytest.fixture
def children(shelf: Shelf) -> str:
    """The address of the children of a document's only segment."""
    rules = {
        "segmentation": {"separator": "\n\n\n", "max_tokens": 200},
        "subchunk_segmentation": {"separator": "\n", "max_tokens": 16, "chunk_overlap": 0},
    }
    settings = {"doc_form": "hierarchical_model", "process_rule": {"mode": "hierarchical", "rules": rules}}
    path = f"{shelf.path}/documents/{shelf.add('Family', ' '.join(TERMS), **settings)}/segments"
    return f"{path}/{shelf.get(path)['data'][0]['id']}/child_chunks"


def test_segments_come_in_pages_in_their_order(shelf: Shelf, segments: str) -> None:
    page = shelf.get(f"{segments}?limit=2")
    assert (page["total"], page["has_more"], page["limit"], page["page"], page["doc_form"]) == (
        3, True, 2, 1, "text_model",
    )  # fmt: skip
    assert [item["position"] for item in page["data"]] == [1, 2] and set(page["data"][0]) == SEGMENT
    assert [item["content"] for item in shelf.get(f"{segments}?limit=2&page=2")["data"]] == [TERMS[2]]
    assert [item["content"] for item in shelf.get(f"{segments}?keyword=lisbon")["data"]] == [TERMS[2]]
    assert shelf.get(f"{segments}?status=completed")["total"] == 3
    assert shelf.get(f"{segments}?status=error&status=indexing")["total"] == 0


def test_segments_are_added_read_changed_and_deleted(shelf: Shelf, segments: str) -> None:
    new = [{"content": "Herons nest in April.", "keywords": ["bird"]}, {"content": "Owls hunt at night."}]
    added = shelf.post(segments, {"segments": new})
    assert [item["content"] for item in added["data"]] == [item["content"] for item in new]
    assert [item["position"] for item in added["data"]] == [4, 5] and added["data"][0]["keywords"] == ["bird"]
    path = f"{segments}/{added['data'][0]['id']}"
    assert shelf.get(path)["data"] == added["data"][0]
    assert shelf.found("herons nest")[0] == "Herons nest in April."

    changed = shelf.post(path, {"segment": {"content": "Storks nest in May.", "keywords": ["stork"]}})["data"]
    assert (changed["content"], changed["keywords"]) == ("Storks nest in May.", ["stork"])
    assert shelf.found("storks")[0] == "Storks nest in May." and "herons" not in str(shelf.found("herons")).lower()
    off = shelf.post(path, {"segment": {"enabled": False}})["data"]
    assert (off["enabled"], off["content"]) == (False, "Storks nest in May.")
    assert "Storks nest in May." not in shelf.found("storks")

    assert shelf.send("DELETE", path).status_code == 204
    assert shelf.refused("GET", path)[:2] == (404, "not_found")
    assert shelf.get(segments)["total"] == 4


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "segments"),
        ({"segments": []}, "segments"),
        ({"segments": [{"content": " "}]}, "segments.0.content"),
        ({"segments": [{"content": "a", "attachment_ids": ["x"]}]}, "segments.0.attachment_ids"),
        ({"segments": [{"content": "fine"}, {"content": "word " * 300}]}, "text"),
    ],
)
def test_either_all_segments_are_added_or_none(shelf: Shelf, segments: str, body: Any, param: str) -> None:
    assert shelf.refused("POST", segments, body) == (400, "invalid_param", param)
    assert Chunk.unscoped.count() == 3


def test_a_question_needs_an_answer(shelf: Shelf, segments: str) -> None:
    pairs = "question,answer\nWho nests?,Herons do.\n"
    made = shelf.upload(
        f"{shelf.path}/document/create-by-file", "pairs.csv", pairs.encode(), '{"doc_form": "qa_model"}'
    )
    path = f"{shelf.path}/documents/{index(made.json()['document']['id'])}/segments"
    [pair] = shelf.get(path)["data"]
    assert (pair["content"], pair["answer"], shelf.get(path)["doc_form"]) == ("Who nests?", "Herons do.", "qa_model")
    assert shelf.refused("POST", path, {"segments": [{"content": "Who hunts?"}]}) == (
        400, "invalid_param", "segments.0.answer",
    )  # fmt: skip
    added = shelf.post(path, {"segments": [{"content": "Who hunts?", "answer": "Owls do."}]})
    assert added["data"][0]["answer"] == "Owls do."


def test_while_a_document_is_indexed_its_segments_are_left_alone(shelf: Shelf, segments: str) -> None:
    path = f"{segments}/{shelf.get(segments)['data'][0]['id']}"
    shelf.post(segments.replace("/segments", "/update-by-text"), {"text": "Another text."})
    for method, address, body in (
        ("POST", segments, {"segments": [{"content": "new"}]}),
        ("POST", path, {"segment": {"content": "new"}}),
        ("DELETE", path, None),
        ("POST", f"{path}/child_chunks", {"content": "new"}),
    ):
        assert shelf.refused(method, address, body)[:2] == (400, "document_indexing"), method


def test_a_model_that_is_not_there_is_a_400_of_the_contract(shelf: Shelf, segments: str) -> None:
    class Down(WordEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            raise UpstreamUnreachableError("the model server does not answer; start it")

    EMBEDDERS.fill(lambda workspace_id, model: Down(model))
    body = {"segments": [{"content": "Something new."}]}
    assert shelf.refused("POST", segments, body)[:2] == (400, "completion_request_error")
    assert Chunk.unscoped.count() == 3


def test_children_are_listed_added_changed_and_deleted(shelf: Shelf, children: str) -> None:
    page = shelf.get(f"{children}?limit=2")
    assert page["total"] >= 3 and page["total_pages"] == -(-page["total"] // 2) and len(page["data"]) == 2
    assert set(page["data"][0]) == CHILD and page["data"][0]["position"] == 1
    assert all("lisbon" in item["content"].lower() for item in shelf.get(f"{children}?keyword=Lisbon")["data"])

    made = shelf.post(children, {"content": "Herons nest in April."})["data"]
    assert (made["content"], made["position"]) == ("Herons nest in April.", page["total"] + 1)
    answer = shelf.post(f"{shelf.path}/retrieve", {"query": "herons nest"})
    [found] = answer["records"][0]["child_chunks"]
    assert (found["id"], found["content"], found["position"]) == (made["id"], made["content"], made["position"])

    changed = shelf.send("PATCH", f"{children}/{made['id']}", {"content": "Owls hunt."})
    assert changed.json()["data"]["content"] == "Owls hunt."
    for child in shelf.get(f"{children}?keyword=owls")["data"]:
        assert shelf.send("DELETE", f"{children}/{child['id']}").status_code == 204
    assert shelf.get(children)["total"] == page["total"]
    assert shelf.refused("PATCH", f"{children}/{uuid.uuid4()}", {"content": "x"})[:2] == (404, "not_found")
    assert shelf.refused("POST", children, {"content": ""}) == (400, "invalid_param", "content")


def test_the_last_child_stays_and_plain_segments_have_none(shelf: Shelf, children: str) -> None:
    ids = [child["id"] for child in shelf.get(children)["data"]]
    for child_id in ids[1:]:
        current = shelf.get(children)["data"][-1]["id"]
        assert shelf.send("DELETE", f"{children}/{current}").status_code == 204, child_id
    last = shelf.get(children)["data"][0]["id"]
    assert shelf.refused("DELETE", f"{children}/{last}")[:2] == (400, "invalid_param")
    plain = shelf.add("plain", TERMS[0], doc_form="text_model")
    path = f"{shelf.path}/documents/{plain}/segments"
    segment = shelf.get(path)["data"][0]["id"]
    body = {"content": "x"}
    assert shelf.refused("POST", f"{path}/{segment}/child_chunks", body)[:2] == (400, "invalid_param")
