"""A workspace with a dataset key, and what its client does over Dify's wire format."""

import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from backend.accounts.models import KeyKind
from backend.accounts.services import key_create_for
from backend.datasets.indexing import document_index
from backend.datasets.models import Document
from tests.backend.conftest import Person
from tests.backend.datasets.conftest import _dataset_users, _embedders, files_root

__all__ = ["_dataset_users", "_embedders", "files_root"]

TERMS = (
    "The warranty lasts three years and covers the battery.",
    "Invoices are paid within thirty days of delivery.",
    "The office in Lisbon opens at nine and closes at six.",
)
RULE = {"mode": "custom", "rules": {"segmentation": {"separator": "\n\n", "max_tokens": 50, "chunk_overlap": 0}}}


@dataclass
class Shelf:
    """A client with a dataset key; `dataset` is the id of the dataset that it made first."""

    person: Person
    key: str = ""
    dataset: str = ""
    http: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def __post_init__(self) -> None:
        if not self.key:
            _, self.key = key_create_for(
                workspace_id=self.person.workspace.id, kind=KeyKind.DATASET, name="shelf", user=self.person.user
            )

    @property
    def path(self) -> str:
        """The address of the dataset."""
        return f"/datasets/{self.dataset}"

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send JSON to `/v1{path}` and return the response."""
        kwargs = {} if body is None else {"data": body, "content_type": "application/json"}
        headers = {"Authorization": f"Bearer {self.key}"}
        return getattr(self.http, method.lower())(f"/v1{path}", headers=headers, **kwargs)

    def get(self, path: str) -> Any:
        """Return the JSON at an address."""
        response = self.send("GET", path)
        assert response.status_code == 200, response.content
        return response.json()

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        """Post, and return the JSON of the answer."""
        response = self.send("POST", path, body)
        assert response.status_code == status, response.content
        return response.json() if response.content else None

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
        """Send what must be refused; return the status, the code and the parameter."""
        response = self.send(method, path, body)
        said = response.json()
        assert said["status"] == response.status_code and said["message"], said
        return response.status_code, said["code"], said.get("params", "")

    def upload(self, path: str, name: str, content: bytes, data: str = "{}") -> Any:
        """Send a file and return the response."""
        body = {"file": SimpleUploadedFile(name, content), "data": data}
        return self.http.post(f"/v1{path}", body, headers={"Authorization": f"Bearer {self.key}"})

    def add(self, name: str, text: str, **settings: Any) -> str:
        """Make a document of a text, index it in this process, and return its id."""
        body = {"name": name, "text": text, "process_rule": RULE, **settings}
        made = self.post(f"{self.path}/document/create-by-text", body)
        return index(made["document"]["id"])

    def add_terms(self) -> str:
        """Make a document of three chunks."""
        return self.add("Terms", "\n\n".join(TERMS))

    def found(self, query: str, **model: Any) -> list[str]:
        """Return what a search answers, best first."""
        asked = {"search_method": "semantic_search", "reranking_enable": False, "top_k": 10, **model}
        answer = self.post(f"{self.path}/retrieve", {"query": query, "retrieval_model": asked})
        return [record["segment"]["content"] for record in answer["records"]]


def index(document_id: str) -> str:
    """Index a document in this process, as a worker would, and return its id."""
    document_index(uuid.UUID(document_id))
    row = Document.unscoped.get(id=uuid.UUID(document_id))
    assert row.status == "ready", row.reason
    return document_id


@pytest.fixture
def shelf(owner: Person) -> Shelf:
    """A client with an empty dataset."""
    made = Shelf(owner)
    made.dataset = made.post("/datasets", {"name": "Handbook"})["id"]
    return made


@pytest.fixture
def foreign(stranger: Person) -> Shelf:
    """A client of another workspace, with a dataset of its own."""
    made = Shelf(stranger)
    made.dataset = made.post("/datasets", {"name": "Handbook"})["id"]
    return made
