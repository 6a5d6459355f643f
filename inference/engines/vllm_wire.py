"""What crosses the border to vLLM: how it is started, what a request means there, and what comes back."""

import json
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from inference.config import ModelConfig
from inference.engines.llama_threads import cores_available
from inference.errors import EngineFailedError
from inference.types import EngineStats, FinishReason, GenerateRequest, Priority, TokenChance, TokenLogprob

_PRIORITIES: Final[Mapping[Priority, int]] = {"interactive": 0, "workflow": 1, "batch": 2}
_PACKED = frozenset({"gptq", "awq"})
_STEP_TOKENS = 512  # a longer prompt is read in several steps, between which others get their tokens
_WORKER = "inference.engines.vllm_worker.TiledWorker"


def environment_set() -> None:
    """Set what vLLM reads before it is imported: nothing leaves this machine, and our cores are enough."""
    for name, value in (
        ("VLLM_NO_USAGE_STATS", "1"),
        ("HF_HUB_OFFLINE", "1"),
        ("VLLM_HOST_IP", "127.0.0.1"),  # its processes meet on the loopback interface, the only one they have
        ("VLLM_LOGGING_LEVEL", "WARNING"),
        ("VLLM_CPU_OMP_THREADS_BIND", "nobind"),
        ("OMP_NUM_THREADS", str(cores_available())),
    ):
        os.environ.setdefault(name, value)


def engine_arguments(config: ModelConfig, *, is_cpu: bool) -> dict[str, object]:
    """Return the AsyncEngineArgs of a model. On a processor nothing is compiled: that would take minutes."""
    own: dict[str, object] = {"dtype": "bfloat16", "enforce_eager": True, "worker_extension_cls": _WORKER}
    return {
        "model": str(config.path),
        "served_model_name": config.id,
        "max_model_len": config.context_tokens,
        "max_num_seqs": config.max_sequences,
        "max_num_batched_tokens": max(_STEP_TOKENS, config.max_sequences),
        "kv_cache_memory_bytes": config.cache_bytes or None,
        "scheduling_policy": "priority",
        "logprobs_mode": "raw_logprobs",
        "structured_outputs_config": {"backend": "guidance"},
        "generation_config": "vllm",  # the folder's own defaults would change what a request means
        **(own if is_cpu else {}),
    }


def sampling_of(request: GenerateRequest, *, max_tokens: int, reads_calls: bool) -> dict[str, object]:
    """Return vLLM's SamplingParams, without what is a class of its own there."""
    asked = request.sampling
    return {
        "temperature": asked.temperature,
        "top_p": asked.top_p if asked.top_p > 0 else 1e-6,
        "top_k": asked.top_k,
        "min_p": asked.min_p,
        "presence_penalty": asked.presence_penalty,
        "frequency_penalty": asked.frequency_penalty,
        "repetition_penalty": asked.repeat_penalty,
        "seed": asked.seed,
        "stop": list(asked.stop) or None,
        "max_tokens": max_tokens,
        "logit_bias": dict(asked.logit_bias) or None,
        "logprobs": asked.top_logprobs,
        "ignore_eos": asked.ignore_eos,
        "skip_special_tokens": not reads_calls,  # what opens a call may be one
    }


def priority_of(request: GenerateRequest) -> int:
    return _PRIORITIES[request.priority]


def reason_of(told: str, *, has_calls: bool) -> FinishReason:
    """Return why an answer ended. Raises EngineFailedError when it did not end by itself."""
    match told:
        case "length":
            return "length"
        case "stop" | "repetition":
            return "tool_calls" if has_calls else "stop"
    raise EngineFailedError(f"vLLM ended the answer with {told!r}: see the log, then try again.")


def logprob_of(token: int, found: Mapping[int, float], top: int, pieces: Mapping[int, bytes]) -> TokenLogprob:
    """Return one token's log probability with the likeliest ones; `pieces` are the texts of all in `found`."""
    best = sorted(found, key=lambda one: -found[one])[:top]
    chances = tuple(TokenChance(pieces[one], found[one]) for one in best)
    return TokenLogprob(TokenChance(pieces[token], found[token]), chances)


class StepStats:
    """What vLLM tells after each step; its interface is that of vLLM's StatLoggerBase."""

    def __init__(self) -> None:
        self.cache_tokens = 0
        self._last_s = time.monotonic()
        self._stats = EngineStats()

    def record(
        self, scheduler_stats: object, iteration_stats: object, mm_cache_stats: object = None, engine_idx: int = 0
    ) -> None:
        self._last_s = time.monotonic()
        if scheduler_stats is None:
            return
        old, cache = self._stats, getattr(scheduler_stats, "prefix_cache_stats", None)
        running = int(getattr(scheduler_stats, "num_running_reqs", 0))
        self._stats = EngineStats(
            active=running,
            queued=int(getattr(scheduler_stats, "num_waiting_reqs", 0)),
            kv_used=int(self.cache_tokens * float(getattr(scheduler_stats, "kv_cache_usage", 0.0))),
            kv_total=self.cache_tokens,
            steps=old.steps + 1,
            step_sequences=old.step_sequences + running,
            preemptions=old.preemptions + int(getattr(iteration_stats, "num_preempted_reqs", 0)),
            prompt_tokens=old.prompt_tokens + int(getattr(cache, "queries", 0)),
            prefix_hit_tokens=old.prefix_hit_tokens + int(getattr(cache, "hits", 0)),
        )

    def log(self) -> None:
        """Nothing: the server shows the numbers."""

    def log_engine_initialized(self) -> None:
        """Nothing: the server says so."""

    def record_sleep_state(self, is_awake: int, level: int) -> None:
        """Never asleep."""

    def begin(self) -> None:
        """Note that work begins, so that idle time does not count as a long step."""
        self._last_s = time.monotonic()

    def of(self, outstanding: int) -> EngineStats:
        """Return the numbers while so many requests are not answered."""
        old = self._stats
        return EngineStats(
            active=min(outstanding, old.active) if old.active else outstanding,
            queued=max(0, outstanding - old.active) if old.active else 0,
            kv_used=old.kv_used if outstanding else 0,
            kv_total=self.cache_tokens,
            preemptions=old.preemptions,
            steps=old.steps,
            step_sequences=old.step_sequences,
            prompt_tokens=old.prompt_tokens,
            prefix_hit_tokens=old.prefix_hit_tokens,
            busy_s=time.monotonic() - self._last_s if outstanding else 0.0,
        )


def weights_check(folder: Path, *, has_kernels: bool) -> None:
    """Raise EngineFailedError for weights of 4 bits on a processor for which vLLM has no code to multiply them.

    It would load them, and end at the first request.
    """
    try:
        read = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        rounded = read.get("quantization_config") or {}
        is_packed = rounded.get("quant_method") in _PACKED or rounded.get("format") == "pack-quantized"
    except (OSError, ValueError, AttributeError):
        return  # vLLM says what is wrong with it
    if is_packed and not has_kernels:
        raise EngineFailedError(
            f"The weights of {folder.name!r} are packed in 4 bits, which vLLM computes on GPUs and on processors with "
            "AVX-512, and this one has none: serve it on another machine, or quantize the model to a GGUF here."
        )


def has_kernels() -> bool:
    """Whether vLLM's build for this processor multiplies packed weights: on x86 that is the one for AVX-512."""
    if platform.machine() != "x86_64":
        return True
    try:
        return "avx512f" in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
