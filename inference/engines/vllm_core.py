"""The one door to vLLM: its AsyncLLM, asked with plain values; its errors become ours."""

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Protocol

from inference.config import ModelConfig
from inference.engines.vllm_wire import StepStats, engine_arguments, environment_set, has_kernels, weights_check
from inference.errors import EngineDiedError, EngineFailedError, InvalidRequestError


class Logprob(Protocol):
    """vLLM's: of one token."""

    @property
    def logprob(self) -> float: ...


class Completion(Protocol):
    """vLLM's: what one step added to an answer."""

    @property
    def text(self) -> str: ...
    @property
    def token_ids(self) -> Sequence[int]: ...
    @property
    def logprobs(self) -> Sequence[Mapping[int, Logprob]] | None: ...
    @property
    def finish_reason(self) -> str | None: ...


class Output(Protocol):
    """vLLM's: what one step brought for a request."""

    @property
    def outputs(self) -> Sequence[Completion]: ...
    @property
    def num_cached_tokens(self) -> int | None: ...


class Core(Protocol):
    """What VllmChat needs of vLLM."""

    @property
    def vocabulary_size(self) -> int: ...

    @property
    def is_dead(self) -> bool:
        """Whether its processes are gone: then it answers nothing any more."""
        ...

    def encode(self, text: str, *, with_marks: bool) -> list[int]: ...

    def decode(self, tokens: Sequence[int], *, skips_marks: bool) -> str: ...

    def piece(self, token: int) -> bytes:
        """Return the bytes of one token."""
        ...

    def generate(
        self, tokens: list[int], sampling: Mapping[str, object], grammar: str | None, *, name: str, priority: int
    ) -> AsyncGenerator[Output, None]:
        """Yield what each step adds. Closing it ends the generation."""
        ...

    def shutdown(self) -> None:
        """End its processes; blocks for up to 5 s."""
        ...


class VllmCore:
    """Starts vLLM with one model; blocks for a minute or more. Raises EngineFailedError."""

    def __init__(self, config: ModelConfig, stats: StepStats) -> None:
        environment_set()
        try:
            from llguidance.hf import from_tokenizer
            from vllm.engine.arg_utils import AsyncEngineArgs
            from vllm.platforms import current_platform
            from vllm.v1.engine.async_llm import AsyncLLM
        except ImportError as missing:
            raise EngineFailedError(
                f"{config.id!r} is served by vLLM, which is not installed ({missing}): "
                "`./atelier engines install vllm` brings it."
            ) from None
        try:
            is_cpu = bool(current_platform.is_cpu())
            if is_cpu:
                weights_check(config.path, has_kernels=has_kernels())
                # Its processes would compile some kernels at their first use, which takes a minute in a request.
                os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")
            arguments = AsyncEngineArgs(**engine_arguments(config, is_cpu=is_cpu))
            self._engine = AsyncLLM.from_engine_args(arguments, stat_loggers=[lambda *_: stats])
        except (ValueError, RuntimeError, OSError) as problem:
            raise EngineFailedError(f"vLLM cannot load {config.id!r}: {str(problem)[:500]}") from problem
        cache = self._engine.vllm_config.cache_config
        stats.cache_tokens = (cache.num_gpu_blocks or 0) * cache.block_size
        self._tokenizer = self._engine.get_tokenizer()
        self._pieces = from_tokenizer(self._tokenizer)

    @property
    def vocabulary_size(self) -> int:
        return int(self._engine.model_config.get_vocab_size())

    @property
    def is_dead(self) -> bool:
        return bool(self._engine.errored)

    def encode(self, text: str, *, with_marks: bool) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=with_marks))

    def decode(self, tokens: Sequence[int], *, skips_marks: bool) -> str:
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=skips_marks))

    def piece(self, token: int) -> bytes:
        return bytes(self._pieces.decode_bytes([token]))

    async def generate(
        self, tokens: list[int], sampling: Mapping[str, object], grammar: str | None, *, name: str, priority: int
    ) -> AsyncGenerator[Output, None]:
        from vllm import SamplingParams
        from vllm.exceptions import VLLMValidationError
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        obeyed = None if grammar is None else StructuredOutputsParams(grammar=grammar)
        try:
            asked = SamplingParams(output_kind=RequestOutputKind.DELTA, structured_outputs=obeyed, **sampling)
            outputs = self._engine.generate({"prompt_token_ids": tokens}, asked, name, priority=priority)
            try:
                async for output in outputs:
                    yield output
            finally:
                await outputs.aclose()
        except EngineDeadError:
            raise EngineDiedError("vLLM has ended while it worked on this request: it must be loaded anew.") from None
        except EngineGenerateError as problem:
            raise EngineFailedError(f"vLLM failed on this request: {str(problem)[:300]}") from problem
        except (VLLMValidationError, ValueError) as problem:
            raise InvalidRequestError(f"vLLM refuses this request: {str(problem)[:500]}") from None

    def shutdown(self) -> None:
        self._engine.shutdown()
