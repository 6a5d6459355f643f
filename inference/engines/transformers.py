"""The engine of Hugging Face's `transformers`: whatever architecture it knows, in torch, batched at every token."""

from types import ModuleType

from inference.batching.loop import EngineLoop
from inference.batching.scheduler import Limits, Scheduler
from inference.config import ModelConfig
from inference.engines.batched_chat import BatchedChat
from inference.engines.extras import extra_modules
from inference.engines.folder_text import FolderText
from inference.engines.torch_executor import TorchExecutor
from inference.errors import BadModelFileError, EngineFailedError, EngineMissingError
from inference.protocol import LocalEngine

_SLOTS_PER_SEQUENCE = 2  # those that do not run keep their cache for prompts that begin alike


def create(config: ModelConfig) -> LocalEngine:
    """Load the model from its folder and return its engine. Blocks for as long as loading takes."""
    torch, transformers, tokenizers = extra_modules("transformers", "torch", "transformers", "tokenizers")
    if config.kind != "chat":
        raise EngineMissingError(
            f"The engine 'transformers' serves chat models only, and {config.id!r} makes {config.kind} results: "
            "convert it to GGUF, which the built-in engine serves."
        )
    if config.adapters:
        raise EngineFailedError("The engine 'transformers' serves no adapters: merge them into the model first.")
    text = FolderText(config.path, tokenizers)
    model = _load(config, torch, transformers)
    context_tokens = min(config.context_tokens, text.trained_context_tokens or config.context_tokens)
    executor = TorchExecutor(torch, transformers, model, ends=text.end_tokens)
    limits = Limits(
        kv_tokens=context_tokens,
        max_sequences=config.max_sequences,
        batch_tokens=config.batch_tokens,
        slots=_SLOTS_PER_SEQUENCE * config.max_sequences,
        scheduling=config.scheduling,
    )
    loop = EngineLoop(
        executor, Scheduler(limits, end_tokens=text.end_tokens), max_queued=config.max_queued, name=config.id
    )
    return BatchedChat(config, text, loop, context_tokens=context_tokens)


def _load(config: ModelConfig, torch: ModuleType, transformers: ModuleType) -> object:
    """Return the model on the GPU as it was saved, or on the CPU in float32, in which CPUs are fastest."""
    has_gpu = torch.cuda.is_available()
    transformers.utils.logging.disable_progress_bar()
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(
            config.path,
            dtype="auto" if has_gpu else torch.float32,
            use_safetensors=True,
            local_files_only=True,
        )
    except (OSError, ValueError, KeyError, RuntimeError) as problem:
        raise BadModelFileError(f"transformers cannot load {config.id!r}: {str(problem)[:500]}") from None
    if getattr(model, "_is_stateful", False):
        raise EngineMissingError(
            f"{config.id!r} keeps a state instead of a cache ({config.path.name!r}), which the engine 'transformers' "
            "cannot batch here: convert it to GGUF, or serve it with vLLM."
        )
    loaded: object = model.to("cuda" if has_gpu else "cpu").eval()
    return loaded
