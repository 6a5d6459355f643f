"""Datasets with a dataset key: made, listed, changed, deleted, as Dify's clients expect them."""

import json
import re
from typing import Any

import pytest

from backend.datasets.models import VectorIndex
from backend.datasets.ports import DATASET_USERS, EMBEDDERS
from backend.providers.models import Provider, ProviderModel
from tests.backend.apps.running import LIVE
from tests.backend.datasets.embedding import WordEmbedder
from tests.backend.service_api.knowledge.conftest import TERMS, Shelf

pytestmark = LIVE

HYBRID = {
    "search_method": "hybrid_search",
    "reranking_enable": False,
    "reranking_mode": "weighted_score",
    "weights": {
        "weight_type": "customized",
        "vector_setting": {"vector_weight": 0.7, "embedding_provider_name": "", "embedding_model_name": ""},
        "keyword_setting": {"keyword_weight": 0.3},
    },
    "top_k": 7,
    "score_threshold_enabled": True,
    "score_threshold": 0.25,
}


def test_a_new_dataset_has_every_field_of_the_contract(shelf: Shelf) -> None:
    made = shelf.get(shelf.path)
    assert set(made) == {
        "id", "name", "description", "provider", "permission", "data_source_type", "indexing_technique", "app_count",
        "document_count", "word_count", "created_by", "author_name", "created_at", "updated_by", "updated_at",
        "embedding_model", "embedding_model_provider", "embedding_available", "retrieval_model_dict",
        "summary_index_setting", "tags", "doc_form", "external_knowledge_info", "external_retrieval_model",
        "doc_metadata", "built_in_field_enabled", "pipeline_id", "runtime_mode", "chunk_structure", "icon_info",
        "is_published", "total_documents", "total_available_documents", "enable_api", "is_multimodal", "maintainer",
        "partial_member_list",
    }  # fmt: skip
    assert (made["name"], made["provider"], made["indexing_technique"]) == ("Handbook", "vendor", "high_quality")
    assert (made["embedding_model"], made["embedding_model_provider"]) == ("all-minilm-l6-v2", "atelier")
    assert made["embedding_available"] is True and isinstance(made["created_at"], int)
    assert made["retrieval_model_dict"]["search_method"] == "hybrid_search"


def test_a_dataset_counts_what_is_in_it(shelf: Shelf) -> None:
    text = shelf.add_terms() and shelf.get(f"{shelf.path}/documents")["data"][0]
    made = shelf.get(shelf.path)
    assert (made["document_count"], made["total_available_documents"]) == (1, 1)
    assert made["word_count"] == text["word_count"] > 100


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 41}, "name"),
        ({"name": "n", "description": "x" * 401}, "description"),
        ({"name": "n", "provider": "external"}, "provider"),
        ({"name": "n", "embedding_model": "gpt-embed"}, "embedding_model"),
        ({"name": "n", "indexing_technique": "cheap"}, "indexing_technique"),
        ({"name": "n", "retrieval_model": {**HYBRID, "top_k": 0}}, "retrieval_model.top_k"),
        ({"name": "n", "retrieval_model": {**HYBRID, "search_method": "guess"}}, "retrieval_model.search_method"),
    ],
)
def test_a_dataset_that_cannot_be_made_is_refused_with_the_wrong_field(shelf: Shelf, body: Any, param: str) -> None:
    assert shelf.refused("POST", "/datasets", body) == (400, "invalid_param", param)
    assert shelf.get("/datasets")["total"] == 1


def test_a_name_that_is_taken_is_a_409_of_its_own(shelf: Shelf) -> None:
    shelf.post("/datasets", {"name": "Other"})
    assert shelf.refused("POST", "/datasets", {"name": "Handbook"})[:2] == (409, "dataset_name_duplicate")
    assert shelf.refused("PATCH", shelf.path, {"name": "Other"})[:2] == (409, "dataset_name_duplicate")


def test_the_retrieval_model_is_kept_and_used(shelf: Shelf) -> None:
    made = shelf.post("/datasets", {"name": "Weighted", "retrieval_model": HYBRID})
    shown = made["retrieval_model_dict"]
    assert {name: shown[name] for name in HYBRID if name != "weights"} == {
        name: value for name, value in HYBRID.items() if name != "weights"
    }
    assert shown["weights"]["vector_setting"]["vector_weight"] == 0.7
    assert shown["weights"]["keyword_setting"]["keyword_weight"] == 0.3
    semantic = {"search_method": "semantic_search", "reranking_enable": False, "top_k": 2}
    changed = shelf.send("PATCH", f"/datasets/{made['id']}", {"retrieval_model": semantic}).json()
    shown = changed["retrieval_model_dict"]
    assert (shown["search_method"], shown["weights"], shown["top_k"]) == ("semantic_search", None, 2)
    assert shown["score_threshold_enabled"] is False


def test_reranking_without_a_rerank_model_says_so_and_with_one_is_kept(shelf: Shelf) -> None:
    asked = {"search_method": "hybrid_search", "reranking_enable": True, "top_k": 4}
    body = {"name": "Ranked", "retrieval_model": asked}
    assert shelf.refused("POST", "/datasets", body)[:2] == (400, "provider_not_initialize")
    own = {"workspace": shelf.person.workspace}
    house = Provider.objects.create(**own, name="house", base_url="http://127.0.0.1:9/v1")
    ProviderModel.objects.create(**own, provider=house, name="ranker", kind="rerank")
    asked["reranking_model"] = {"reranking_provider_name": "house", "reranking_model_name": "other"}
    assert shelf.refused("POST", "/datasets", body)[:2] == (400, "invalid_param")
    asked["reranking_model"] = {"reranking_provider_name": "house", "reranking_model_name": "ranker"}
    shown = shelf.post("/datasets", body)["retrieval_model_dict"]
    assert (shown["reranking_enable"], shown["reranking_mode"]) == (True, "reranking_model")
    assert shown["reranking_model"] == asked["reranking_model"]


def test_only_what_a_change_names_changes(shelf: Shelf) -> None:
    changed = shelf.send("PATCH", shelf.path, {"description": "What we promise."}).json()
    assert (changed["name"], changed["description"]) == ("Handbook", "What we promise.")
    changed = shelf.send("PATCH", shelf.path, {"name": "Terms", "permission": "only_me"}).json()
    assert (changed["name"], changed["description"]) == ("Terms", "What we promise.")


def test_another_embedding_model_takes_over_at_once_only_while_the_dataset_is_empty(shelf: Shelf) -> None:
    def any_embedder(workspace_id: str, model: str) -> WordEmbedder:
        made = WordEmbedder()
        made.model = model
        return made

    EMBEDDERS.fill(any_embedder)
    own = {"workspace": shelf.person.workspace}
    house = Provider.objects.create(**own, name="house", base_url="http://127.0.0.1:9/v1")
    ProviderModel.objects.create(**own, provider=house, name="vectors", kind="embedding")
    other = {"embedding_model": "vectors", "embedding_model_provider": "house"}
    changed = shelf.send("PATCH", shelf.path, other).json()
    assert {name: changed[name] for name in other} == other
    shelf.add_terms()
    back = {"embedding_model": "all-minilm-l6-v2", "embedding_model_provider": "atelier"}
    assert shelf.send("PATCH", shelf.path, back).json()["embedding_model"] == "vectors"
    building = VectorIndex.objects.get(dataset_id=shelf.dataset, state="building")
    assert building.model == "all-minilm-l6-v2"
    assert shelf.found("warranty battery")[0] == TERMS[0]
    unknown = {"embedding_model": "vectors", "embedding_model_provider": "palace"}
    assert shelf.refused("PATCH", shelf.path, unknown) == (400, "invalid_param", "embedding_model")


def test_datasets_come_in_pages_by_keyword_and_tag(shelf: Shelf) -> None:
    ids = [shelf.dataset, *(shelf.post("/datasets", {"name": f"Papers {n}"})["id"] for n in range(4))]
    page = shelf.get("/datasets?page=1&limit=2")
    assert (page["page"], page["limit"], page["total"], page["has_more"]) == (1, 2, 5, True)
    last = shelf.get("/datasets?page=3&limit=2")
    assert [item["id"] for item in page["data"] + last["data"]] == [ids[4], ids[3], ids[0]] and not last["has_more"]
    assert shelf.get("/datasets?page=9")["data"] == []
    assert shelf.get("/datasets?keyword=papers")["total"] == 4
    assert shelf.get("/datasets?limit=1000")["limit"] == 100
    tag = shelf.post("/datasets/tags", {"name": "law"})["id"]
    shelf.post("/datasets/tags/binding", {"tag_ids": [tag], "target_id": ids[2]}, 204)
    assert [item["id"] for item in shelf.get(f"/datasets?tag_ids={tag}")["data"]] == [ids[2]]
    assert shelf.get("/datasets?tag_ids=none")["total"] == 0
    for query in ("limit=0", "page=0", "page=x", "limit=-1"):
        assert shelf.refused("GET", f"/datasets?{query}")[:2] == (400, "invalid_param")


def test_a_dataset_that_applications_search_is_not_deleted(shelf: Shelf) -> None:
    DATASET_USERS.fill(lambda workspace_id, dataset_id: 2)
    assert shelf.refused("DELETE", shelf.path)[:2] == (409, "dataset_in_use")
    assert shelf.get(shelf.path)["app_count"] == 2
    DATASET_USERS.fill(lambda workspace_id, dataset_id: 0)
    shelf.add_terms()
    assert shelf.send("DELETE", shelf.path).status_code == 204
    assert shelf.refused("GET", shelf.path)[:2] == (404, "not_found")


def test_another_workspaces_key_finds_nothing(shelf: Shelf, foreign: Shelf) -> None:
    document = shelf.add_terms()
    segment = shelf.get(f"{shelf.path}/documents/{document}/segments")["data"][0]["id"]
    field = shelf.post(f"{shelf.path}/metadata", {"name": "year", "type": "number"}, 201)["id"]
    tag = shelf.post("/datasets/tags", {"name": "law"})["id"]
    where = f"{shelf.path}/documents/{document}"
    text, content = {"name": "n", "text": "t"}, {"content": "mine"}
    asked: list[tuple[str, str, Any]] = [
        ("GET", shelf.path, None),
        ("PATCH", shelf.path, {"name": "mine"}),
        ("DELETE", shelf.path, None),
        ("GET", f"{shelf.path}/tags", None),
        ("GET", f"{shelf.path}/documents", None),
        ("GET", f"{where}/indexing-status", None),
        ("GET", where, None),
        ("DELETE", where, None),
        ("GET", f"{where}/download", None),
        ("POST", f"{where}/update-by-text", text),
        ("POST", f"{shelf.path}/document/create-by-text", text),
        ("POST", f"{shelf.path}/documents/download-zip", {"document_ids": [document]}),
        ("PATCH", f"{shelf.path}/documents/status/disable", {"document_ids": [document]}),
        ("GET", f"{where}/segments", None),
        ("POST", f"{where}/segments", {"segments": [content]}),
        ("GET", f"{where}/segments/{segment}", None),
        ("POST", f"{where}/segments/{segment}", {"segment": content}),
        ("DELETE", f"{where}/segments/{segment}", None),
        ("GET", f"{where}/segments/{segment}/child_chunks", None),
        ("POST", f"{where}/segments/{segment}/child_chunks", content),
        ("GET", f"{shelf.path}/metadata", None),
        ("PATCH", f"{shelf.path}/metadata/{field}", {"name": "mine"}),
        ("DELETE", f"{shelf.path}/metadata/{field}", None),
        ("POST", f"{shelf.path}/retrieve", {"query": "warranty"}),
        ("GET", f"{shelf.path}/pipeline/datasource-plugins", None),
        # The dataset is the caller's own, what the rest of the address or the body names is not.
        ("GET", f"{foreign.path}/documents/{document}", None),
        ("GET", f"{foreign.path}/documents/{document}/indexing-status", None),
        ("POST", f"{foreign.path}/documents/download-zip", {"document_ids": [document]}),
        ("PATCH", f"{foreign.path}/documents/status/disable", {"document_ids": [document]}),
        ("POST", f"{foreign.path}/document/create-by-text", {**text, "original_document_id": document}),
        ("PATCH", f"{foreign.path}/metadata/{field}", {"name": "mine"}),
        ("PATCH", "/datasets/tags", {"tag_id": tag, "name": "mine"}),
        ("DELETE", "/datasets/tags", {"tag_id": tag}),
        ("POST", "/datasets/tags/binding", {"tag_ids": [tag], "target_id": foreign.dataset}),
        ("POST", "/datasets/tags/unbinding", {"tag_ids": [tag], "target_id": shelf.dataset}),
    ]
    before = shelf.get(shelf.path)
    for method, path, body in asked:
        assert foreign.refused(method, path, body)[:2] == (404, "not_found"), (method, path)
    assert shelf.get(shelf.path) == before
    assert shelf.found("warranty battery")


def test_ids_that_are_none_are_not_found_and_paths_that_are_none_too(shelf: Shelf) -> None:
    for path in ("/datasets/1", f"{shelf.path}/documents/x", f"{shelf.path}/poems", "/datasets/a/b/c/d/e/f"):
        assert shelf.refused("GET", path)[:2] == (404, "not_found"), path
    assert shelf.refused("PUT", shelf.path, {})[:2] == (405, "method_not_allowed")


@pytest.mark.parametrize("key", ["", "dataset-unknown", "app-unknown"])
def test_only_a_dataset_key_opens_them(shelf: Shelf, key: str) -> None:
    client = Shelf(shelf.person, key=key or " ")
    response = client.send("GET", "/datasets")
    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert Shelf(shelf.person, key=shelf.person.token).refused("GET", "/datasets")[:2] == (401, "unauthorized")


def test_a_body_that_is_no_json_is_refused(shelf: Shelf) -> None:
    for body in ("{", "[]", json.dumps({"name": "a\u0000b"})):
        status, code, _ = shelf.refused("POST", "/datasets", body)
        assert status == 400 and re.match("bad_request|invalid_param", code), body
