"""The embedded chat engine: one GGUF, computed by llama.cpp in an engine thread."""

from inference.batching.loop import EngineLoop
from inference.batching.scheduler import Limits, Scheduler
from inference.config import ModelConfig
from inference.engines.batched_chat import BatchedChat
from inference.engines.llama_adapters import LlamaAdapters
from inference.engines.llama_bindings import LlamaModel
from inference.engines.llama_embeddings import LlamaCppEmbeddings
from inference.engines.llama_executor import LlamaExecutor
from inference.engines.llama_reranker import LlamaCppReranker
from inference.gguf_header import check_gguf
from inference.protocol import LocalEngine


def create(config: ModelConfig) -> LocalEngine:
    """Load the model and return its engine. Blocks for as long as loading takes."""
    check_gguf(config.path, config.sha256)
    for _, adapter in config.adapters:
        check_gguf(adapter)
    match config.kind:
        case "chat":
            return LlamaCppChat(config)
        case "embedding":
            return LlamaCppEmbeddings(config)
        case "rerank":
            return LlamaCppReranker(config)


class LlamaCppChat(BatchedChat):
    """One chat model; requests are batched with each other at every token."""

    def __init__(self, config: ModelConfig) -> None:
        model = self._model = LlamaModel(config.path)
        adapters = LlamaAdapters(model, config.adapters)
        context_tokens = min(config.context_tokens, model.trained_context_tokens)
        executor = LlamaExecutor(config, model, adapters, context_tokens)
        limits = Limits(
            kv_tokens=context_tokens,
            max_sequences=config.max_sequences,
            batch_tokens=config.batch_tokens,
            slots=executor.slots,
            shares_prefixes=model.can_rewind,
            scheduling=config.scheduling,
        )
        loop = EngineLoop(
            executor,
            Scheduler(limits, end_tokens=model.end_tokens),
            max_queued=config.max_queued,
            name=config.id,
        )
        super().__init__(config, model, loop, context_tokens=context_tokens, adapters=adapters.names)
