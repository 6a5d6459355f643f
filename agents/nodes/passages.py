"""Passages as a node's output: Dify's shape of a retrieval result, from which every source can be read back."""

from collections.abc import Sequence
from dataclasses import replace

from agents.types import JsonValue, Source

NO_PASSAGES = "(The knowledge base has no passage about this question.)"


def as_results(sources: Sequence[Source]) -> list[JsonValue]:
    """Return the sources as `result` of a knowledge-retrieval node."""
    return [
        {
            "content": source.text,
            "title": source.document_name,
            "url": "",
            "icon": "",
            "metadata": {
                "position": source.position,
                "dataset_id": source.dataset_id,
                "dataset_name": source.dataset_name,
                "document_id": source.document_id,
                "document_name": source.document_name,
                "segment_id": source.chunk_id,
                "page": source.page,
                "score": source.score,
            },
        }
        for source in sources
    ]


def as_sources(value: JsonValue) -> tuple[Source, ...]:
    """Return the sources in `value`; what is not a retrieval result yields none."""
    results = value if isinstance(value, list) else []
    return tuple(
        _source(item, position)
        for position, item in enumerate(results, 1)
        if isinstance(item, dict) and "content" in item
    )


def _source(item: dict[str, JsonValue], position: int) -> Source:
    found = item.get("metadata")
    metadata = found if isinstance(found, dict) else {}
    page, score, number = metadata.get("page"), metadata.get("score"), metadata.get("position")
    return Source(
        position=number if isinstance(number, int) else position,
        dataset_id=str(metadata.get("dataset_id", "")),
        dataset_name=str(metadata.get("dataset_name", "")),
        document_id=str(metadata.get("document_id", "")),
        document_name=str(metadata.get("document_name") or item.get("title", "")),
        chunk_id=str(metadata.get("segment_id", "")),
        page=page if isinstance(page, int) else None,
        score=float(score) if isinstance(score, int | float) else 0.0,
        text=str(item["content"]),
    )


def with_citations(sources: Sequence[Source], cited: frozenset[int]) -> tuple[Source, ...]:
    """Return the sources, each saying whether the answer cites it."""
    return tuple(replace(source, cited=source.position in cited) for source in sources)


class Citations:
    """Numbers passages across several searches of one answer; a passage that is found again keeps its number."""

    def __init__(self, known: Sequence[Source] = ()) -> None:
        self._by_chunk = {(source.dataset_id, source.chunk_id): source for source in known}

    def add(self, found: Sequence[Source]) -> tuple[Source, ...]:
        """Return `found` with the numbers that the answer may cite."""
        numbered = []
        for source in found:
            key = (source.dataset_id, source.chunk_id)
            self._by_chunk.setdefault(key, replace(source, position=len(self._by_chunk) + 1))
            numbered.append(self._by_chunk[key])
        return tuple(numbered)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every passage so far, by number."""
        return tuple(self._by_chunk.values())
