"""Metadata, tags, models and pipelines with a dataset key."""

import uuid
from typing import Any

import pytest

from backend.files.models import StoredFile
from backend.providers.models import Provider, ProviderModel
from tests.backend.apps.running import LIVE
from tests.backend.service_api.knowledge.conftest import Shelf

pytestmark = LIVE


def field(shelf: Shelf, name: str = "year", kind: str = "number") -> str:
    return str(shelf.post(f"{shelf.path}/metadata", {"name": name, "type": kind}, 201)["id"])


def values_of(shelf: Shelf, document: str) -> dict[str, Any]:
    whole = shelf.get(f"{shelf.path}/documents/{document}?metadata=only")
    return {item["name"]: item["value"] for item in whole["doc_metadata"] if item["id"] != "built-in"}


def test_fields_are_made_renamed_counted_and_deleted(shelf: Shelf) -> None:
    year = field(shelf)
    document = shelf.add_terms()
    operation = {"document_id": document, "metadata_list": [{"id": year, "name": "year", "value": 2024}]}
    shelf.post(f"{shelf.path}/documents/metadata", {"operation_data": [operation]})
    listed = shelf.get(f"{shelf.path}/metadata")
    assert listed["built_in_field_enabled"] is True
    assert listed["doc_metadata"][0] == {"id": year, "name": "year", "type": "number", "count": 1}
    assert {item["name"] for item in listed["doc_metadata"] if item["id"] == "built-in"} >= {"document_name", "source"}
    renamed = shelf.send("PATCH", f"{shelf.path}/metadata/{year}", {"name": "published"})
    assert renamed.json() == {"id": year, "name": "published", "type": "number"}
    assert values_of(shelf, document) == {"published": 2024}
    assert shelf.get(shelf.path)["doc_metadata"] == [{"id": year, "name": "published", "type": "number"}]
    assert shelf.send("DELETE", f"{shelf.path}/metadata/{year}").status_code == 204
    assert values_of(shelf, document) == {}


@pytest.mark.parametrize(
    "body",
    [{"name": "year", "type": "number"}, {"name": "document_name", "type": "string"}, {"name": "", "type": "string"},
     {"name": "a", "type": "colour"}, {"name": "x" * 101, "type": "string"}],
)  # fmt: skip
def test_a_field_that_cannot_be_made_is_refused(shelf: Shelf, body: Any) -> None:
    field(shelf)
    assert shelf.refused("POST", f"{shelf.path}/metadata", body)[:2] == (400, "invalid_param")


def test_values_are_replaced_or_merged_and_all_are_stored_or_none(shelf: Shelf) -> None:
    year, author, day = field(shelf), field(shelf, "author", "string"), field(shelf, "day", "time")
    first, second = shelf.add("a", "one"), shelf.add("b", "two")

    def put(*operations: tuple[str, bool, dict[str, Any]], status: int = 200) -> None:
        data = [
            {"document_id": document, "partial_update": is_partial,
             "metadata_list": [{"id": name, "value": value} for name, value in values.items()]}
            for document, is_partial, values in operations
        ]  # fmt: skip
        response = shelf.send("POST", f"{shelf.path}/documents/metadata", {"operation_data": data})
        assert response.status_code == status, response.content

    put((first, False, {year: "2024", author: "Ann"}), (second, False, {day: 1700000000, "built-in": "x"}))
    assert values_of(shelf, first) == {"author": "Ann", "year": 2024.0}
    put((first, True, {author: "Eve"}))
    assert values_of(shelf, first) == {"author": "Eve", "year": 2024.0}
    put((first, False, {author: "Bob"}))
    assert values_of(shelf, first) == {"author": "Bob"}
    put((first, True, {author: None}), (first, True, {year: 1}))
    assert values_of(shelf, first) == {"year": 1}
    put((first, False, {author: "Zoe"}), (second, False, {year: "many"}), status=400)
    put((first, False, {author: "Zoe"}), (second, False, {str(uuid.uuid4()): "x"}), status=404)
    assert (values_of(shelf, first), values_of(shelf, second)) == ({"year": 1}, {"day": 1700000000})


def test_built_in_fields_are_listed_and_switched(shelf: Shelf) -> None:
    names = {item["name"] for item in shelf.get(f"{shelf.path}/metadata/built-in")["fields"]}
    assert names == {"document_name", "uploader", "upload_date", "last_update_date", "source"}
    assert shelf.post(f"{shelf.path}/metadata/built-in/disable", {}) == {"result": "success"}
    assert shelf.get(f"{shelf.path}/metadata") == {"doc_metadata": [], "built_in_field_enabled": False}
    shelf.post(f"{shelf.path}/metadata/built-in/enable", {})
    assert shelf.get(shelf.path)["built_in_field_enabled"] is True
    assert shelf.refused("POST", f"{shelf.path}/metadata/built-in/explode", {})[:2] == (400, "invalid_action")


def test_tags_are_made_renamed_bound_and_deleted(shelf: Shelf) -> None:
    law = shelf.post("/datasets/tags", {"name": "law"})
    assert (law["name"], law["type"], law["binding_count"]) == ("law", "knowledge", "0")
    birds = shelf.post("/datasets/tags", {"name": "birds"})
    assert shelf.refused("POST", "/datasets/tags", {"name": "law"})[:2] == (400, "invalid_param")
    body = {"tag_ids": [law["id"], birds["id"]], "target_id": shelf.dataset}
    shelf.post("/datasets/tags/binding", {**body, "tag_ids": [law["id"]]}, 204)
    shelf.post("/datasets/tags/binding", body, 204)
    bound = shelf.get(f"{shelf.path}/tags")
    assert ([tag["name"] for tag in bound["data"]], bound["total"]) == (["birds", "law"], 2)
    assert [tag["binding_count"] for tag in shelf.get("/datasets/tags")] == ["1", "1"]
    shelf.post("/datasets/tags/unbinding", {"tag_id": law["id"], "target_id": shelf.dataset}, 204)
    assert [tag["name"] for tag in shelf.get(shelf.path)["tags"]] == ["birds"]
    renamed = shelf.send("PATCH", "/datasets/tags", {"tag_id": birds["id"], "name": "owls"}).json()
    assert (renamed["name"], renamed["binding_count"]) == ("owls", "1")
    assert shelf.send("DELETE", "/datasets/tags", {"tag_id": birds["id"]}).status_code == 204
    assert shelf.get(f"{shelf.path}/tags") == {"data": [], "total": 0}
    nothing = {"tag_ids": [str(uuid.uuid4())], "target_id": shelf.dataset}
    assert shelf.refused("POST", "/datasets/tags/binding", nothing)[:2] == (404, "not_found")
    empty = {"tag_ids": [], "target_id": shelf.dataset}
    assert shelf.refused("POST", "/datasets/tags/binding", empty)[:2] == (400, "invalid_param")


def test_models_of_a_type_are_listed_by_provider(shelf: Shelf) -> None:
    path = "/workspaces/current/models/model-types"
    own = {"workspace": shelf.person.workspace}
    house = Provider.objects.create(**own, name="house", base_url="http://127.0.0.1:9/v1")
    ProviderModel.objects.create(**own, provider=house, name="vectors", kind="embedding")
    embedded, rented = shelf.get(f"{path}/text-embedding")["data"]
    assert (embedded["provider"], embedded["models"][0]["model"]) == ("atelier", "all-minilm-l6-v2")
    [model] = rented["models"]
    assert (rented["provider"], model["model"], model["model_type"]) == ("house", "vectors", "text-embedding")
    # What is listed can be sent back.
    names = {"embedding_model": embedded["models"][0]["model"], "embedding_model_provider": embedded["provider"]}
    assert shelf.post("/datasets", {"name": "Named", **names})["embedding_model"] == "all-minilm-l6-v2"
    assert shelf.get(f"{path}/rerank")["data"] == [] and shelf.get(f"{path}/tts")["data"] == []
    assert shelf.refused("GET", f"{path}/poems") == (400, "invalid_param", "model_type")


def test_a_pipelines_file_is_kept_and_its_runs_are_not_offered(shelf: Shelf) -> None:
    kept = shelf.upload("/datasets/pipeline/file-upload", "a.txt", b"hello")
    assert (kept.status_code, kept.json()["name"], kept.json()["size"]) == (201, "a.txt", 5)
    assert StoredFile.unscoped.get().workspace_id == shelf.person.workspace.id
    assert shelf.refused("GET", f"{shelf.path}/pipeline/datasource-plugins")[:2] == (501, "not_yet")
    assert shelf.refused("POST", f"{shelf.path}/pipeline/run", {})[:2] == (501, "not_yet")
    node = f"{shelf.path}/pipeline/datasource/nodes/n/run"
    assert shelf.refused("POST", node, {})[:2] == (501, "not_yet")
