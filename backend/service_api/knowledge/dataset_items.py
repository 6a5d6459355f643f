"""Datasets as Dify shows them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Length

from backend.datasets.models import Chunk, Dataset, Document, MetadataField
from backend.datasets.ports import DATASET_USERS
from backend.datasets.retrieval import retrieval_settings
from backend.providers.selectors import models_list, rerank_model
from backend.service_api.knowledge.model_names import name_of
from backend.service_api.knowledge.paging import unix
from backend.service_api.knowledge.process_rule import FORM_OF
from backend.service_api.knowledge.retrieval_model import model_of

TAG_TYPE = "knowledge"


@dataclass(frozen=True, slots=True)
class _Beside:
    """What datasets show that is not in their rows, by the dataset's id."""

    characters: Mapping[uuid.UUID, int]
    available: Mapping[uuid.UUID, int]
    fields: Mapping[uuid.UUID, list[dict[str, str]]]
    embedding_models: frozenset[str]
    reranker: str


def dataset_items(workspace_id: uuid.UUID, datasets: Sequence[Dataset]) -> list[dict[str, object]]:
    """Return the JSON of datasets that `dataset_list` or `dataset_get` found."""
    beside = _beside(workspace_id, [dataset.id for dataset in datasets])
    return [_item(dataset, beside) for dataset in datasets]


def dataset_item(dataset: Dataset) -> dict[str, object]:
    """Return the JSON of one dataset."""
    return dataset_items(dataset.workspace_id, [dataset])[0]


def _beside(workspace_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> _Beside:
    published = Chunk.objects.within(workspace_id).filter(dataset_id__in=ids, revision=F("document__revision"))
    ready = Q(status="ready", is_enabled=True, is_archived=False)
    documents = Document.objects.within(workspace_id).filter(ready, dataset_id__in=ids)
    fields: dict[uuid.UUID, list[dict[str, str]]] = {}
    for field in MetadataField.objects.within(workspace_id).filter(dataset_id__in=ids).order_by("name"):
        fields.setdefault(field.dataset_id, []).append({"id": str(field.id), "name": field.name, "type": field.type})
    reranker = rerank_model(workspace_id)
    return _Beside(
        dict(published.order_by().values("dataset_id").annotate(n=Sum(Length("text"))).values_list("dataset_id", "n")),
        dict(documents.order_by().values("dataset_id").annotate(n=Count("id")).values_list("dataset_id", "n")),
        fields,
        frozenset(model.id for model in models_list(workspace_id) if model.kind == "embedding"),
        reranker.id if reranker else "",
    )


def _item(dataset: Dataset, beside: _Beside) -> dict[str, object]:
    model = name_of(dataset.embedding_model)
    return {
        "id": str(dataset.id),
        "name": dataset.name,
        "description": dataset.description,
        "provider": "vendor",
        # Members of a workspace share its datasets; only their roles differ.
        "permission": "all_team_members",
        "data_source_type": "upload_file",
        "indexing_technique": "high_quality",
        "app_count": DATASET_USERS.get()(dataset.workspace_id, dataset.id),
        "document_count": dataset.documents_total,
        "word_count": beside.characters.get(dataset.id, 0),
        "created_by": "",
        "author_name": "",
        "created_at": unix(dataset.created_at),
        "updated_by": "",
        "updated_at": unix(dataset.updated_at),
        "embedding_model": model.model,
        "embedding_model_provider": model.provider,
        "embedding_available": dataset.embedding_model in beside.embedding_models,
        "retrieval_model_dict": model_of(
            retrieval_settings(dataset.retrieval), dataset.embedding_model, beside.reranker
        ),
        "tags": [{"id": str(tag.id), "name": tag.name, "type": TAG_TYPE} for tag in dataset.tags.all()],
        "doc_form": FORM_OF[dataset.chunk_mode],
        "doc_metadata": beside.fields.get(dataset.id, []),
        "built_in_field_enabled": dataset.built_in_metadata,
        "total_documents": dataset.documents_total,
        "total_available_documents": beside.available.get(dataset.id, 0),
        "enable_api": True,
        **NOT_OFFERED,
    }


# Knowledge outside of the platform, pipelines, summaries and pictures are not of ours.
NOT_OFFERED: Mapping[str, object] = {
    "summary_index_setting": None,
    "external_knowledge_info": None,
    "external_retrieval_model": None,
    "pipeline_id": None,
    "runtime_mode": "general",
    "chunk_structure": None,
    "icon_info": None,
    "is_published": False,
    "is_multimodal": False,
    "maintainer": None,
    "partial_member_list": [],
}
