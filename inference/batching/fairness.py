"""Virtual token counters: what every tenant has received, so that the one who received least goes first.

After "Fairness in Serving Large Language Models" (arXiv 2401.00588): work-conserving, and two tenants that both have
work all the time differ by no more than a constant, however much one of them asks for.
"""

_INPUT_WEIGHT = 1
_OUTPUT_WEIGHT = 4
TOLERANCE = 1024  # weighted tokens; nearer tenants count as equal, so that the length of their work decides


class TokenCounters:
    """One counter per tenant with work."""

    def __init__(self) -> None:
        self._counters: dict[str, float] = {}
        self._sequences: dict[str, int] = {}  # of the tenants with work
        self._floor = 0.0  # no tenant with work is below; it never falls

    def counter(self, tenant: str) -> float:
        return self._counters.get(tenant, 0.0)

    def arrive(self, tenant: str) -> None:
        """Count a sequence; a tenant that had no work is lifted, so that nobody saves up credit while idle."""
        if tenant not in self._sequences:
            self._sequences[tenant] = 0
            self._counters[tenant] = max(self.counter(tenant), self._lowest())
        self._sequences[tenant] += 1

    def leave(self, tenant: str) -> None:
        self._sequences[tenant] -= 1
        if self._sequences[tenant] == 0:
            self._floor = self._lowest()
            del self._sequences[tenant]
            # A counter at or below the floor says nothing that the floor does not say.
            self._counters = {t: c for t, c in self._counters.items() if t in self._sequences or c > self._floor}

    def charge(self, tenant: str, prefilled: int, generated: int) -> None:
        self._counters[tenant] += _INPUT_WEIGHT * prefilled + _OUTPUT_WEIGHT * generated

    def rank(self, tenant: str) -> int:
        """Return how many tolerances a tenant is ahead of the one that received least."""
        if len(self._sequences) == 1:
            return 0
        return int((self._counters[tenant] - self._lowest()) // TOLERANCE)

    def _lowest(self) -> float:
        active = [self._counters[tenant] for tenant, count in self._sequences.items() if count]
        return max(self._floor, min(active)) if active else self._floor
