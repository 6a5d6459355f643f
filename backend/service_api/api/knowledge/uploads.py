"""Documents that come with a dataset key, as text or as file, new ones and other versions of those that are there."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse

from backend.accounts.models import ApiKey
from backend.common.errors import ApiError
from backend.datasets.models import Dataset, Document
from backend.datasets.selectors import document_get
from backend.datasets.services import dataset_update, document_replace, document_update, document_upload
from backend.files.services import file_open
from backend.files.uploads import LimitedUploadHandler
from backend.service_api.api.knowledge.datasets import dataset_of, embedding_model_change
from backend.service_api.bodies import body_of, id_of
from backend.service_api.knowledge.bodies import DocumentSettings, TextCreateBody, TextUpdateBody, settings_from
from backend.service_api.knowledge.document_items import document_item
from backend.service_api.knowledge.model_names import embedding_model_id
from backend.service_api.knowledge.process_rule import processing_of
from backend.service_api.knowledge.retrieval_model import settings_of
from rag.extract.registry import format_named

MARKDOWN = (".md", ".markdown")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file, if there is one, and what its request says of it; `read_as` is a name whose ending says the format."""

    upload: UploadedFile | None
    settings: DocumentSettings
    read_as: str = ""
    batch: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def processing(self) -> Mapping[str, object]:
        """What the document overrides of the dataset's settings of chunks."""
        return processing_of(self.settings.process_rule, self.settings.doc_form)


def document_of(caller: ApiKey, dataset: Dataset, document_id: str) -> Document:
    """Return the document of an address; raises `NotFound` for one that is not in the dataset."""
    return document_get(caller.workspace_id, dataset.id, id_of(document_id, "document"))


def _text_of(name: str, text: str, settings: DocumentSettings) -> Incoming:
    # Whatever the name ends in, this is a text; only Markdown is worth telling apart.
    is_markdown = PurePosixPath(name).suffix.lower() in MARKDOWN
    upload = SimpleUploadedFile("text.txt", text.encode())
    upload.name = name
    return Incoming(upload, settings, "text.md" if is_markdown else "text.txt")


def _file_of(request: HttpRequest) -> Incoming:
    """Return the file of a multipart body; reading it obeys the limit of uploads."""
    request.upload_handlers = [LimitedUploadHandler(request)]
    # Django reads, and closes, the forms of POST alone; this one may have come with PATCH.
    method, request.method = request.method, "POST"
    uploads = request.FILES.getlist("file")
    request.method = method
    settings = settings_from(request.POST.get("data") or "{}")
    if len(uploads) > 1 or len(request.FILES) > 1:
        raise ApiError("Only one file is allowed.", code="too_many_files")
    if not uploads:
        return Incoming(None, settings)
    [upload] = uploads
    read_as = str(upload.name)
    upload.name = settings.name or upload.name
    return Incoming(upload, settings, read_as)


def _answer(document: Document) -> HttpResponse:
    # What the console uploaded is in no batch: its own id leads to its status as well.
    return JsonResponse({"document": document_item(document), "batch": document.batch or str(document.id)})


def _create(caller: ApiKey, dataset: Dataset, incoming: Incoming) -> HttpResponse:
    if incoming.settings.original_document_id:
        original = document_of(caller, dataset, incoming.settings.original_document_id)
        return _replace(caller, original, incoming)
    if not dataset.documents_total:
        _first_settings(caller, dataset, incoming.settings)
    document, _ = document_upload(
        workspace_id=caller.workspace_id,
        dataset_id=dataset.id,
        upload=incoming.upload,
        actor=caller.user,
        batch=incoming.batch,
        processing=incoming.processing,
        read_as=incoming.read_as,
    )
    return _answer(document_get(caller.workspace_id, dataset.id, document.id))


def _first_settings(caller: ApiKey, dataset: Dataset, settings: DocumentSettings) -> None:
    """Let the first document say how the dataset is indexed and searched, as in Dify."""
    model = embedding_model_id(caller.workspace_id, settings.embedding_model_provider, settings.embedding_model)
    values: dict[str, object] = {}
    if settings.retrieval_model is not None:
        values["retrieval"] = {**dataset.retrieval, **settings_of(caller.workspace_id, settings.retrieval_model)}
    if settings.doc_form is not None:
        values["chunk_mode"] = processing_of(None, settings.doc_form)["chunk_mode"]
    if values:
        dataset_update(workspace_id=caller.workspace_id, dataset_id=dataset.id, values=values, actor=caller.user)
    if model is not None and model != dataset.embedding_model:
        embedding_model_change(caller, dataset, model)


def _replace(caller: ApiKey, document: Document, incoming: Incoming) -> HttpResponse:
    replaced = document_replace(
        document=document,
        upload=incoming.upload,
        batch=incoming.batch,
        processing=incoming.processing,
        read_as=incoming.read_as,
        actor=caller.user,
    )
    return _answer(replaced)


def create_by_text(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponse:
    """POST /datasets/{id}/document/create-by-text: a new document, indexed in the background."""
    dataset = dataset_of(caller, dataset_id)
    body = body_of(request, TextCreateBody)
    return _create(caller, dataset, _text_of(body.name, body.text, body))


def create_by_file(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponse:
    """POST /datasets/{id}/document/create-by-file: a new document, indexed in the background."""
    dataset = dataset_of(caller, dataset_id)
    incoming = _file_of(request)
    if incoming.upload is None:
        raise ApiError("Please upload your file: send it in the multipart field 'file'.", code="no_file_uploaded")
    return _create(caller, dataset, incoming)


def update_by_text(request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str) -> HttpResponse:
    """POST /datasets/{id}/documents/{id}/update-by-text: another text, name or way of cutting."""
    document = document_of(caller, dataset_of(caller, dataset_id), document_id)
    body = body_of(request, TextUpdateBody)
    if body.text is not None:
        return _replace(caller, document, _text_of(body.name or document.name, body.text, body))
    return _describe(caller, document, body, "text: send a text, a name or a process_rule")


def update_by_file(request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str) -> HttpResponse:
    """POST /datasets/{id}/documents/{id}/update-by-file: another file, name or way of cutting."""
    document = document_of(caller, dataset_of(caller, dataset_id), document_id)
    incoming = _file_of(request)
    if incoming.upload is not None:
        return _replace(caller, document, incoming)
    return _describe(caller, document, incoming.settings, "Please upload your file: send it in the field 'file'.")


def _describe(caller: ApiKey, document: Document, settings: DocumentSettings, refusal: str) -> HttpResponse:
    """Change what is said of a document and not what it says."""
    processing = processing_of(settings.process_rule, settings.doc_form)
    if settings.name is None and not processing:
        raise ApiError(refusal, code="no_file_uploaded")
    if settings.name is not None:
        document = document_update(
            workspace_id=caller.workspace_id,
            dataset_id=document.dataset_id,
            document_id=document.id,
            values={"name": settings.name},
            actor=caller.user,
        )
    if not processing or document.file is None:
        return _answer(document)
    with file_open(document.file) as file:
        same = UploadedFile(file, document.name, size=document.size_bytes)
        same.name = document.name
        ending = format_named(document.format).extensions[0]
        return _replace(caller, document, Incoming(same, settings, f"same{ending}"))
