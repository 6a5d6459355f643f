"""`bench skills`: what the embedded model can do with the starter adapter beside the model as it came."""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

from backend.cli.benches.retrieval.corpus import Labelled, labelled_sets
from backend.cli.benches.serve.servers import model_file, ours
from backend.cli.benches.skills.agents import finishes
from backend.cli.benches.skills.asking import Asker, asking, each
from backend.cli.benches.skills.calling import calls, idle
from backend.cli.benches.skills.drift import answers, perplexities
from backend.cli.benches.skills.grounding import Asked, asked_of, verdicts
from backend.cli.benches.skills.speed import tokens_per_s
from backend.cli.benches.table import Row, report
from backend.cli.errors import CommandError
from backend.cli.screen import say
from backend.embedded.home import REPOSITORY, Home
from inference.chat_template import ChatTemplate
from inference.config import CHAT_MODEL, CHAT_MODEL_BASE, starter_file
from inference.starter.call_cases import PUBLIC, own_cases, public_cases
from inference.starter.evaluation import tasks
from inference.starter.template import template_of

DATA = REPOSITORY.parent / "shared" / "data" / "retrieval"
OFFERED = {"one": 1, "eight": 8}
STRATEGIES = ("react", "function_calling")
Shares = dict[str, float]
"""What was measured, by its name."""


@dataclass(frozen=True)
class Size:
    """How much is asked; the worst of the seeds counts, for the model as it came the first alone."""

    seeds: tuple[int, ...]
    questions: int
    foreign: int
    calls: int
    tasks: int


@dataclass(frozen=True)
class Material:
    """What others made to measure with: labelled questions by the set's name, and public cases of calls."""

    sets: dict[str, tuple[Path, Labelled]]
    functions: Path | None


WHOLE = Size((11, 12, 13), 200, 60, 60, 50)
QUICK = Size((11,), 40, 20, 24, 12)
# What must hold: at least for a share that should be high, at most for one that should be low.
AT_LEAST = {
    "gold answer, two passages": 0.65,
    "right citation, two passages": 0.95,
    "gold answer, four retrieved": 0.55,
    "refusal when absent": 0.90,
    "right tool, one offered": 0.97,
    "whole call, one offered": 0.65,
    "right tool, eight offered": 0.85,
    "tasks done, react": 0.85,
    "tasks done, function_calling": 0.85,
}
AT_MOST = {"false refusal, two passages": 0.10}
LEAST_SPEED = 0.85


def skills(
    home: Home, json_file: str | None, *, is_quick: bool = False, data: str | None = None, functions: str | None = None
) -> int:
    """Measure the model with its adapter and without, and print both; 1 when a gate is missed."""
    adapter = starter_file(home.root)
    if adapter is None:
        raise CommandError("there is no starter adapter: `./atelier models train-starter` makes one")
    material = _material(data, functions)
    size = QUICK if is_quick else WHOLE
    with tempfile.TemporaryDirectory(prefix="atelier-skills-") as folder:
        (Path(folder) / "ours" / "models").mkdir(parents=True)
        shutil.copy(adapter, Path(folder) / "ours" / "models" / "starter.gguf")
        with ours(Path(folder)) as server:
            found = asyncio.run(_both(server.target.port, material, size, adapter))
    return report("skills", "the model as it came", _rows(*found), {}, json_file)


def _material(data: str | None, functions: str | None) -> Material:
    sets = {one.name: (folder, one) for folder in _folders(data) for one in labelled_sets(folder)}
    if not sets:
        say("No labelled questions: answers from documents are not measured (--data DIR names where some lie).")
    if functions is None:
        say("No public cases of function calls: only our own are measured (--functions DIR names where some lie).")
    elif not public_cases(Path(functions), 0, offered=1):
        raise CommandError(f"{functions} holds no {PUBLIC} with its answers: unpack the package bfcl-eval there")
    return Material(sets, Path(functions) if functions else None)


def _folders(data: str | None) -> list[Path]:
    return sorted({path.parent for path in (Path(data) if data else DATA).glob("**/queries.jsonl")})


async def _both(port: int, material: Material, size: Size, adapter: Path) -> tuple[Shares, Shares]:
    template = template_of(model_file())
    async with asking(port, CHAT_MODEL, template) as taught, asking(port, CHAT_MODEL_BASE, template) as base:
        ours_found = await _measured(taught, material, size)
        base_found = await _measured(base, material, replace(size, seeds=size.seeds[:1]))
        for _ in range(3):
            for asker, found in ((taught, ours_found), (base, base_found)):
                found["tokens/s, eight streams"] = max(
                    found.get("tokens/s, eight streams", 0.0), await tokens_per_s(asker)
                )
        names = "perplexity of the base's own answers"
        base_found[names], ours_found[names] = await _drift(base, adapter, template)
    return ours_found, base_found


async def _drift(base: Asker, adapter: Path, template: ChatTemplate) -> Sequence[float]:
    return await asyncio.to_thread(perplexities, model_file(), adapter, template, await answers(base))


async def _measured(asker: Asker, material: Material, size: Size) -> Shares:
    """Return the worst share of all seeds for each skill."""
    worst: Shares = {}
    for seed in size.seeds:
        found: Shares = {}
        for name, (folder, labelled) in material.sets.items():
            if name.startswith("xquad"):
                count = size.questions if labelled.language == "en" else size.foreign
                asked = await asked_of(folder, labelled, asker, seed, count)
                found |= await _grounded(asker, asked, seed, labelled.language)
        found |= await _called(asker, seed, size, material.functions)
        for metric, share in found.items():
            pick = max if metric in AT_MOST else min
            worst[metric] = pick(worst.get(metric, share), share)
        say(f"{asker.info.id}, seed {seed}: " + ", ".join(f"{name} {share:.2f}" for name, share in found.items()))
    return worst


async def _grounded(asker: Asker, asked: Asked, seed: int, language: str) -> Shares:
    random = Random(seed)  # noqa: S311  # no secret
    beside = "" if language == "en" else f" ({language})"
    found: Shares = {}
    for others, are_near in (("", False), (", nearest", True)):
        two = await verdicts(asker, asked.cases(2, random, holds_answer=True, are_near=are_near))
        absent = asked.cases(2, random, holds_answer=False, are_near=are_near)
        refused = await verdicts(asker, absent[: len(absent) // 2])
        found |= {
            f"gold answer, two passages{others}": _share([one.answers for one in two]),
            f"right citation, two passages{others}": _share([one.cites for one in two]),
            f"false refusal, two passages{others}": _share([one.refuses for one in two]),
            f"refusal when absent{others}": _share([one.refuses for one in refused]),
        }
    if language == "en":
        four = await verdicts(asker, asked.retrieved(4))
        found["gold answer, four retrieved"] = _share([one.answers for one in four])
    return {f"{name}{beside}": share for name, share in found.items()}


async def _called(asker: Asker, seed: int, size: Size, functions: Path | None) -> Shares:
    found: Shares = {}
    kinds = {", own cases": own_cases} | ({"": partial(public_cases, functions)} if functions else {})
    for kind, cases in kinds.items():
        for offered in ("one", "eight"):
            of = f"{offered} offered{kind}"
            told = await calls(asker, cases(seed, offered=OFFERED[offered])[: size.calls])
            found |= {
                f"right tool, {of}": told.named,
                f"whole call, {of}": told.whole,
                f"right tool, {of}, no grammar": told.named_free,
                f"whole call, {of}, no grammar": told.whole_free,
            }
    found["nothing called where nothing fits"] = await idle(asker, seed)
    chosen = Random(seed).sample(tasks(), size.tasks)  # noqa: S311  # no secret
    for strategy in STRATEGIES:
        done = await each(chosen, partial(finishes, asker, strategy))
        found[f"tasks done, {strategy}"] = _share(done)
    return found


def _share(held: Sequence[bool]) -> float:
    return sum(held) / len(held)


def _rows(found: Shares, base: Shares) -> list[Row]:
    return [_row(metric, value, base.get(metric, 0.0)) for metric, value in found.items()]


def _row(metric: str, value: float, base: float) -> Row:
    if metric in AT_LEAST:
        return Row(metric, value, base, f"≥ {AT_LEAST[metric]:.2f}", value >= AT_LEAST[metric])
    if metric in AT_MOST:
        return Row(metric, value, base, f"≤ {AT_MOST[metric]:.2f}", value <= AT_MOST[metric])
    if metric.startswith("tokens/s"):
        return Row(metric, value, base, f"ratio ≥ {LEAST_SPEED}", value >= LEAST_SPEED * base)
    return Row(metric, value, base, "", True)
