"""What settings of chunks would make of a file: read and cut, nothing stored and nothing embedded."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import UploadedFile

from backend.common.errors import Conflict, Invalid
from backend.datasets.adapters import api_error, connection_release
from backend.datasets.chunking import settings_of
from backend.datasets.models import ChunkMode, Dataset
from backend.datasets.ports import EMBEDDERS, WRITERS
from backend.datasets.selectors import document_get
from backend.datasets.services.datasets import dataset_row
from backend.datasets.services.documents import on_disk
from backend.files.names import name_clean
from backend.files.services import file_path
from inference.errors import InferenceError
from rag.chunk import Chunked, ChunkSettings
from rag.errors import RagError
from rag.extract.isolated import extract_isolated, validate_upload
from rag.ingest import Cutting, chunk_document, fitted, language_of
from rag.ports import Embedder, Write
from rag.types import ChunkText

SHOWN = 50
SHOWN_WRITTEN = 5
"""Of questions that a model writes, each costs seconds."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The first chunks of a document; `is_complete` says that there are no more."""

    chunks: tuple[ChunkText, ...]
    is_complete: bool
    warnings: tuple[str, ...]
    language: str


def dataset_preview(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    settings: Mapping[str, object],
    upload: UploadedFile | None = None,
    document_id: uuid.UUID | None = None,
) -> Preview:
    """Cut an upload, or a document of the dataset, with `settings` over the dataset's own; nothing is stored.

    Raises what an upload of the file would raise, and `Invalid` for settings that contradict each other.
    """
    dataset = dataset_row(workspace_id, dataset_id)
    given = dict(settings)
    qa_model = str(given.pop("qa_model", "") or dataset.qa_model)
    chosen = settings_of(dataset, given)
    embedder = EMBEDDERS.get()(str(workspace_id), dataset.embedding_model)
    write = _writer(dataset, chosen, qa_model)
    try:
        if upload is not None:
            name = name_clean(upload.name or "")
            with on_disk(upload) as path:
                return _cut(path, validate_upload(path, name).name, chosen, embedder, write)
        if document_id is None:
            raise Invalid("send a file, or the document_id of one that is there")
        document = document_get(workspace_id, dataset_id, document_id)
        if document.file is None:
            raise Conflict("the page has not been fetched yet: wait for it, or send a file")
        return _cut(file_path(document.file), document.format, chosen, embedder, write)
    except (RagError, InferenceError) as error:
        raise api_error(error) from error


def _writer(dataset: Dataset, settings: ChunkSettings, qa_model: str) -> Write | None:
    if settings.mode != ChunkMode.QA or not qa_model:
        return None
    return WRITERS.get()(str(dataset.workspace_id), qa_model)


def _cut(path: Path, format_name: str, settings: ChunkSettings, embedder: Embedder, write: Write | None) -> Preview:
    connection_release()
    extraction = extract_isolated(path, format_name)
    language = language_of(extraction)
    cutting = Cutting(format_name, fitted(settings, embedder.max_tokens), embedder.count_tokens, write, language)

    async def cut() -> Chunked:
        shown = SHOWN if write is None else SHOWN_WRITTEN
        return await chunk_document(extraction, cutting, progress=lambda *_: None, limit=shown)

    chunked = async_to_sync(cut)()
    return Preview(chunked.chunks, chunked.is_complete, extraction.warnings + chunked.warnings, language)
