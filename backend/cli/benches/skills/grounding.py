"""Questions about real prose with the passages that retrieval brings: answered, cited, or refused."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from backend.cli.benches.retrieval.corpus import Labelled
from backend.cli.benches.skills.asking import Asker, each
from inference.config import EMBEDDING_MODEL
from inference.starter.evaluation import GroundedCase, GroundedVerdict, grounded_case, judged

_EMBEDDED_AT_ONCE = 32


@dataclass(frozen=True)
class Asked:
    """Questions of a labelled set with gold answers, and for each its passages in the order of likeness."""

    questions: tuple[tuple[str, tuple[str, ...], str], ...]
    near: tuple[tuple[str, ...], ...]
    passages: dict[str, str]

    def cases(self, passages: int, random: Random, *, holds_answer: bool, are_near: bool) -> list[GroundedCase]:
        """Return a case per question: the right passage and others in any order, or only others.

        The others are the nearest to the question, which mostly come from the same article, or any of the set.
        """
        made = []
        for (text, answers, right), near in zip(self.questions, self.near, strict=True):
            found = near if are_near else random.sample(list(self.passages), passages + 1)
            others = [passage for passage in found if passage != right]
            chosen = [right, *others[: passages - 1]] if holds_answer else others[:passages]
            random.shuffle(chosen)
            number = chosen.index(right) + 1 if holds_answer else None
            made.append(grounded_case(text, answers, [self.passages[passage] for passage in chosen], number))
        return made

    def retrieved(self, passages: int) -> list[GroundedCase]:
        """Return a case per question with the nearest passages, best first, whether the right one is there or not."""
        return [
            grounded_case(
                text,
                answers,
                [self.passages[passage] for passage in near[:passages]],
                near.index(right) + 1 if right in near[:passages] else None,
            )
            for (text, answers, right), near in zip(self.questions, self.near, strict=True)
        ]


async def asked_of(folder: Path, labelled: Labelled, asker: Asker, seed: int, count: int) -> Asked:
    """Draw questions of a set whose answers are known, and look up what is near them."""
    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()]
    rows = [row for row in rows if row.get("answers") and row["_id"] in labelled.relevant]
    chosen = Random(seed).sample(rows, min(count, len(rows)))  # noqa: S311  # no secret
    names = list(labelled.passages)
    passages = np.array(await _vectors(asker, [labelled.passages[name] for name in names]))
    asked = np.array(await _vectors(asker, [row["text"] for row in chosen]))
    order = np.argsort(-asked @ passages.T, axis=1)[:, :8]
    return Asked(
        tuple((row["text"], tuple(row["answers"]), next(iter(labelled.relevant[row["_id"]]))) for row in chosen),
        tuple(tuple(names[index] for index in row) for row in order),
        labelled.passages,
    )


async def verdicts(asker: Asker, cases: Sequence[GroundedCase]) -> list[GroundedVerdict]:
    """Ask all cases and judge the answers."""

    async def one(case: GroundedCase) -> GroundedVerdict:
        return judged(case, (await asker.ask(case.messages)).text)

    return await each(cases, one)


async def _vectors(asker: Asker, texts: Sequence[str]) -> list[tuple[float, ...]]:
    parts = [texts[at : at + _EMBEDDED_AT_ONCE] for at in range(0, len(texts), _EMBEDDED_AT_ONCE)]
    made = await each(parts, lambda part: asker.embed(EMBEDDING_MODEL, part))
    return [vector for part in made for vector in part]
