"""Dify's Python client, `dify-client` from PyPI, with a dataset key against a live server.

The package on PyPI sends requests but has no methods for knowledge yet: those of the client in Dify's repository are
written here, with the same addresses, parameters and bodies.
"""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests
from dify_client import DifyClient

from backend.accounts.models import KeyKind
from backend.accounts.services import key_create_for
from backend.datasets.indexing import document_index
from backend.datasets.models import Chunk, Document
from tests.backend.apps.running import LIVE
from tests.backend.conftest import Person, person_create
from tests.backend.datasets.conftest import PAGES, _dataset_users, _embedders, files_root, pdf_bytes
from tests.conformance.test_clients import server_url

__all__ = ["_dataset_users", "_embedders", "files_root", "server_url"]
pytestmark = LIVE


class KnowledgeClient(DifyClient):  # type: ignore[misc]  # the package carries no types
    """What Dify's own client for knowledge sends, through the package's way of sending it."""

    def __init__(self, key: str, url: str) -> None:
        super().__init__(key)
        self.base_url = f"{url}/v1"
        self.dataset = ""

    def answer(self, response: requests.Response) -> Any:
        """Return the JSON of an answer that went well."""
        assert response.ok, response.text
        return response.json() if response.content else None

    def ask(self, method: str, path: str, body: Any = None, params: Any = None) -> Any:
        """Send JSON to an address of the dataset."""
        return self.answer(self._send_request(method, f"/datasets/{self.dataset}{path}", json=body, params=params))

    def send_file(self, path: str, file: Path, data: Any) -> Any:
        """Send a file, and the rest as JSON in the form field `data`."""
        with file.open("rb") as opened:
            fields = {"data": json.dumps(data)}
            address = f"/datasets/{self.dataset}{path}"
            return self.answer(self._send_request_with_files("POST", address, fields, {"file": opened}))


@pytest.fixture
def person(transactional_db: None) -> Person:
    """The owner of a workspace."""
    return person_create()


@pytest.fixture
def client(person: Person, server_url: str) -> KnowledgeClient:
    """A client of that workspace with an empty dataset."""
    _, key = key_create_for(workspace_id=person.workspace.id, kind=KeyKind.DATASET, name="k", user=person.user)
    made = KnowledgeClient(key, server_url)
    response = made._send_request("POST", "/datasets", {"name": "Handbook"})
    made.dataset = made.answer(response)["id"]
    return made


def indexed(document_id: str) -> None:
    """Index the document as a worker would."""
    document_index(uuid.UUID(document_id))


def test_dify_writes_a_document_as_text_watches_it_and_writes_another(client: KnowledgeClient) -> None:
    body = {"indexing_technique": "high_quality", "process_rule": {"mode": "automatic"}, "name": "T", "text": PAGES[0]}
    made = client.ask("POST", "/document/create_by_text", body)
    document = made["document"]["id"]
    [waiting] = client.ask("GET", f"/documents/{made['batch']}/indexing-status")["data"]
    assert waiting["indexing_status"] == "waiting"
    indexed(document)
    [done] = client.ask("GET", f"/documents/{made['batch']}/indexing-status")["data"]
    assert (done["indexing_status"], done["completed_segments"]) == ("completed", 1)
    changed = client.ask("POST", f"/documents/{document}/update_by_text", {"name": "U", "text": PAGES[1]})
    assert changed["document"]["id"] == document
    indexed(document)
    [record] = client.ask("POST", "/hit-testing", {"query": "invoices delivery"})["records"]
    assert (record["segment"]["content"], record["segment"]["document"]["name"]) == (PAGES[1], "U")


def test_dify_writes_a_document_as_file_and_replaces_it(client: KnowledgeClient, tmp_path: Path) -> None:
    terms = tmp_path / "Terms.pdf"
    terms.write_bytes(pdf_bytes(*PAGES))
    rules = {
        "pre_processing_rules": [
            {"id": "remove_extra_spaces", "enabled": True},
            {"id": "remove_urls_emails", "enabled": True},
        ],
        "segmentation": {"separator": "\n", "max_tokens": 500},
    }
    settings = {"process_rule": {"mode": "custom", "rules": rules}, "indexing_technique": "high_quality"}
    made = client.send_file("/document/create_by_file", terms, settings)
    document = made["document"]["id"]
    indexed(document)
    assert client.ask("GET", f"/documents/{document}/segments")["total"] == 3
    note = tmp_path / "note.txt"
    note.write_text("A heron stands in the reeds.")
    changed = client.send_file(f"/documents/{document}/update_by_file", note, {})
    assert changed["document"]["name"] == "note.txt"
    indexed(document)
    [segment] = client.ask("GET", f"/documents/{document}/segments")["data"]
    assert segment["content"] == "A heron stands in the reeds."
    address = client.ask("GET", f"/documents/{document}/download")["url"]
    path = "/v1" + address.partition("/v1")[2]
    assert requests.get(client.base_url.removesuffix("/v1") + path, timeout=10).text == note.read_text()
    body = {"document_ids": [document]}
    archive = client._send_request("POST", f"/datasets/{client.dataset}/documents/download-zip", body)
    assert archive.ok and archive.content.startswith(b"PK")


def test_dify_adds_finds_changes_and_deletes_segments(client: KnowledgeClient) -> None:
    made = client.ask("POST", "/document/create_by_text", {"name": "T", "text": PAGES[0]})
    document = made["document"]["id"]
    indexed(document)
    path = f"/documents/{document}/segments"
    new = [{"content": "Herons nest in April.", "answer": "", "keywords": ["bird"]}]
    [added] = client.ask("POST", path, {"segments": new})["data"]
    found = client.ask("GET", path, params={"keyword": "herons", "status": "completed"})["data"]
    assert [segment["id"] for segment in found] == [added["id"]]
    change = {"segment": {"content": "Owls hunt.", "answer": "", "keywords": ["owl"], "enabled": True}}
    assert client.ask("POST", f"{path}/{added['id']}", change)["data"]["keywords"] == ["owl"]
    client.ask("DELETE", f"{path}/{added['id']}")
    assert client.ask("GET", path)["total"] == 1


def test_dify_lists_and_deletes_documents_and_datasets(client: KnowledgeClient) -> None:
    for number in range(2):
        client.ask("POST", "/document/create_by_text", {"name": f"note {number}", "text": f"text {number}"})
    page = client.ask("GET", "/documents", params={"page": 1, "limit": 1, "keyword": "note"})
    assert (page["total"], page["has_more"], page["data"][0]["name"]) == (2, True, "note 1")
    client.ask("DELETE", f"/documents/{page['data'][0]['id']}")
    assert client.ask("GET", "/documents")["total"] == 1
    listed = client.answer(client._send_request("GET", "/datasets", params={"page": 1, "limit": 20}))
    assert [dataset["id"] for dataset in listed["data"]] == [client.dataset]
    client.ask("DELETE", "")
    assert not Document.unscoped.exists() and not Chunk.unscoped.exists()
    gone = client._send_request("GET", f"/datasets/{client.dataset}/documents")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
