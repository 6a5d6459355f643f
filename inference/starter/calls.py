"""Calls of tools: one, several at once, one after another, and none where none fits; as functions and as ReAct."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from inference.starter.built_in import (
    CALCULATOR,
    CURRENT_TIME,
    KNOWLEDGE_SEARCH,
    search_request,
    sum_request,
    time_request,
)
from inference.starter.formats import REACT_KNOWN, react_step, react_system
from inference.starter.samples import Group, Sample
from inference.starter.sources import Request, Skill, Source, Talk
from inference.starter.varied import Names, varied
from inference.types import Message, ToolCall, ToolSpec

MOST_TOOLS = 8
BRANCHES = (6, 10)
_OWN = 0.2
"""So often each of the platform's own tools is offered."""
_VARIED = 0.6
"""So often a call gets other values than were written for it; it then ends with the call: its result is not known."""
PROMPTS = (
    "",
    "You are a helpful assistant.",
    "You are an agent with tools. Call them when they help; otherwise just answer.",
    "Use the tools to serve the user. Do not guess what a tool can tell you.",
    "You are the assistant of a busy office.",
    "Be brief.",
)
NONE_FITS = "I have no tool that can do that."
_JOINED = ("{0} {1}", "{0} Also, {1}", "{0} And then: {1}", "Two things: {0} {1}")


@dataclass(frozen=True, slots=True)
class Wish:
    """A request and the tool that serves it."""

    tool: ToolSpec
    request: Request


@dataclass(frozen=True, slots=True)
class Bench:
    """What samples are drawn from."""

    skills: tuple[Skill, ...]
    sources: tuple[Source, ...]
    talks: tuple[Talk, ...]
    names: Names

    def offered(self, random: Random, most: int = MOST_TOOLS) -> tuple[ToolSpec, ...]:
        """Return tools in any order: the platform's own and others, no name twice."""
        count = random.choices(range(1, most + 1), [6, 5, 4, 4, 3, 2, 2, 2][:most])[0]
        own = [tool for tool in (CALCULATOR, CURRENT_TIME, KNOWLEDGE_SEARCH) if random.random() < _OWN]
        tools = [*own, *(skill.tool for skill in random.sample(self.skills, count))][:count]
        return tuple(random.sample(tools, len(tools)))

    def wish(self, random: Random, tools: Sequence[ToolSpec]) -> Wish:
        """Return a request that one of the tools serves."""
        tool = random.choice(tools)
        match tool.name:
            case CALCULATOR.name:
                return Wish(tool, sum_request(random))
            case CURRENT_TIME.name:
                return Wish(tool, time_request(random))
            case KNOWLEDGE_SEARCH.name:
                return Wish(tool, search_request(random, self.sources))
        return Wish(tool, random.choice(self.skill(tool).requests))

    def with_other_values(self, random: Random, wish: Wish) -> Wish | None:
        """Return the wish with other numbers, dates and names, or None, mostly by chance."""
        if random.random() >= _VARIED:
            return None
        request = varied(random, wish.request, wish.tool.parameters, self.names)
        return None if request is None else Wish(wish.tool, request)

    def skill(self, tool: ToolSpec) -> Skill:
        """Return the skill of a tool that is not the platform's own."""
        return next(skill for skill in self.skills if skill.tool.name == tool.name)


def called(random: Random, bench: Bench) -> Group:
    """Return conversations with function calls, all with the same tools."""
    tools, prompt = bench.offered(random), random.choice(PROMPTS)
    said = (_conversation(random, bench, tools) for _ in range(random.randint(*BRANCHES)))
    before = (Message("system", prompt),) if prompt else ()
    return tuple({messages: Sample(kind, (*before, *messages), tools) for kind, messages in said}.values())


def reacted(random: Random, bench: Bench) -> Group:
    """Return conversations in which an agent with the same tools thinks, acts and observes."""
    tools = bench.offered(random, most=5)
    system = Message("system", react_system(random.choice(PROMPTS), tools))
    return tuple(_reacted(random, bench, tools, system) for _ in range(random.randint(4, 7)))


def _reacted(random: Random, bench: Bench, tools: Sequence[ToolSpec], system: Message) -> Sample:
    wishes = [bench.wish(random, tools)]
    if other := bench.with_other_values(random, wishes[0]):
        return Sample("react", (system, Message("user", other.request.ask), _step(other)))
    if len(tools) > 1 and random.random() < 0.35:
        wishes.append(_another(random, bench, wishes[0], tools))
    ask = wishes[0].request.ask if len(wishes) == 1 else _joined(random, *wishes)
    said = [system, Message("user", ask)]
    for wish in wishes:
        said += [_step(wish), Message("user", f"Observation: {wish.request.result}")]
    said.append(Message("assistant", REACT_KNOWN + " ".join(wish.request.answer for wish in wishes)))
    return Sample("react", tuple(said))


def _step(wish: Wish) -> Message:
    name = wish.tool.name
    return Message("assistant", react_step(f"I need to use {name}.", name, dict(wish.request.arguments)))


def _conversation(random: Random, bench: Bench, tools: Sequence[ToolSpec]) -> tuple[str, tuple[Message, ...]]:
    """Return the kind of a conversation, and what is said in it."""
    kinds = {"call": 52, "parallel": 14, "successive": 8, "later": 8, "unfit": 6, "missing": 5, "idle": 7}
    [kind] = random.choices(list(kinds), list(kinds.values()))
    if kind == "idle":
        talk = random.choice([talk for talk in bench.talks if talk.kind in ("chat", "identity")])
        return "no_call", tuple(message for message in talk.messages if message.role != "system")
    if kind in ("unfit", "missing") and (refused := _unfit(random, bench, tools, kind)):
        return "no_call", (Message("user", refused), Message("assistant", NONE_FITS))
    first = bench.wish(random, tools)
    if kind not in ("parallel", "successive", "later") or len(tools) == 1:
        other = bench.with_other_values(random, first)
        return "call", (Message("user", other.request.ask), _calls(other)) if other else _whole(first)
    second = _another(random, bench, first, tools)
    ask = Message("user", _joined(random, first, second))
    match kind:
        case "parallel":
            return kind, (ask, _calls(first, second), *_results(first, second), _told(first, second))
        case "successive":
            steps = (_calls(first), *_results(first), _calls(second), *_results(second))
            return kind, (ask, *steps, _told(first, second))
    return kind, (*_whole(first), *_whole(second))


def _unfit(random: Random, bench: Bench, tools: Sequence[ToolSpec], kind: str) -> str | None:
    """Return a request that none of the tools serves: near one of them, or of a tool that is not offered."""
    own = {CALCULATOR.name, CURRENT_TIME.name, KNOWLEDGE_SEARCH.name}
    offered = {tool.name for tool in tools}
    if kind == "missing":
        skill = random.choice([skill for skill in bench.skills if skill.tool.name not in offered])
        # What a search could find is looked for, not refused.
        return None if KNOWLEDGE_SEARCH.name in offered else random.choice(skill.requests).ask
    near = [ask for tool in tools if tool.name not in own for ask in bench.skill(tool).unfit]
    return random.choice(near) if near else None


def _another(random: Random, bench: Bench, first: Wish, tools: Sequence[ToolSpec]) -> Wish:
    return bench.wish(random, [tool for tool in tools if tool.name != first.tool.name])


def _joined(random: Random, first: Wish, second: Wish) -> str:
    return random.choice(_JOINED).format(first.request.ask, second.request.ask)


def _calls(*wishes: Wish) -> Message:
    calls = tuple(
        ToolCall(f"call_{number}", wish.tool.name, json.dumps(dict(wish.request.arguments), ensure_ascii=False))
        for number, wish in enumerate(wishes)
    )
    return Message("assistant", "", tool_calls=calls)


def _results(*wishes: Wish) -> tuple[Message, ...]:
    said = enumerate(wish.request.result for wish in wishes)
    return tuple(Message("tool", result, tool_call_id=f"call_{number}") for number, result in said)


def _told(*wishes: Wish) -> Message:
    return Message("assistant", " ".join(wish.request.answer for wish in wishes))


def _whole(wish: Wish) -> tuple[Message, ...]:
    return (Message("user", wish.request.ask), _calls(wish), *_results(wish), _told(wish))
