"""Chunks and their children as Dify shows them: segments and child chunks."""

from collections.abc import Sequence

from backend.datasets.models import Chunk, Document, Passage
from backend.service_api.knowledge.paging import unix


def segment_item(chunk: Chunk, document: Document, children: Sequence[Passage]) -> dict[str, object]:
    """Return the JSON of a chunk; `children` are those with texts of their own, in order."""
    return {
        "id": str(chunk.id),
        # Ours count from 0.
        "position": chunk.position + 1,
        "document_id": str(chunk.document_id),
        "content": chunk.text,
        "sign_content": chunk.text,
        "answer": chunk.answer,
        "word_count": len(chunk.text) + len(chunk.answer),
        "tokens": chunk.tokens,
        "keywords": chunk.keywords,
        "index_node_id": str(chunk.id),
        "index_node_hash": chunk.digest,
        "hit_count": chunk.hit_count,
        "enabled": chunk.is_enabled,
        "disabled_at": None,
        "disabled_by": None,
        # A chunk is shown once all of its document is searched.
        "status": "completed",
        "created_by": str(document.uploaded_by_id or ""),
        "created_at": unix(chunk.created_at),
        "updated_at": unix(chunk.updated_at),
        "updated_by": "",
        "indexing_at": unix(chunk.created_at),
        "completed_at": unix(chunk.updated_at),
        "error": None,
        "stopped_at": None,
        "child_chunks": [child_item(chunk, child) for child in children],
        "attachments": [],
        "summary": None,
    }


def child_item(chunk: Chunk, child: Passage) -> dict[str, object]:
    """Return the JSON of a child."""
    return {
        "id": str(child.public_id),
        "segment_id": str(chunk.id),
        "content": child.text,
        "position": child.position + 1,
        "word_count": len(child.text),
        "type": "customized" if chunk.is_edited else "automatic",
        "created_at": unix(chunk.created_at),
        "updated_at": unix(chunk.updated_at),
    }
