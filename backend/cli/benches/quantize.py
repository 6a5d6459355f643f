"""`bench quantize`: what each type costs and brings against float16, for the embedded chat model."""

import tempfile
import time
from dataclasses import astuple
from pathlib import Path

from backend.cli.benches.table import Row, report
from backend.cli.errors import CommandError
from backend.cli.quantize import noted, report_say
from backend.cli.screen import step
from backend.embedded.home import Home
from inference.config import CHAT_MODEL, builtin_models
from inference.errors import InferenceError
from inference.quantization.job import Plan, run
from inference.quantization.kinds import KINDS

MOST_S = 600.0
LEAST_AGREEMENT = 0.95
BYTES_PER_MB = 1e6


def quantize(home: Home, json_file: str | None) -> int:
    """Quantize to every type, print the table, and return 1 when a gate is missed."""
    source = next(model.path for model in builtin_models(home.root) if model.id == CHAT_MODEL)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="atelier-bench-quantize-") as work:
        plan = Plan(CHAT_MODEL, source, tuple(KINDS), Path(work) / "work", is_calibrated=True, keeps_files=False)
        try:
            with step(f"Quantizing {CHAT_MODEL} to {len(KINDS)} types") as shown:
                found = run(plan, noted(shown))
        except InferenceError as error:
            raise CommandError(error.message) from error
    taken_s = time.monotonic() - started
    report_say(found)
    by_type = {row.type: row for row in found.rows}
    f16, q8, best = by_type["f16"], by_type["q8_0"], by_type[found.recommended]
    rows = [
        Row("all types, s", taken_s, MOST_S, f"at most {MOST_S:.0f} s", taken_s <= MOST_S),
        Row(
            "q8_0: top 1 as the source",
            q8.top1_agreement,
            f16.top1_agreement,
            f"at least {LEAST_AGREEMENT}",
            q8.top1_agreement >= LEAST_AGREEMENT,
        ),
        Row(
            f"{best.type} (recommended), MB",
            best.size_bytes / BYTES_PER_MB,
            f16.size_bytes / BYTES_PER_MB,
            "less than f16",
            best.size_bytes < f16.size_bytes,
        ),
        Row(f"{best.type}: perplexity", best.perplexity, f16.perplexity, "what it costs", True),
        Row(f"{best.type}: decode, tokens/s", best.decode_tokens_s, f16.decode_tokens_s, "what it brings", True),
        Row(f"{best.type}: prefill, tokens/s", best.prefill_tokens_s, f16.prefill_tokens_s, "what it brings", True),
        Row(
            f"{best.type}: memory, MB",
            best.memory_bytes / BYTES_PER_MB,
            f16.memory_bytes / BYTES_PER_MB,
            "what it brings",
            True,
        ),
    ]
    raw = {row.type: [value for value in astuple(row)[1:] if isinstance(value, float | int)] for row in found.rows}
    return report("quantize", "float16", rows, raw, json_file)
