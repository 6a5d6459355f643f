"""Function calls: the right tool with the right arguments, and none where none fits."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from backend.cli.benches.skills.asking import Asker, Said, each
from inference.starter.call_cases import CallCase, idle_cases, is_right, names_right

Ask = Callable[[CallCase], Awaitable[Said]]


@dataclass(frozen=True)
class Calls:
    """Shares of the cases: the right tool, and the whole call right; `free` without a grammar."""

    named: float
    whole: float
    named_free: float
    whole_free: float


async def calls(asker: Asker, cases: Sequence[CallCase]) -> Calls:
    """Ask for calls with grammars and without."""

    async def free(case: CallCase) -> Said:
        return await asker.ask_freely(case.messages, case.tools)

    async def ruled(case: CallCase) -> Said:
        return await asker.ask(case.messages, case.tools)

    told, told_freely = await each(cases, ruled), await each(cases, free)
    return Calls(*_shares(cases, told), *_shares(cases, told_freely))


async def idle(asker: Asker, seed: int) -> float:
    """Return the share of requests that no tool serves for which none was called."""
    told = await each(idle_cases(seed), lambda case: asker.ask(*case))
    return sum(not said.calls for said in told) / len(told)


def _shares(cases: Sequence[CallCase], told: Sequence[Said]) -> tuple[float, float]:
    pairs = list(zip(cases, told, strict=True))
    named = sum(names_right(case, said.calls) for case, said in pairs)
    return named / len(pairs), sum(is_right(case, said.calls) for case, said in pairs) / len(pairs)
