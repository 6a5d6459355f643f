"""W2: what a shared beginning of 1,500 tokens saves, as time to first token of one client."""

from dataclasses import dataclass

from backend.cli.benches.serve.chat import completion
from backend.cli.benches.serve.figures import Timing
from backend.cli.benches.serve.loads import Shape
from backend.cli.benches.serve.prompts import Prompts
from backend.cli.benches.serve.wire import Ask, Target, timed

SHARED_TOKENS = 1500
PRIVATE = Shape(300, 8)


@dataclass(frozen=True)
class RagRound:
    """A first question about some passages, and those that follow about the same ones."""

    cold: Timing
    warm: tuple[Timing, ...]


async def rag_round(target: Target, prompts: Prompts, number: int, questions: int = 3) -> RagRound:
    """Ask `questions` more about the same passages; a new salt and new passages make each round's first one cold."""
    shared = prompts.draw(SHARED_TOKENS)
    asked = [
        _about(shared, completion(prompts, PRIVATE, seed, cache_salt=f"round {number}"))
        for seed in range(questions + 1)
    ]
    cold, *warm = [await timed(target, ask) for ask in asked]
    return RagRound(cold, tuple(warm))


def _about(shared: str, ask: Ask) -> Ask:
    return Ask(ask.route, {**ask.body, "prompt": f"{shared}{ask.body['prompt']}"})
