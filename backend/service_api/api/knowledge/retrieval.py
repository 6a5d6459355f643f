"""Searches of a dataset with a dataset key."""

import uuid
from collections.abc import Mapping, Sequence

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, JsonResponse

from backend.accounts.models import ApiKey
from backend.common.database import in_database
from backend.common.errors import Invalid
from backend.datasets.adapters import api_error
from backend.datasets.knowledge import Found
from backend.datasets.models import Chunk, Passage
from backend.datasets.searches import SearchSettings, search_settings
from backend.service_api.api.knowledge.datasets import dataset_of
from backend.service_api.bodies import body_of
from backend.service_api.knowledge.bodies import RetrieveBody
from backend.service_api.knowledge.retrieval_model import filter_from, settings_of
from backend.service_api.knowledge.segment_items import segment_item
from inference.errors import InferenceError
from rag.errors import RagError
from rag.filters import Filter
from rag.types import Hit

Asked = tuple[uuid.UUID, str, SearchSettings, Filter | None]


async def retrieve(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponse:
    """POST /datasets/{id}/retrieve: the chunks that answer a query, by the dataset's settings or the body's."""
    found_in, query, settings, where = await in_database(_asked, request, caller, dataset_id)
    try:
        found = await settings.search(caller.workspace_id, [found_in], query, filter=where)
    except (RagError, InferenceError) as error:
        raise api_error(error) from error
    records = await in_database(_records, caller, found)
    return JsonResponse({"query": {"content": query}, "records": records})


def _asked(request: HttpRequest, caller: ApiKey, dataset_id: str) -> Asked:
    dataset = dataset_of(caller, dataset_id)
    body = body_of(request, RetrieveBody)
    if body.attachment_ids:
        message = "attachment_ids: pictures are not searched for: ask with a query"
        raise Invalid(message, fields={"attachment_ids": [message]})
    model = body.retrieval_model
    own = settings_of(caller.workspace_id, model) if model else {}
    where = filter_from(caller.workspace_id, dataset.id, model.metadata_filtering_conditions if model else None)
    return dataset.id, body.query, search_settings(caller.workspace_id, dataset.id, own), where


def _records(caller: ApiKey, found: Found) -> list[dict[str, object]]:
    children = Passage.objects.exclude(text="").order_by("position")
    rows = Chunk.objects.within(caller.workspace_id).filter(id__in=[uuid.UUID(hit.chunk_id) for hit in found.hits])
    rows = rows.select_related("document__dataset")
    chunks = {str(row.id): row for row in rows.prefetch_related(Prefetch("passages", children, to_attr="children"))}
    # A chunk can be deleted between the search and the look at it.
    return [_record(hit, chunks) for hit in found.hits if hit.chunk_id in chunks]


def _record(hit: Hit, chunks: Mapping[str, Chunk]) -> dict[str, object]:
    chunk = chunks[hit.chunk_id]
    document = chunk.document
    segment = segment_item(chunk, document, [])
    # Neighbours that a dataset's settings add stand in the hit alone.
    segment |= {
        "content": hit.text,
        "sign_content": hit.text,
        "document": {
            "id": str(document.id),
            "data_source_type": "website_crawl" if document.source_url else "upload_file",
            "name": document.name,
            "doc_type": None,
            "doc_metadata": document.metadata or None,
        },
    }
    return {
        "segment": segment,
        "child_chunks": _found_children(hit, chunk.children),
        "score": hit.score,
        "tsne_position": None,
        "files": [],
        "summary": None,
    }


def _found_children(hit: Hit, children: Sequence[Passage]) -> list[dict[str, object]]:
    return [
        {"id": str(child.public_id), "content": child.text, "position": child.position + 1, "score": hit.score}
        for child in children
        if hit.child and child.text == hit.child
    ][:1]
