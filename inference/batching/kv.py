"""The account of KV cache cells: reserved before they are needed, so that a running generation never runs out."""

_AHEAD_TOKENS = 256  # reserved for the answer at admission; longer answers grow
_GROWTH_TOKENS = 128


class KvAccount:
    """Reserves cells of one unified cache for sequences.  Invariant: sum(reserved) <= total."""

    def __init__(self, total_tokens: int) -> None:
        self.total = total_tokens
        self._reserved: dict[int, int] = {}

    @property
    def free(self) -> int:
        return self.total - sum(self._reserved.values())

    def reserved(self, sequence_id: int) -> int:
        return self._reserved.get(sequence_id, 0)

    def can_admit(self, tokens: int, remaining: int) -> bool:
        """Say whether a sequence of `tokens` that may grow by `remaining` can start now."""
        return _first_reservation(tokens, remaining) <= self.free

    def admit(self, sequence_id: int, tokens: int, remaining: int) -> None:
        assert sequence_id not in self._reserved and self.can_admit(tokens, remaining)
        self._reserved[sequence_id] = _first_reservation(tokens, remaining)

    def can_hold(self, sequence_id: int, tokens: int) -> bool:
        """Say whether `tokens` fit into what is reserved already."""
        return tokens <= self.reserved(sequence_id)

    def grow(self, sequence_id: int, tokens: int, remaining: int) -> bool:
        """Extend a reservation so that it holds `tokens` and some more; False, and nothing changed, without room."""
        wanted = tokens + min(_GROWTH_TOKENS, remaining)
        free_or_mine = self.free + self._reserved[sequence_id]
        if tokens > free_or_mine:
            return False
        self._reserved[sequence_id] = min(wanted, free_or_mine)
        return True

    def release(self, sequence_id: int) -> None:
        self._reserved.pop(sequence_id, None)


def _first_reservation(tokens: int, remaining: int) -> int:
    return tokens + min(_AHEAD_TOKENS, remaining)
