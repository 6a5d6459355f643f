"""A LangChain retriever over a store: `langchain-core` is needed, nothing else of LangChain."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from rag.ports import ChunkStore, Embedder, Reranker
from rag.retrieve.pipeline import RetrievalSettings, retrieve
from rag.types import Hit, Query

Result = TypeVar("Result")


class AtelierRetriever(BaseRetriever):
    """Searches datasets of one scope; a document's metadata says where a hit comes from and how it scored."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    store: ChunkStore
    embedder: Embedder
    scope: str
    dataset_ids: tuple[str, ...]
    settings: RetrievalSettings = Field(default_factory=RetrievalSettings)
    reranker: Reranker | None = None

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        return await self._search(query)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return _blocking(self._search(query))

    async def _search(self, text: str) -> list[Document]:
        query = Query(text, self.scope, self.dataset_ids)
        found = await retrieve(query, self.settings, embedder=self.embedder, store=self.store, reranker=self.reranker)
        return [_document(hit) for hit in found.hits]


def _document(hit: Hit) -> Document:
    where = {"document_id": hit.document_id, "dataset_id": hit.dataset_id, "position": hit.position, "page": hit.page}
    text = f"{hit.text}\n{hit.answer}" if hit.answer else hit.text
    return Document(page_content=text, id=hit.chunk_id, metadata={**where, "score": hit.score})


def _blocking(work: Coroutine[object, object, Result]) -> Result:
    """Run a coroutine to its end, also where the caller's thread has a loop that runs already."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()
