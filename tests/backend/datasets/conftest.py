"""Datasets to upload to, files to upload, and an embedder without a model."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from fpdf import FPDF

from backend.common.slots import Slot
from backend.datasets.indexing import document_index
from backend.datasets.knowledge import QUERY_VECTORS
from backend.datasets.models import Document
from backend.datasets.ports import DATASET_USERS, EMBEDDERS, RERANKERS
from tests.backend.conftest import Person
from tests.backend.datasets.embedding import word_embedder

PAGES = (
    "The warranty lasts three years and covers the battery.",
    "Invoices are paid within thirty days of delivery.",
    "The office in Lisbon opens at nine and closes at six.",
)


def pdf_bytes(*pages: str, password: str = "") -> bytes:
    """Return a PDF with these pages."""
    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    if password:
        pdf.set_encryption(owner_password=f"owner-{password}", user_password=password)
    for text in pages:
        pdf.add_page()
        if text:
            pdf.multi_cell(0, text=text)
    return bytes(pdf.output())


@dataclass(frozen=True)
class Library:
    """A dataset of a person, and what the person does with it over HTTP."""

    person: Person
    id: str
    path: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", f"/datasets/{self.id}")

    def upload(self, name: str, content: bytes) -> Any:
        """Upload a file and return the response."""
        body = {"file": SimpleUploadedFile(name, content)}
        return self.person.client.post(f"/api/v1{self.path}/documents", body)

    def document(self, document_id: str) -> dict[str, Any]:
        """Return the document as the console shows it."""
        response = self.person.request("GET", f"{self.path}/documents/{document_id}")
        assert response.status_code == 200, response.content
        return response.json()  # type: ignore[no-any-return]

    def add(self, name: str, content: bytes) -> dict[str, Any]:
        """Upload a file, index it in this process, and return the document."""
        response = self.upload(name, content)
        assert response.status_code == 201, response.content
        document_index(uuid.UUID(response.json()["id"]))
        return self.document(response.json()["id"])

    def act(self, action: str, document_id: str) -> Any:
        """Steer the job of a document and return the response."""
        return self.person.request("POST", f"{self.path}/documents/{document_id}/{action}")

    def found(self, query: str, mode: str = "semantic") -> list[str]:
        """Return the names of the documents that answer a query, best first."""
        body = {"query": query, "mode": mode, "top_k": 20}
        response = self.person.request("POST", f"{self.path}/retrieve", body)
        assert response.status_code == 200, response.content
        return [hit["document_name"] for hit in response.json()["results"]]

    def row(self, document_id: str) -> Document:
        """Return the stored document."""
        return Document.unscoped.get(id=uuid.UUID(document_id))


def filled(slot: Slot[Any], value: Any) -> Iterator[None]:
    """Fill a slot for the length of a test."""
    before = slot._value
    slot.fill(value)
    yield
    slot._value = before


@pytest.fixture(autouse=True)
def _embedders() -> Iterator[None]:
    QUERY_VECTORS.clear()
    yield from filled(EMBEDDERS, word_embedder)


@pytest.fixture(autouse=True)
def _rerankers() -> Iterator[None]:
    yield from filled(RERANKERS, lambda workspace_id: None)


@pytest.fixture(autouse=True)
def _dataset_users() -> Iterator[None]:
    yield from filled(DATASET_USERS, lambda workspace_id, dataset_id: 0)


@pytest.fixture(autouse=True)
def files_root(tmp_path: Path, settings: Any) -> Path:
    """The folder of uploads, empty."""
    settings.FILES_ROOT = tmp_path / "home" / "files"
    settings.FILES_ROOT.mkdir(parents=True)
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    return settings.FILES_ROOT  # type: ignore[no-any-return]


@pytest.fixture
def make_library() -> Callable[..., Library]:
    """Make a dataset for a person."""

    def make(person: Person, name: str = "Handbook", **values: object) -> Library:
        response = person.request("POST", "/datasets", {"name": name, **values})
        assert response.status_code == 201, response.content
        return Library(person, response.json()["id"])

    return make


@pytest.fixture
def library(owner: Person, make_library: Callable[..., Library]) -> Library:
    """An empty dataset of the owner."""
    return make_library(owner)


def files_in(folder: Path) -> list[Path]:
    """Return the files below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]
