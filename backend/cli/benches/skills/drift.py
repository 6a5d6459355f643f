"""How far free chat moved: how likely each model finds what the base model answers greedily."""

import json
import math
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from backend.cli.benches.skills.asking import Asker, each
from inference.chat_template import ChatTemplate, Conversation
from inference.engines.llama_adapters import LlamaAdapters
from inference.quantization.loaded import Loaded
from inference.quantization.measure import normalized
from inference.starter.sources import DATA
from inference.types import Message

_ROWS = 512


async def answers(asker: Asker) -> list[tuple[str, str]]:
    """Return plain questions with the model's greedy answers."""
    asks = [str(json.loads(line)["ask"]) for line in (DATA / "chats-held.jsonl").read_text("utf-8").splitlines()]
    said = await each(asks, lambda ask: asker.ask([Message("user", ask)]))
    return [(ask, one.text) for ask, one in zip(asks, said, strict=True)]


def perplexities(file: Path, adapter: Path, template: ChatTemplate, talks: Sequence[tuple[str, str]]) -> list[float]:
    """Return the perplexity of the answers for the model as it is, and with the adapter."""
    with closing(Loaded(file)) as loaded:
        adapters = LlamaAdapters(loaded.model, (("starter", adapter),))
        found = []
        with loaded.context(rows=_ROWS, outputs=_ROWS) as context:
            for name in (None, "starter"):
                context.use_adapter(adapters, name)
                losses: list[float] = []
                for ask, said in talks:
                    prompt = template.render(Conversation((Message("user", ask),)))
                    before = loaded.model.tokenize(prompt, special=True)
                    tokens = np.array([*before, *loaded.model.tokenize(said, special=False)][:_ROWS], np.int32)
                    count = len(tokens) - len(before)
                    context.run(tokens, outputs=count + 1)
                    logs = normalized(context.logits(count + 1)[:-1].copy())
                    losses += (-logs[np.arange(count), tokens[len(before) :]]).tolist()
                found.append(math.exp(sum(losses) / len(losses)))
    return found
