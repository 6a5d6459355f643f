"""The files of documents: by an address that opens one of them for some minutes, or many in one archive."""

import asyncio
import io
import uuid
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse

from backend.accounts.models import ApiKey
from backend.common.errors import NotFound, Unauthenticated
from backend.datasets.models import Document
from backend.datasets.selectors import document_get
from backend.files.downloads import file_response
from backend.files.services import file_path
from backend.service_api.api.knowledge.datasets import dataset_of
from backend.service_api.api.knowledge.documents import documents_of
from backend.service_api.api.knowledge.uploads import document_of
from backend.service_api.bodies import body_of
from backend.service_api.knowledge.bodies import ZipBody

SALT = "service_api.document_download"
LIFE_S = 300
READ_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a signed address opens: the file of one document."""

    workspace_id: uuid.UUID
    dataset_id: uuid.UUID
    document_id: uuid.UUID


def download_address(request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str) -> HttpResponse:
    """GET /datasets/{id}/documents/{id}/download: an address that needs no key and works for five minutes."""
    document = document_of(caller, dataset_of(caller, dataset_id), document_id)
    _require_file(document)
    opens = [str(document.workspace_id), str(document.dataset_id), str(document.id)]
    ticket = signing.dumps(opens, salt=SALT, compress=True)
    return JsonResponse({"url": f"{settings.ENVIRONMENT.public_url}/v1/datasets/download?ticket={ticket}"})


def ticket_holder(request: HttpRequest) -> Ticket:
    """Return what the address of a request opens; raises `Unauthenticated` when it is not ours, or too old."""
    try:
        opens = signing.loads(request.GET.get("ticket", ""), salt=SALT, max_age=LIFE_S)
    except signing.BadSignature as error:
        raise Unauthenticated("this address has expired, or is incomplete: ask for another one") from error
    return Ticket(*(uuid.UUID(text) for text in opens))


def download(request: HttpRequest, caller: Ticket) -> HttpResponseBase:
    """GET /datasets/download: the file of the document that the address was signed for."""
    document = document_get(caller.workspace_id, caller.dataset_id, caller.document_id)
    _require_file(document)
    return file_response(document.file)


def _require_file(document: Document) -> None:
    if document.file is None:
        raise NotFound(f"{document.name!r} was not fetched yet: wait until it is indexed")
    if not file_path(document.file).exists():
        raise NotFound(f"the bytes of {document.name!r} are gone from the disk: upload it again")


def download_zip(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponseBase:
    """POST /datasets/{id}/documents/download-zip: the files of up to 100 documents."""
    dataset = dataset_of(caller, dataset_id)
    documents = documents_of(caller, dataset.id, body_of(request, ZipBody).document_ids)
    for document in documents:
        _require_file(document)
    names = _names([document.name for document in documents])
    files = [(name, file_path(document.file)) for name, document in zip(names, documents, strict=True)]
    response = ZipResponse(_zipped(files), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{dataset.id}.zip"'
    response["Cache-Control"] = "private, no-store"
    return response


def _names(names: Sequence[str]) -> list[str]:
    """Return the names with those that come again numbered."""
    taken: dict[str, None] = {}
    for name in names:
        path, unique, number = PurePosixPath(name), name, 1
        while unique in taken:
            number += 1
            unique = f"{path.stem} ({number}){path.suffix}"
        taken[unique] = None
    return list(taken)


class _Passing(io.RawIOBase):
    """What an archive is written to: it keeps nothing that was taken."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        """Say that it can be written to, and not that it could go back."""
        return True

    def write(self, data: object) -> int:
        """Take bytes in."""
        view = memoryview(data)  # type: ignore[arg-type]  # zipfile writes bytes
        self._waiting += view
        return view.nbytes

    def take(self) -> bytes:
        """Hand out what was written since."""
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


def _zipped(files: Sequence[tuple[str, Path]]) -> Iterator[bytes]:
    """Yield an archive of the files piece by piece; what people upload is mostly compressed already."""
    out = _Passing()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, path in files:
            with path.open("rb") as file, archive.open(name, "w", force_zip64=True) as entry:
                while piece := file.read(READ_BYTES):
                    entry.write(piece)
                    yield out.take()
    yield out.take()


class ZipResponse(StreamingHttpResponse):
    """An archive that is made while it is sent, on threads under ASGI."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces."""
        pieces = iter(self.streaming_content)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece
