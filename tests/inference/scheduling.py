"""A scheduler with the pretend model and a clock, for the tests of what it promises."""

from inference.batching.scheduler import Limits, Scheduler
from inference.batching.sequence import Batch, Sequence
from inference.types import Priority
from tests.inference.pretending import END, PretendExecutor

KV, ROWS, SLOTS, BATCH = 700, 3, 5, 16
LIMITS = Limits(kv_tokens=KV, max_sequences=ROWS, batch_tokens=BATCH, slots=SLOTS)
PRIORITIES: tuple[Priority, ...] = ("interactive", "workflow", "batch")


class Driver:
    """A scheduler, the pretend model and a clock that steps move on."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.scheduler = Scheduler(limits, end_tokens=frozenset({END}))
        self.executor = PretendExecutor(limits.kv_tokens)
        self.now_s = 0.0
        self.ended: list[Sequence] = []
        self._count = 0

    def add(self, tokens: list[int], max_tokens: int = 10, **more: object) -> Sequence:
        sequence = Sequence(self._count, list(tokens), max_tokens, **more)  # type: ignore[arg-type]  # as given
        self._count += 1
        self.scheduler.add(sequence, self.now_s)
        return sequence

    def step(self, seconds: float = 0.05) -> Batch:
        limits = self.scheduler.limits
        had_work = self.scheduler.has_work
        batch = self.scheduler.schedule(self.now_s)
        assert bool(batch.rows) == had_work, "a step has rows exactly when there is work"
        assert len(batch.rows) <= limits.max_sequences
        assert batch.tokens <= limits.batch_tokens
        assert all(row.size > 0 for row in batch.rows)
        self.executor.move(batch.moves)
        outcomes = self.executor.run(batch.rows, batch.adapter)
        self.now_s += seconds
        for progress in self.scheduler.update(batch.rows, outcomes, self.now_s):
            if progress.finish_reason is not None:
                self.scheduler.finish(progress.sequence)
                self.ended.append(progress.sequence)
        self.scheduler.record(batch, seconds)
        assert self.executor.unique - self._unmoved() == self.scheduler.kv.used, "the account is the cache's"
        return batch

    def run(self, most: int = 20_000) -> int:
        """Make steps until all is done; return how many that took."""
        for count in range(most):
            if not self.scheduler.has_work:
                return count
            self.step()
        raise AssertionError("it does not end")

    def _unmoved(self) -> int:
        """Return the cells that go with the moves which the next step brings."""
        before = self.executor.unique
        self.executor.move(self.scheduler.kv.take_moves())
        return before - self.executor.unique
