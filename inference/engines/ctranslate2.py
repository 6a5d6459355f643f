"""The engine of CTranslate2: weights in 8 bits on processors, whole batches at a time, few ways to choose tokens."""

import shutil
import tempfile
from pathlib import Path
from types import ModuleType

from inference.config import ModelConfig
from inference.engines.batched_chat import BatchedChat
from inference.engines.ctranslate2_batches import BatchSource
from inference.engines.extras import extra_modules
from inference.engines.folder_text import FolderText
from inference.errors import BadModelFileError, EngineFailedError, EngineMissingError, InvalidRequestError
from inference.protocol import LocalEngine
from inference.types import GenerateRequest, SamplingParams

_WEIGHTS = "int8_float32"
_FOLDER = f"ctranslate2-{_WEIGHTS}"
_UNKNOWN = ("min_p", "presence_penalty", "frequency_penalty", "logit_bias", "top_logprobs")


def create(config: ModelConfig) -> LocalEngine:
    """Load the model from its folder, converting it the first time, and return its engine. Blocks meanwhile."""
    ctranslate2, tokenizers = extra_modules("ctranslate2", "ctranslate2", "tokenizers")
    if config.kind != "chat":
        raise EngineMissingError(
            f"The engine 'ctranslate2' serves chat models only, and {config.id!r} makes {config.kind} results: "
            "convert it to GGUF, which the built-in engine serves."
        )
    if config.adapters:
        raise EngineFailedError("The engine 'ctranslate2' serves no adapters: merge them into the model first.")
    text = FolderText(config.path, tokenizers)
    folder = config.path if (config.path / "model.bin").is_file() else _converted(config)
    device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    try:
        generator = ctranslate2.Generator(str(folder), device=device)
    except (RuntimeError, ValueError) as problem:
        raise BadModelFileError(f"CTranslate2 cannot open {config.id!r}: {str(problem)[:500]}") from None
    context_tokens = min(config.context_tokens, text.trained_context_tokens or config.context_tokens)
    source = BatchSource(
        generator,
        text,
        max_sequences=config.max_sequences,
        max_queued=config.max_queued,
        name=config.id,
    )
    return BatchedChat(
        config, text, source, context_tokens=context_tokens, check=lambda request: _check(config.id, request),
        constrains=False,
    )  # fmt: skip


def _converted(config: ModelConfig) -> Path:
    """Return the folder with the converted weights, beside the published ones; made whole or not at all."""
    target = config.path / _FOLDER
    if (target / "model.bin").is_file():
        return target
    converters, transformers = extra_modules("ctranslate2", "ctranslate2.converters", "transformers")
    transformers.utils.logging.disable_progress_bar()
    scratch = Path(tempfile.mkdtemp(prefix=f".{_FOLDER}-", dir=config.path))
    try:
        _convert(converters, config, scratch)
        scratch.rename(target)
    except OSError:
        if not (target / "model.bin").is_file():  # else another process was faster
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _convert(converters: ModuleType, config: ModelConfig, folder: Path) -> None:
    try:
        converter = converters.TransformersConverter(str(config.path), low_cpu_mem_usage=True)
        converter.convert(str(folder), quantization=_WEIGHTS, force=True)
    except (ValueError, KeyError, AttributeError, RuntimeError, TypeError) as problem:
        raise BadModelFileError(
            f"CTranslate2 cannot convert {config.id!r} ({str(problem)[:300]}): serve it with 'transformers', or "
            "convert it to GGUF."
        ) from None


def _check(model: str, request: GenerateRequest) -> None:
    """Refuse what would be ignored otherwise."""
    other = "serve the model with 'transformers' or 'vllm', or convert it to GGUF"
    if request.response_schema is not None:
        raise InvalidRequestError(
            f"{model!r} runs on CTranslate2, which cannot keep to a schema: {other}.", param="response_format"
        )
    if request.tools and request.tool_choice != "none":
        raise InvalidRequestError(f"{model!r} runs on CTranslate2, which cannot call tools: {other}.", param="tools")
    if request.sampling.seed is not None and request.sampling.temperature > 0:
        raise InvalidRequestError(
            f"{model!r} runs on CTranslate2, which draws differently every time: leave the seed out, set the "
            f"temperature to 0, or {other}.",
            param="seed",
        )
    usual = SamplingParams()
    for name in _UNKNOWN:
        value = getattr(request.sampling, name)
        if value != getattr(usual, name):
            raise InvalidRequestError(
                f"{model!r} runs on CTranslate2, which knows no {name} (given: {value!r}): leave it out, or {other}.",
                param=name,
            )
