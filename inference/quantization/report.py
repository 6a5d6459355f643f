"""What a job found: one row for each type, the recommended one, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

SOURCE = "source"
MAX_PERPLEXITY_LOSS = 0.03
MIN_TOP1_AGREEMENT = 0.9
RULE = (
    f"the smallest file whose perplexity is at most {MAX_PERPLEXITY_LOSS:.0%} above the source's and that agrees with "
    f"it on at least {MIN_TOP1_AGREEMENT:.0%} of the next tokens; where none does, the one that diverges least"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One file. `type` is "source" for what the others are compared with; bytes, tokens per second, seconds.

    Speed and memory of 0 were not measured.
    """

    type: str
    size_bytes: int
    bits_per_weight: float
    perplexity: float
    perplexity_error: float
    kl_mean: float
    kl_p99: float
    top1_agreement: float
    prefill_tokens_s: float
    decode_tokens_s: float
    memory_bytes: int
    quantize_s: float
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """`rows` begin with the source. `text` says what was read, `tokens` how many predictions were scored."""

    model: str
    rows: tuple[Row, ...]
    recommended: str
    reason: str
    text: str
    tokens: int
    calibration: str
    threads: int
    note: str = ""

    def to_json(self) -> dict[str, object]:
        """Return what the API sends."""
        return {**asdict(self), "rows": [asdict(row) for row in self.rows], "rule": RULE}


def recommend(rows: Iterable[Row]) -> tuple[str, str]:
    """Return the recommended type and why, by RULE; two empty texts when there is nothing to choose from."""
    source, *others = rows
    if not others:
        return "", ""
    good = [
        row
        for row in others
        if row.perplexity <= source.perplexity * (1 + MAX_PERPLEXITY_LOSS) and row.top1_agreement >= MIN_TOP1_AGREEMENT
    ]
    if good:
        best = min(good, key=lambda row: row.size_bytes)
        start = "the smallest that stays close to the source"
    else:
        best = min(others, key=lambda row: row.kl_mean)
        start = "none stays within the limits, and this one diverges least"
    change = best.perplexity / source.perplexity - 1
    return best.type, (
        f"{start}: {best.size_bytes / source.size_bytes:.0%} of its size, perplexity {change:+.1%}, "
        f"{best.top1_agreement:.1%} of the next tokens the same{_faster(best, source)}"
    )


def _faster(row: Row, source: Row) -> str:
    return f", {row.decode_tokens_s / source.decode_tokens_s:.2f} times its speed" if source.decode_tokens_s else ""


HEADINGS = ("type", "MB", "bits", "perplexity", "KL", "KL p99", "top 1", "prefill/s", "decode/s", "memory MB")


def table(report: Report) -> list[tuple[str, ...]]:
    """Return the rows as text, in the order of HEADINGS; a star marks the recommended one."""
    return [
        (
            f"{row.type}{' *' if row.type == report.recommended else ''}",
            f"{row.size_bytes / 1e6:.1f}",
            f"{row.bits_per_weight:.2f}",
            f"{row.perplexity:.3f} ± {row.perplexity_error:.2f}",
            f"{row.kl_mean:.4f}",
            f"{row.kl_p99:.3f}",
            f"{row.top1_agreement:.1%}",
            f"{row.prefill_tokens_s:.0f}" if row.prefill_tokens_s else "-",
            f"{row.decode_tokens_s:.0f}" if row.decode_tokens_s else "-",
            f"{row.memory_bytes / 1e6:.0f}" if row.memory_bytes else "-",
        )
        for row in report.rows
    ]


def row_of(values: Mapping[str, object]) -> Row:
    """Return a row that was stored as JSON."""
    return Row(**values)  # type: ignore[arg-type]  # written by us; a wrong type shows in the table
