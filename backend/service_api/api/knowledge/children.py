"""Children of chunks with a dataset key: added, listed, changed, deleted."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse

from backend.accounts.models import ApiKey
from backend.common.errors import ApiError
from backend.datasets import services
from backend.datasets.models import Chunk, Document, DocumentStatus, Passage
from backend.datasets.selectors import child_get
from backend.service_api.api.knowledge.datasets import dataset_of
from backend.service_api.api.knowledge.segments import chunk_of
from backend.service_api.api.knowledge.uploads import document_of
from backend.service_api.bodies import body_of, id_of
from backend.service_api.knowledge.bodies import ChildBody
from backend.service_api.knowledge.paging import paging_of
from backend.service_api.knowledge.segment_items import child_item


@dataclass(frozen=True, slots=True)
class _Place:
    """The chunk of an address, and where it stands."""

    caller: ApiKey
    document: Document
    chunk: Chunk

    def names(self) -> dict[str, object]:
        """Return what services of chunks want to know."""
        return {
            "workspace_id": self.caller.workspace_id,
            "dataset_id": self.document.dataset_id,
            "document_id": self.document.id,
            "chunk_id": self.chunk.id,
            "actor": self.caller.user,
        }

    def child(self, child_id: str) -> Passage:
        """Return a child of the chunk; raises `NotFound`."""
        wanted = id_of(child_id, "child chunk")
        return child_get(self.caller.workspace_id, self.document.dataset_id, self.document.id, self.chunk.id, wanted)

    def require_settled(self) -> None:
        """Raise while the document is indexed, which replaces its chunks."""
        if self.document.status not in (DocumentStatus.READY, DocumentStatus.FAILED):
            raise ApiError("the document is being indexed: wait until it is ready", code="document_indexing")


def _place(caller: ApiKey, dataset_id: str, document_id: str, segment_id: str) -> _Place:
    document = document_of(caller, dataset_of(caller, dataset_id), document_id)
    return _Place(caller, document, chunk_of(caller, document, segment_id))


def children_list(
    request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str, segment_id: str
) -> HttpResponse:
    """GET /datasets/{id}/documents/{id}/segments/{id}/child_chunks: in their order, those with the keyword."""
    place = _place(caller, dataset_id, document_id, segment_id)
    keyword = request.GET.get("keyword", "").lower()
    children = [child for child in place.chunk.children if keyword in child.text.lower()]
    paging = paging_of(request)
    return JsonResponse(
        {
            "data": [child_item(place.chunk, child) for child in paging.rows(children)],
            "total": len(children),
            "total_pages": -(-len(children) // paging.limit),
            "page": paging.page,
            "limit": paging.limit,
        }
    )


def child_make(
    request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str, segment_id: str
) -> HttpResponse:
    """POST /datasets/{id}/documents/{id}/segments/{id}/child_chunks: after the last one."""
    place = _place(caller, dataset_id, document_id, segment_id)
    content = body_of(request, ChildBody).content
    place.require_settled()
    child: Passage = services.child_add(**place.names(), text=content)
    return _answer(caller, dataset_id, document_id, segment_id, str(child.public_id))


def child_change(
    request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str, segment_id: str, child_chunk_id: str
) -> HttpResponse:
    """PATCH /datasets/{id}/documents/{id}/segments/{id}/child_chunks/{id}: another text."""
    place = _place(caller, dataset_id, document_id, segment_id)
    child = place.child(child_chunk_id)
    content = body_of(request, ChildBody).content
    place.require_settled()
    changed = services.child_update(**place.names(), child_id=child.public_id, text=content)
    return _answer(caller, dataset_id, document_id, segment_id, str(changed.public_id))


def child_remove(
    request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str, segment_id: str, child_chunk_id: str
) -> HttpResponse:
    """DELETE /datasets/{id}/documents/{id}/segments/{id}/child_chunks/{id}: all but the last one can go."""
    place = _place(caller, dataset_id, document_id, segment_id)
    child = place.child(child_chunk_id)
    place.require_settled()
    services.child_delete(**place.names(), child_id=child.public_id)
    return HttpResponse(status=204)


def _answer(caller: ApiKey, dataset_id: str, document_id: str, segment_id: str, child_id: str) -> HttpResponse:
    place = _place(caller, dataset_id, document_id, segment_id)
    return JsonResponse({"data": child_item(place.chunk, place.child(child_id))})
