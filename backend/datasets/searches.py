"""Searches as people ask for them: settings over those of the dataset."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from backend.common.database import in_database
from backend.common.errors import Invalid
from backend.datasets.knowledge import DatasetKnowledge, Found
from backend.datasets.models import Chunk, Dataset
from backend.datasets.ports import WRITERS
from backend.datasets.retrieval import CHAT_MODEL, retrieval_settings
from rag.filters import Filter
from rag.retrieve.pipeline import RetrievalSettings


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """The settings of a search; `model` is the chat model that rewrites queries and writes filters."""

    retrieval: RetrievalSettings
    model: str = ""

    def to_json(self) -> dict[str, object]:
        """Return all settings as APIs show them."""
        return {**asdict(self.retrieval), CHAT_MODEL: self.model}

    async def search(
        self,
        workspace_id: uuid.UUID,
        dataset_ids: Sequence[uuid.UUID],
        text: str,
        *,
        filter: Filter | None = None,
        history: Sequence[tuple[str, str]] = (),
        count_hits: bool = True,
    ) -> Found:
        """Return what answers `text` in the datasets; `history` has (role, text), oldest first."""
        write = await in_database(WRITERS.get(), str(workspace_id), self.model) if self.model else None
        knowledge = DatasetKnowledge(str(workspace_id))
        return await knowledge.retrieve(
            text,
            [str(one) for one in dataset_ids],
            self.retrieval,
            filter=filter,
            history=history,
            write=write,
            count_hits=count_hits,
        )


def search_settings(workspace_id: uuid.UUID, dataset_id: uuid.UUID, values: Mapping[str, object]) -> SearchSettings:
    """Return `values` over the dataset's settings over the library's; raises `Invalid` for contradicting ones."""
    defaults = Dataset.objects.within(workspace_id).values_list("retrieval", flat=True).get(id=dataset_id)
    return settings_checked(workspace_id, {**defaults, **values})


def settings_checked(workspace_id: uuid.UUID, values: Mapping[str, object]) -> SearchSettings:
    """Return `values` over the library's settings; raises `Invalid` for contradicting ones and unknown models."""
    settings = retrieval_settings(values)
    model = str(values.get(CHAT_MODEL) or "")
    if model:
        WRITERS.get()(str(workspace_id), model)
    for name in ("rewrite", "model_filter"):
        if getattr(settings, name) and not model:
            message = f"{name!r} needs a chat model: name it in {CHAT_MODEL!r}, or switch {name!r} off"
            raise Invalid(message, fields={CHAT_MODEL: [message]})
    return SearchSettings(settings, model)


def chunks_traced(workspace_id: uuid.UUID, dataset_id: uuid.UUID, found: Found) -> dict[str, dict[str, object]]:
    """Return every chunk that a stage of the trace names, by id."""
    ids = {str(chunk_id) for stage in found.trace for chunk_id in _ids(stage.detail)}
    rows = Chunk.objects.within(workspace_id).filter(dataset_id=dataset_id, id__in=ids)
    columns = ("id", "document_id", "document__name", "page", "position", "text")
    return {
        str(row[0]): {
            "document_id": row[1], "document_name": row[2], "page": row[3], "position": row[4], "text": row[5],
        }
        for row in rows.values_list(*columns)
    }  # fmt: skip


def _ids(detail: Mapping[str, object]) -> Sequence[object]:
    named = detail.get("ids")
    return named if isinstance(named, list | tuple) else ()
