"""Tokens a second of eight streams at once, with the adapter and without."""

import time

from backend.cli.benches.skills.asking import AT_ONCE, Asker, each
from inference.types import GenerateRequest, SamplingParams

TOKENS = 128
PROMPT = "Number {number}. The harbour of the old town lies"


async def tokens_per_s(asker: Asker) -> float:
    """Let eight streams run at once to their last token."""
    sampling = SamplingParams(temperature=0.0, max_tokens=TOKENS, ignore_eos=True)

    async def one(number: int) -> int:
        request = GenerateRequest(asker.info.id, prompt=PROMPT.format(number=number), sampling=sampling)
        spent = [delta.usage.completion_tokens async for delta in asker.generate(request) if delta.usage]
        return sum(spent)

    started = time.perf_counter()
    made = await each(range(AT_ONCE), one)
    return sum(made) / (time.perf_counter() - started)
