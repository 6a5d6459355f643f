"""What must hold, and the rows of the table that say whether it does. Pure."""

from collections.abc import Sequence

from backend.cli.benches.serve.figures import Timing, middle, paired_ratio, percentile, spread
from backend.cli.benches.serve.jobs import Outcome
from backend.cli.benches.table import Row

SHOWN = "shown, no gate"
CHAT_AGAINST_LOCKED = 1.6
CHAT_AGAINST_SERVER = 1.0
STALL_MS = 300.0
SEQUENCES_PER_STEP = 4.0
PYTHON_SHARE = 5.0  # per cent
WARM_TO_COLD = 0.25
FCFS_TO_OURS = 2.0
GRAMMAR_SPEED = 0.9
BUSY_RATIOS = {"190-token prompts": 1.4, "30-token prompts": 2.0}
# The share of admitted requests whose first token must come in time.
IN_TIME_SHARE = 0.99


def faster(metric: str, ours: Sequence[float], peer: Sequence[float], at_least: float | None) -> Row:
    """Rounds of ours against rounds of a peer, measured in turns; the ratio is the median of the pairs'."""
    ratio = paired_ratio(ours, peer)
    rounds = f"rounds {spread(ours)} / {spread(peer)}"
    if at_least is None:
        return Row(metric, middle(ours), middle(peer), f"{SHOWN}; {rounds}", is_met=True)
    gate = f"at least {at_least} x: {ratio:.2f} x by pairs; {rounds}"
    return Row(metric, middle(ours), middle(peer), gate, ratio >= at_least)


def shown(metric: str, ours: float, peer: float = 0.0, note: str = "") -> Row:
    """A figure without a gate."""
    return Row(metric, ours, peer, f"{SHOWN}{'; ' if note else ''}{note}", is_met=True)


def at_most(metric: str, ours: float, peer: float, limit: float, unit: str) -> Row:
    """A figure of ours that has a limit of its own."""
    return Row(metric, ours, peer, f"at most {limit:g} {unit}", ours <= limit)


def stall(ours: Sequence[float], peer: Sequence[float]) -> Row:
    """The gaps of running streams while a long prompt is computed, in seconds."""
    peer_ms = percentile(peer, 0.99) * 1000 if peer else 0.0
    ours_ms = percentile(ours, 0.99) * 1000 if ours else float("inf")
    return at_most("W1 p99 gap while a 2,000-token prompt arrives, ms", ours_ms, peer_ms, STALL_MS, "ms")


def warm(ours_warm: Sequence[float], ours_cold: Sequence[float]) -> Row:
    """Time to first token with the passages cached, against without; here the peer is ourselves."""
    warm_ms, cold_ms = middle(ours_warm) * 1000, middle(ours_cold) * 1000
    gate = f"warm / cold at most {WARM_TO_COLD}"
    return Row("W2 time to first token, warm / cold, ms", warm_ms, cold_ms, gate, warm_ms <= WARM_TO_COLD * cold_ms)


def jobs(ours: Sequence[Timing], first_come: Sequence[Timing]) -> Row:
    """Mean job completion time of the same trace under our order and first come, first served."""
    metric = "W3 mean job completion time, ours / FCFS, s"
    if not all(timing.is_whole for timing in (*ours, *first_come)):
        return Row(metric, 0.0, 0.0, "every job must come whole", is_met=False)
    mine, theirs = (sum(t.elapsed_s for t in side) / len(side) for side in (ours, first_come))
    gate = f"FCFS / ours at least {FCFS_TO_OURS}: {theirs / mine:.2f}"
    return Row(metric, mine, theirs, gate, theirs / mine >= FCFS_TO_OURS)


def calls(valid: int, asked: int) -> Row:
    """Every call must be valid."""
    return Row("W4 valid calls, %", 100 * valid / asked, 100.0, f"100 %: {valid} of {asked}", valid == asked)


def overloaded(found: Outcome, first_s: Sequence[float], target_s: float, *, survived: bool) -> list[Row]:
    """No crash, no error but a refusal that says when to come again, and the first token of the others in time."""
    sent = found.admitted + found.refused + found.wrong
    late = percentile(first_s, IN_TIME_SHARE) if first_s else float("inf")
    return [
        Row("W5 requests answered / sent", found.admitted, sent, f"{found.refused} refused with 429", is_met=True),
        Row("W5 other errors", found.wrong, 0.0, "none", found.wrong == 0),
        Row("W5 crashes", 0.0 if survived else 1.0, 0.0, "none", survived),
        Row("W5 p99 time to first token of the admitted, s", late, target_s, "within the target", late <= target_s),
    ]
