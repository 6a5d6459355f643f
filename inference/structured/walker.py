"""Follows a grammar byte by byte beside the matcher, and knows a short way to its end from everywhere."""

from dataclasses import dataclass

from inference.errors import InvalidRequestError
from inference.structured.grammar import (
    DEAD,
    Alt,
    Literal,
    Node,
    Pattern,
    Repeat,
    Rule,
    Seq,
    Text,
    nodes_of,
    rules_of,
)
from inference.structured.vocabulary import Vocabulary

_FAR = 10**9
_MAX_SHORTEST = 2_048  # tokens; the way to the end is looked for in the engine thread
_MAX_PLACES = 2000  # as llguidance's own limit of a row

_Terminal = Literal | Pattern | Text


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    """A list of what is still to come: `node`, then `rest`. `cost` tokens suffice for all of it."""

    node: Node
    rest: "_Cell | None"
    cost: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the text one reading of it stands: in `state` of `terminal`, with `rest` behind it."""

    terminal: _Terminal
    state: int
    rest: _Cell | None


@dataclass(frozen=True, slots=True)
class Walk:
    """Every reading of a text so far. `is_whole`: it may end here."""

    places: tuple[_Place, ...]
    is_whole: bool


class Walker:
    """The grammar with a vocabulary's costs: how many tokens lead to the end at most."""

    def __init__(self, root: Node, vocabulary: Vocabulary) -> None:
        self._root = root
        self._vocabulary = vocabulary
        self._costs: dict[int, int] = {}
        self._endings: dict[tuple[int, int], int] = {}
        self._weigh(root)
        self._growth, self._inner = self._most_growth()
        self.start = self._settle(self._cell(root, None))

    def advance(self, walk: Walk, piece: bytes) -> Walk | None:
        """Return where `piece` leads, or None when it does not fit."""
        for byte in piece:
            places: dict[_Place, None] = {}
            is_whole = False
            for place in walk.places:
                state = place.terminal.step(place.state, byte)
                if state == DEAD:
                    continue
                places[_Place(place.terminal, state, place.rest)] = None
                if place.terminal.is_final(state):
                    following = self._settle(place.rest)
                    places.update(dict.fromkeys(following.places))
                    is_whole |= following.is_whole
            if not places or len(places) > _MAX_PLACES:
                return None
            walk = Walk(tuple(places), is_whole)
        return walk

    def bound(self, walk: Walk) -> int:
        """Return a number of tokens that suffices to end."""
        return 0 if walk.is_whole else min(map(self._cost_of_place, walk.places))

    def reach(self, walk: Walk) -> int:
        """Return a number of tokens that suffices to end any of the readings."""
        return max(map(self._cost_of_place, walk.places), default=0)

    def calm(self, walk: Walk, remaining: int) -> int | None:
        """Return how many structural characters a token may have and leave enough for any end; None: not even none.

        A token with k of them begins at most 2k + 1 terminals; before each, and before the first of what is behind
        them, the dearest choice instead of the cheapest costs `_growth`. Within the last terminal: `_inner`.
        """
        spare = remaining - 1 - self.reach(walk) - self._inner
        if spare < 2 * self._growth:
            return None
        return (spare // max(1, self._growth) - 2) // 2

    def is_inside_text(self, walk: Walk) -> bool:
        """Inside one string and nothing else, between two characters."""
        if len(walk.places) != 1:
            return False
        terminal, state = walk.places[0].terminal, walk.places[0].state
        return isinstance(terminal, Text) and terminal.is_between(state)

    def ending(self, walk: Walk) -> bytes:
        """Return a short text that ends it."""
        if walk.is_whole:
            return b""
        place = min(walk.places, key=self._cost_of_place)
        written = [place.terminal.ending(place.state)]
        stack: list[Node] = []
        cell = place.rest
        while cell is not None:
            stack.append(cell.node)
            while stack:
                self._write_shortest(stack.pop(), stack, written)
            cell = cell.rest
        return b"".join(written)

    def _write_shortest(self, node: Node, stack: list[Node], written: list[bytes]) -> None:
        match node:
            case Literal() | Pattern() | Text():
                written.append(node.ending(node.start))
            case Seq(parts):
                stack.extend(reversed(parts))
            case Alt(options):
                stack.append(min(options, key=self._cost))
            case Repeat(part, least):
                stack.extend([part] * least)
            case Rule(body):
                assert body is not None
                stack.append(body)

    def _cost_of_place(self, place: _Place) -> int:
        rest = place.rest.cost if place.rest is not None else 0
        return self._cost_of_ending(place.terminal, place.state) + rest

    def _cost_of_ending(self, terminal: _Terminal, state: int) -> int:
        key = (id(terminal), state)
        known = self._endings.get(key)
        if known is None:
            known = self._endings[key] = len(self._vocabulary.split(terminal.ending(state)))
        return known

    def _cell(self, node: Node, rest: _Cell | None) -> _Cell:
        return _Cell(node, rest, self._cost(node) + (rest.cost if rest is not None else 0))

    def _settle(self, cell: _Cell | None) -> Walk:  # noqa: C901  # one case per kind of node
        """Return the terminals that may come first in `cell`."""
        places: list[_Place] = []
        is_whole = False
        stack = [cell]
        while stack:
            top = stack.pop()
            if top is None:
                is_whole = True
                continue
            rest = top.rest
            match top.node:
                case Literal() | Pattern() | Text() as terminal:
                    places.append(_Place(terminal, terminal.start, rest))
                case Seq(parts):
                    for part in reversed(parts):
                        rest = self._cell(part, rest)
                    stack.append(rest)
                case Alt(options):
                    stack.extend(self._cell(option, rest) for option in reversed(options))
                case Repeat(part, least, most) as repeat:
                    if most != 0:
                        stack.append(self._cell(part, self._cell(repeat.tail, rest)))
                    if least == 0:
                        stack.append(rest)
                case Rule(body):
                    assert body is not None
                    stack.append(self._cell(body, rest))
        return Walk(tuple(places), is_whole)

    def _weigh(self, root: Node) -> None:
        """Find the cheapest text of every rule: costs only fall until nothing changes."""
        rules = rules_of(root)
        for rule in rules:
            self._costs[id(rule)] = _FAR
        changed = True
        while changed:
            changed = False
            for rule in rules:
                assert rule.body is not None
                cost = min(_FAR, self._sum(rule.body))
                if cost < self._costs[id(rule)]:
                    self._costs[id(rule)] = cost
                    changed = True
        if self._cost(root) >= _FAR:
            raise InvalidRequestError(
                "The schema has no finite value: it requires itself. Make the recursion optional.",
                param="response_format",
            )
        dearest = max((cost for cost in self._costs.values() if cost < _FAR), default=0)
        if max(dearest, self._cost(root)) > _MAX_SHORTEST:
            raise InvalidRequestError(
                f"The schema has a part of which even the shortest value takes more than {_MAX_SHORTEST} tokens: "
                "lower its 'minItems' and 'minLength'.",
                param="response_format",
            )

    def _cost(self, node: Node) -> int:
        known = self._costs.get(id(node))
        return self._sum(node) if known is None else known

    def _sum(self, node: Node) -> int:
        match node:
            case Literal() | Pattern() | Text():
                return self._cost_of_ending(node, node.start)
            case Seq(parts):
                return sum(map(self._cost, parts))
            case Alt(options):
                return min(map(self._cost, options))
            case Repeat(part, least):
                return least * self._cost(part) if least else 0
            case Rule():
                return self._costs[id(node)]

    def _most_growth(self) -> tuple[int, int]:
        """Return what a choice costs at most above the cheapest, and the dearest rest of any terminal."""
        growths: dict[int, int] = {}
        inner = 0
        for node in nodes_of(self._root):
            self._measure(node, growths)
            if isinstance(node, Literal | Pattern | Text):
                inner = max(inner, node.longest_ending)
        return max(growths.values(), default=0), inner

    def _measure(self, root: Node, growths: dict[int, int]) -> None:
        """Fill in the growth of `root` and of everything it may begin with, innermost first."""
        stack: list[tuple[Node, bool]] = [(root, False)]
        open_: set[int] = set()
        while stack:
            node, is_ready = stack.pop()
            if is_ready:
                growths[id(node)] = self._growth_of(node, growths)
                open_.discard(id(node))
            elif id(node) in open_:
                raise InvalidRequestError("The schema's '$ref' leads to itself only.", param="response_format")
            elif id(node) not in growths:
                open_.add(id(node))
                stack.append((node, True))
                stack.extend((part, False) for part in self._beginnings(node))

    def _beginnings(self, node: Node) -> tuple[Node, ...]:
        match node:
            case Seq(parts):
                end = next((i for i, part in enumerate(parts) if self._cost(part)), len(parts))
                return parts[: end + 1]
            case Alt(options):
                return options
            case Repeat(part):
                return (part,)
            case Rule(body) if body is not None:
                return (body,)
            case _:
                return ()

    def _growth_of(self, node: Node, growths: dict[int, int]) -> int:
        parts = self._beginnings(node)
        match node:
            case Alt():
                return max(self._cost(part) + growths[id(part)] for part in parts) - self._cost(node)
            case Repeat(part, 0):
                return growths[id(part)] + self._cost(part)
            case _:
                return max((growths[id(part)] for part in parts), default=0)
