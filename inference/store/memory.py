"""How much memory a model takes once its context is full, and how much this machine lets models have."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from inference.store.manifest import Manifest

PROCESS_BYTES = 70 * 2**20  # interpreter, libraries and vocabulary of an engine's process, measured with SmolLM2
WORKERS_BYTES = 1_700 * 2**20  # vLLM's processes with torch: an estimate, to be measured
LIBRARIES_BYTES = 450 * 2**20  # a process with torch or CTranslate2 in it: an estimate
_CACHE_BYTES = 2  # f16
_STEP_TOKENS = 256  # ModelConfig.batch_tokens
_BUFFER_ROWS = 2.0  # rows of float32 that live at once during a step, per token of it
_OUTPUT_ROWS = 48  # rows of logits that a context has room for
_BUDGET_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes: the weights (mapped from disk), the cache of a full context, the buffers of a step, the process itself."""

    context_tokens: int
    weights_bytes: int
    cache_bytes: int
    compute_bytes: int
    process_bytes: int = PROCESS_BYTES

    @property
    def total_bytes(self) -> int:
        return self.weights_bytes + self.cache_bytes + self.compute_bytes + self.process_bytes


def estimate(manifest: Manifest, context_tokens: int) -> Estimate:
    """Return what the model takes with a context of so many tokens, full."""
    is_chat = manifest.kind == "chat"
    widest = manifest.buffer_elements
    outputs = _OUTPUT_ROWS * widest * 4 if is_chat else 0
    hidden = min(_STEP_TOKENS, context_tokens) * min(widest, 32_768) * 4 * _BUFFER_ROWS
    return Estimate(
        context_tokens=context_tokens,
        weights_bytes=manifest.parameters * manifest.served_by.parameter_bytes or manifest.size_bytes,
        cache_bytes=manifest.reserved_bytes(context_tokens)
        or (manifest.cache_elements * context_tokens * _CACHE_BYTES if is_chat else 0),
        compute_bytes=int(outputs + hidden),
        process_bytes=_process_bytes(manifest),
    )


def _process_bytes(manifest: Manifest) -> int:
    kind = manifest.served_by
    if kind.has_workers:
        return WORKERS_BYTES
    return LIBRARIES_BYTES if kind.parameter_bytes else PROCESS_BYTES


def machine_bytes() -> int:
    """Return the memory of this machine, or of the container that we run in."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limit = Path(path).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if limit.isdigit():
            total = min(total, int(limit))
    return total


def default_budget_bytes() -> int:
    """Return what models may take when nobody says otherwise: most of the machine."""
    return int(machine_bytes() * _BUDGET_SHARE)


def resident_bytes(pid: int | None) -> int:
    """Return what a process and those it started take now, their share of common pages included; 0 if unknown."""
    folder = Path(f"/proc/{pid}")
    try:
        rollup = (folder / "smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    own = next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    with contextlib.suppress(OSError):  # not every kernel tells, and a process may end meanwhile
        for task in (folder / "task").iterdir():
            own += sum(map(resident_bytes, map(int, (task / "children").read_text(encoding="ascii").split())))
    return own


def available_bytes() -> int:
    """Return what the machine can give without swapping; much where nobody says."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return machine_bytes()
    found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith("kB")}
    return found.get("MemAvailable", machine_bytes())
