"""Documents from the web: a page, or the pages that a sitemap lists. Workers fetch them, through the one door."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from asgiref.sync import async_to_sync
from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.errors import Invalid, NotFound
from backend.datasets.adapters import connection_release, index_send
from backend.datasets.lease import RESEND_S, in_seconds
from backend.datasets.models import Document
from backend.datasets.selectors import dataset_require
from backend.datasets.web import FetchError, sitemap_urls, url_check, url_shown
from backend.files.names import name_clean

MAX_PAGES = 500
SourceKind = Literal["page", "sitemap"]


@dataclass(frozen=True, slots=True)
class Refused:
    """An address that became no document, and why."""

    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class FromUrl:
    """The documents of the addresses, those that were there already among them, and the addresses refused."""

    documents: tuple[Document, ...]
    refused: tuple[Refused, ...]


def documents_from_url(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    url: str,
    kind: SourceKind = "page",
    limit: int = 100,
    actor: User | None = None,
) -> FromUrl:
    """Have a page, or up to `limit` pages of a sitemap, fetched and indexed by workers.

    A page that the dataset has already is left as it is (`document_reindex` fetches it anew). Raises `Invalid` for an
    address that is none, or leads to no sitemap; the sitemap itself is fetched at once.
    """
    dataset_require(workspace_id, dataset_id)
    if not 1 <= limit <= MAX_PAGES:
        raise Invalid(f"limit is {limit!r}; it goes from 1 to {MAX_PAGES}")
    try:
        urls: Sequence[str] = [url_check(url)]
        if kind == "sitemap":
            connection_release()
            urls = async_to_sync(sitemap_urls)(urls[0], limit=limit, workspace_id=workspace_id)
    except FetchError as error:
        raise Invalid(error.message, code=error.code, fields={"url": [error.message]}) from error
    documents, refused = [], []
    for address in dict.fromkeys(urls):
        try:
            documents.append(_queue(workspace_id, dataset_id, url_check(address), actor))
        except FetchError as error:
            refused.append(Refused(address, error.message))
    return FromUrl(tuple(documents), tuple(refused))


def _queue(workspace_id: uuid.UUID, dataset_id: uuid.UUID, url: str, actor: User | None) -> Document:
    documents = Document.objects.within(workspace_id)
    known = documents.filter(dataset_id=dataset_id, source_url=url).first()
    if known is not None:
        return known
    name = name_clean(url_shown(url))
    try:
        with transaction.atomic():
            document = documents.create(
                workspace_id=workspace_id,
                dataset_id=dataset_id,
                name=name,
                sha256=hashlib.sha256(url.encode()).hexdigest(),
                size_bytes=0,
                mime_type="text/html",
                format="",
                source_url=url,
                uploaded_by=actor,
                lease_expires_at=in_seconds(RESEND_S),
            )
            audit_record(
                workspace_id=workspace_id,
                actor=actor,
                action="document.linked",
                target=str(document.id),
                detail={"url": url, "dataset_id": dataset_id},
            )
            transaction.on_commit(partial(index_send, document.id), robust=True)
    except IntegrityError:
        found = documents.filter(dataset_id=dataset_id, source_url=url).first()
        if found is None:
            raise NotFound(f"the dataset {str(dataset_id)!r} was deleted meanwhile") from None
        return found
    document.refresh_from_db()
    return document
