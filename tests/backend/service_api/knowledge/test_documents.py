"""Documents with a dataset key: as text and as file, watched, switched, described, fetched back, deleted."""

import io
import json
import uuid
import zipfile
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.test import Client

from backend.datasets.models import Chunk, Document
from backend.datasets.services import document_pause
from backend.files.models import StoredFile
from backend.service_api.api.knowledge import downloads
from tests.backend.apps.running import LIVE
from tests.backend.datasets.conftest import pdf_bytes
from tests.backend.service_api.knowledge.conftest import RULE, TERMS, Shelf, index

pytestmark = LIVE

LISTED = {
    "id", "position", "data_source_type", "data_source_info", "data_source_detail_dict", "dataset_process_rule_id",
    "name", "created_from", "created_by", "created_at", "tokens", "indexing_status", "error", "enabled", "disabled_at",
    "disabled_by", "archived", "display_status", "word_count", "hit_count", "doc_form", "doc_metadata",
    "summary_index_status", "need_summary",
}  # fmt: skip
WHOLE = (LISTED - {"data_source_detail_dict"}) | {
    "dataset_process_rule", "document_process_rule", "doc_language", "doc_type", "completed_at", "updated_at",
    "indexing_latency", "segment_count", "average_segment_length",
}  # fmt: skip


def status_of(shelf: Shelf, batch: str) -> list[dict[str, Any]]:
    return list(shelf.get(f"{shelf.path}/documents/{batch}/indexing-status")["data"])


@pytest.mark.parametrize("word", ["create-by-text", "create_by_text"])
def test_a_text_becomes_a_document_that_is_watched_by_its_batch(shelf: Shelf, word: str) -> None:
    made = shelf.post(f"{shelf.path}/document/{word}", {"name": "Report.pdf", "text": TERMS[0]})
    document = made["document"]
    assert set(document) >= LISTED
    assert (document["name"], document["indexing_status"], document["display_status"]) == (
        "Report.pdf",
        "waiting",
        "queuing",
    )
    [waiting] = status_of(shelf, made["batch"])
    assert (waiting["id"], waiting["indexing_status"], waiting["completed_at"]) == (document["id"], "waiting", None)
    index(document["id"])
    [done] = status_of(shelf, made["batch"])
    assert (done["indexing_status"], done["completed_segments"], done["total_segments"]) == ("completed", 1, 1)
    began, parsed, split = (
        done[name] for name in ("processing_started_at", "parsing_completed_at", "splitting_completed_at")
    )
    assert began <= parsed <= split <= done["completed_at"]
    assert shelf.found("warranty battery") == [TERMS[0]]
    assert shelf.refused("GET", f"{shelf.path}/documents/{uuid.uuid4()}/indexing-status")[:2] == (404, "not_found")


@pytest.mark.parametrize("word", ["create-by-file", "create_by_file"])
def test_a_file_becomes_a_document(shelf: Shelf, word: str) -> None:
    data = json.dumps({"indexing_technique": "high_quality", "process_rule": {"mode": "automatic"}})
    response = shelf.upload(f"{shelf.path}/document/{word}", "Terms.pdf", pdf_bytes(*TERMS), data)
    assert response.status_code == 200, response.content
    document_id = index(response.json()["document"]["id"])
    whole = shelf.get(f"{shelf.path}/documents/{document_id}")
    assert set(whole) == WHOLE
    assert whole["data_source_info"]["upload_file"]["extension"] == "pdf"
    assert (whole["indexing_status"], whole["display_status"], whole["segment_count"]) == ("completed", "available", 3)
    assert whole["average_segment_length"] == whole["word_count"] / 3
    assert whole["completed_at"] >= whole["created_at"] and whole["indexing_latency"] > 0
    built_in = {item["name"]: item["value"] for item in whole["doc_metadata"] if item["id"] == "built-in"}
    assert built_in["document_name"] == "Terms.pdf" and built_in["uploader"] == shelf.person.user.email


def test_the_same_text_again_is_the_document_that_is_there(shelf: Shelf) -> None:
    first = shelf.post(f"{shelf.path}/document/create-by-text", {"name": "a", "text": TERMS[0]})
    again = shelf.post(f"{shelf.path}/document/create-by-text", {"name": "a", "text": TERMS[0]})
    assert (again["document"]["id"], again["batch"]) == (first["document"]["id"], first["batch"])
    assert shelf.get(f"{shelf.path}/documents")["total"] == 1


def test_a_process_rule_says_how_a_document_is_cut(shelf: Shelf) -> None:
    whole = shelf.add("whole", "\n\n".join(TERMS), process_rule={"mode": "automatic"})
    cut = shelf.add("cut", "\n\n".join(TERMS))
    counts = [shelf.get(f"{shelf.path}/documents/{one}/segments")["total"] for one in (whole, cut)]
    assert counts == [1, 3]
    rule = shelf.get(f"{shelf.path}/documents/{cut}")["document_process_rule"]
    assert rule["mode"] == "custom" and rule["rules"]["segmentation"]["separator"] == "\n\n"
    cleaned = shelf.add(
        "clean",
        "Write to ann@example.org about the heron.",
        process_rule={"mode": "custom", "rules": {"pre_processing_rules": [
            {"id": "remove_urls_emails", "enabled": True}, {"id": "remove_stopwords", "enabled": True},
        ]}},
    )  # fmt: skip
    [segment] = shelf.get(f"{shelf.path}/documents/{cleaned}/segments")["data"]
    assert "ann@" not in segment["content"] and "heron" in segment["content"]


def test_a_hierarchical_rule_makes_parents_and_children(shelf: Shelf) -> None:
    rules = {
        "parent_mode": "paragraph",
        "segmentation": {"separator": "\n\n\n", "max_tokens": 200},
        "subchunk_segmentation": {"separator": "\n", "max_tokens": 16, "chunk_overlap": 0},
    }
    settings = {"doc_form": "hierarchical_model", "process_rule": {"mode": "hierarchical", "rules": rules}}
    document = shelf.add("Family", " ".join(TERMS), **settings)
    assert shelf.get(shelf.path)["doc_form"] == "hierarchical_model"
    page = shelf.get(f"{shelf.path}/documents/{document}/segments")
    [parent] = page["data"]
    assert page["doc_form"] == "hierarchical_model" and len(parent["child_chunks"]) >= 3
    rule = shelf.get(f"{shelf.path}/documents/{document}")["document_process_rule"]
    assert rule["mode"] == "hierarchical" and rule["rules"]["subchunk_segmentation"]["max_tokens"] == 16


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": "a"}, "text"),
        ({"text": "a"}, "name"),
        ({"name": "a", "text": ""}, "text"),
        ({"name": "a", "text": "a", "doc_form": "poem"}, "doc_form"),
        ({"name": "a", "text": "a", "indexing_technique": "cheap"}, "indexing_technique"),
        ({"name": "a", "text": "a", "process_rule": {}}, "process_rule.mode"),
        ({"name": "a", "text": "a", "process_rule": {"mode": "custom", "rules": {"segmentation": {"max_tokens": 3}}}},
         "chunk_tokens"),
        ({"name": "a", "text": "a", "embedding_model": "gone"}, "embedding_model"),
    ],
)  # fmt: skip
def test_a_text_that_cannot_be_indexed_is_refused_and_nothing_is_stored(shelf: Shelf, body: Any, param: str) -> None:
    assert shelf.refused("POST", f"{shelf.path}/document/create-by-text", body) == (400, "invalid_param", param)
    assert not Document.unscoped.exists() and not StoredFile.unscoped.exists()


def test_files_that_cannot_be_read_are_refused_under_the_contracts_codes(shelf: Shelf, settings: Any) -> None:
    path = f"{shelf.path}/document/create-by-file"

    def refusal(name: str, content: bytes, data: str = "{}") -> tuple[int, str]:
        response = shelf.upload(path, name, content, data)
        return response.status_code, response.json()["code"]

    assert refusal("a.exe", b"MZ\x90\x00\x01") == (415, "unsupported_file_type")
    assert refusal("a.pdf", b"%PDF-1.7 and nothing else") == (400, "invalid_param")
    assert refusal("a.txt", b"hello", "{") == (400, "invalid_param")
    assert refusal("a.txt", b"hello", '{"process_rule": 1}') == (400, "invalid_param")
    settings.MAX_UPLOAD_BYTES = 100
    assert refusal("a.txt", b"x" * 101) == (413, "file_too_large")
    headers = {"Authorization": f"Bearer {shelf.key}"}
    missing = shelf.http.post(f"/v1{path}", {"data": "{}"}, headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (400, "no_file_uploaded")
    two = {"file": io.BytesIO(b"a"), "other": io.BytesIO(b"b")}
    many = shelf.http.post(f"/v1{path}", two, headers=headers)
    assert (many.status_code, many.json()["code"]) == (400, "too_many_files")
    assert not Document.unscoped.exists() and not StoredFile.unscoped.exists()


@pytest.mark.parametrize("word", ["update-by-text", "update_by_text"])
def test_a_new_text_takes_the_place_of_the_old_one(shelf: Shelf, word: str) -> None:
    document = shelf.add_terms()
    path = f"{shelf.path}/documents/{document}/{word}"
    changed = shelf.post(path, {"name": "Birds", "text": "A heron stands in the reeds."})
    assert (changed["document"]["id"], changed["document"]["name"]) == (document, "Birds")
    assert status_of(shelf, changed["batch"])[0]["indexing_status"] == "waiting"
    assert TERMS[0] in shelf.found("warranty battery")
    index(document)
    assert shelf.found("heron reeds") == ["A heron stands in the reeds."]
    renamed = shelf.post(path, {"name": "Herons"})["document"]
    assert (renamed["name"], renamed["indexing_status"]) == ("Herons", "completed")
    assert shelf.refused("POST", path, {})[0] == 400


def test_another_way_of_cutting_indexes_the_same_text_anew(shelf: Shelf) -> None:
    document = shelf.add("Report.pdf", "\n\n".join(TERMS), process_rule={"mode": "automatic"})
    shelf.post(f"{shelf.path}/documents/{document}/update-by-text", {"process_rule": RULE})
    index(document)
    assert [segment["content"] for segment in shelf.get(f"{shelf.path}/documents/{document}/segments")["data"]] == [
        *TERMS
    ]


@pytest.mark.parametrize("word", ["/update-by-file", "/update_by_file", ""])
def test_a_new_file_takes_the_place_of_the_old_one(shelf: Shelf, word: str) -> None:
    document = shelf.add_terms()
    path = f"{shelf.path}/documents/{document}"
    content = b"A heron stands in the reeds."
    if word:
        response = shelf.upload(path + word, "birds.txt", content)
    else:
        body = (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="birds.txt"\r\n\r\n' + content + b"\r\n--b--"
        )
        headers = {"Authorization": f"Bearer {shelf.key}"}
        response = shelf.http.patch(f"/v1{path}", body, content_type="multipart/form-data; boundary=b", headers=headers)
    assert response.status_code == 200, response.content
    assert response.json()["document"]["name"] == "birds.txt"
    index(document)
    assert shelf.found("heron reeds") == ["A heron stands in the reeds."]


def test_original_document_id_replaces_that_document(shelf: Shelf) -> None:
    document = shelf.add_terms()
    body = {"name": "Birds", "text": "A heron.", "original_document_id": document}
    assert shelf.post(f"{shelf.path}/document/create-by-text", body)["document"]["id"] == document
    assert shelf.get(f"{shelf.path}/documents")["total"] == 1


def test_documents_come_in_pages_by_keyword_and_status(shelf: Shelf) -> None:
    ids = [shelf.add(f"note {n}", f"text {n}") for n in range(3)]
    waiting = shelf.post(f"{shelf.path}/document/create-by-text", {"name": "later", "text": "x"})["document"]["id"]
    document_pause(
        workspace_id=shelf.person.workspace.id, dataset_id=uuid.UUID(shelf.dataset), document_id=uuid.UUID(waiting)
    )
    shelf.send("PATCH", f"{shelf.path}/documents/status/disable", {"document_ids": [ids[0]]})
    shelf.send("PATCH", f"{shelf.path}/documents/status/archive", {"document_ids": [ids[1]]})
    Document.unscoped.filter(id=ids[2]).update(status="failed", reason="it burnt")
    page = shelf.get(f"{shelf.path}/documents?limit=3")
    assert (page["total"], page["has_more"]) == (4, True)
    assert [(item["id"], item["position"]) for item in page["data"]] == [(waiting, 4), (ids[2], 3), (ids[1], 2)]
    assert page["data"][1]["error"] == "it burnt"
    for status, expected in {
        "paused": [waiting], "error": [ids[2]], "disabled": [ids[0]], "archived": [ids[1]],
        "available": [], "queuing": [], "indexing": [],
    }.items():  # fmt: skip
        found = shelf.get(f"{shelf.path}/documents?status={status}")["data"]
        assert [item["id"] for item in found] == expected, status
        assert {item["display_status"] for item in found} <= {status}
    assert shelf.get(f"{shelf.path}/documents?keyword=note")["total"] == 3
    assert shelf.refused("GET", f"{shelf.path}/documents?status=odd") == (400, "invalid_param", "status")


def test_documents_are_switched_many_at_once_and_searches_see_it(shelf: Shelf) -> None:
    document = shelf.add_terms()

    def switch(action: str, *ids: str) -> Any:
        return shelf.send("PATCH", f"{shelf.path}/documents/status/{action}", {"document_ids": list(ids)})

    assert switch("disable", document).json() == {"result": "success"}
    assert shelf.found("warranty battery") == []
    assert switch("enable", document).status_code == 200
    assert shelf.found("warranty battery")
    assert switch("archive", document).status_code == 200
    assert shelf.refused("DELETE", f"{shelf.path}/documents/{document}")[:2] == (403, "archived_document_immutable")
    assert switch("un_archive", document).status_code == 200
    odd = switch("explode", document)
    assert (odd.status_code, odd.json()["code"]) == (400, "invalid_action")
    assert switch("disable", document, str(uuid.uuid4())).status_code == 404
    assert shelf.found("warranty battery")
    assert shelf.send("DELETE", f"{shelf.path}/documents/{document}").status_code == 204
    assert not Chunk.unscoped.exists() and not StoredFile.unscoped.exists()


def test_a_document_tells_all_only_its_metadata_or_all_but_that(shelf: Shelf) -> None:
    path = f"{shelf.path}/documents/{shelf.add_terms()}"
    assert set(shelf.get(f"{path}?metadata=only")) == {"id", "doc_type", "doc_metadata"}
    assert not {"doc_type", "doc_metadata"} & set(shelf.get(f"{path}?metadata=without"))
    assert shelf.refused("GET", f"{path}?metadata=some")[:2] == (400, "invalid_metadata")


def test_the_file_comes_back_by_a_signed_address_that_expires(shelf: Shelf, monkeypatch: Any) -> None:
    document = shelf.add("Terms", TERMS[0])
    url = urlsplit(shelf.get(f"{shelf.path}/documents/{document}/download")["url"])
    address = f"{url.path}?{url.query}"
    nobody = Client(raise_request_exception=False)
    file = nobody.get(address)
    assert (file.status_code, b"".join(file)) == (200, TERMS[0].encode())
    assert file.headers["Content-Disposition"].startswith("attachment")
    for wrong in (address[:-1], url.path, f"{url.path}?ticket={signing.dumps(['x'], salt='other')}"):
        assert nobody.get(wrong).status_code == 401
    monkeypatch.setattr(downloads, "LIFE_S", -1)
    assert nobody.get(address).status_code == 401


def test_files_come_in_one_archive_and_equal_names_are_told_apart(shelf: Shelf) -> None:
    ids = [shelf.add("note.txt", f"text {n}") for n in range(2)]
    pdf = shelf.upload(f"{shelf.path}/document/create-by-file", "Terms.pdf", pdf_bytes(*TERMS)).json()["document"]["id"]
    headers = {"Authorization": f"Bearer {shelf.key}"}
    body = {"document_ids": [*ids, pdf]}
    path = f"/v1{shelf.path}/documents/download-zip"
    response = shelf.http.post(path, body, content_type="application/json", headers=headers)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(b"".join(response))) as archive:
        assert archive.namelist() == ["note.txt", "note (2).txt", "Terms.pdf"]
        assert archive.read("note (2).txt") == b"text 1" and archive.testzip() is None
    assert shelf.refused("POST", path[3:], {"document_ids": []})[:2] == (400, "invalid_param")
    assert shelf.refused("POST", path[3:], {"document_ids": [str(uuid.uuid4())]})[:2] == (404, "not_found")


def test_times_are_unix_seconds(shelf: Shelf) -> None:
    made = shelf.get(f"{shelf.path}/documents/{shelf.add_terms()}")
    now = datetime.now(UTC).timestamp()
    assert all(now - 300 < made[name] <= now for name in ("created_at", "updated_at", "completed_at"))
