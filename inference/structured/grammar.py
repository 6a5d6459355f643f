"""Grammars of JSON-like texts as small trees, and how they are written for llguidance."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from inference.structured.regex import Automaton, Regex, chars, in_json, source

DEAD = -1


class Terminal(Protocol):
    """A piece of text that is matched byte by byte. States are numbers, DEAD where nothing can follow."""

    start: int
    longest_ending: int  # bytes, at most

    @property
    def lark(self) -> str:
        """The same in llguidance's syntax."""
        ...

    def step(self, state: int, byte: int) -> int: ...

    def is_final(self, state: int) -> bool: ...

    def ending(self, state: int) -> bytes:
        """Return a shortest text that leads from `state` to a match."""
        ...


class Literal:
    """Exactly one text. The state is how much of it was read."""

    start = 0

    def __init__(self, text: str) -> None:
        assert text
        self.lark = json.dumps(text, ensure_ascii=False)
        self._bytes = text.encode()
        self.longest_ending = len(self._bytes)

    def step(self, state: int, byte: int) -> int:
        return state + 1 if state < len(self._bytes) and self._bytes[state] == byte else DEAD

    def is_final(self, state: int) -> bool:
        return state == len(self._bytes)

    def ending(self, state: int) -> bytes:
        return self._bytes[state:]


class Pattern:
    """A regex over bytes. Raises TooLargeError where it has more than `most_states` states."""

    def __init__(self, regex: Regex, most_states: int) -> None:
        self._automaton = Automaton(regex, most_states)
        self.lark = f"/{source(regex)}/"
        self.states = self._automaton.states
        self.start = self._automaton.start
        self.step = self._automaton.step
        self.is_final = self._automaton.is_final
        self.ending = self._automaton.ending
        self.longest_ending = self._automaton.longest_ending


_HEX, _OPEN, _BETWEEN, _CLOSED = (b"09", b"AF", b"af"), 0, 1, 31

# Inside a character of a JSON string: phase -> (bytes from, to, next phase), where 1 means that it is complete.
_PHASES: dict[int, tuple[tuple[bytes, int], ...]] = {
    2: ((b'""', 1), (b"\\\\", 1), (b"//", 1), (b"bb", 1), (b"ff", 1), (b"nn", 1), (b"rr", 1), (b"tt", 1), (b"uu", 10)),
    3: ((b"\x80\xbf", 1),),  # one byte of UTF-8 is missing, then two, three
    4: ((b"\x80\xbf", 3),),
    5: ((b"\x80\xbf", 4),),
    6: ((b"\xa0\xbf", 3),),  # after E0, ED, F0 and F4 the second byte is narrowed
    7: ((b"\x80\x9f", 3),),
    8: ((b"\x90\xbf", 4),),
    9: ((b"\x80\x8f", 4),),
    10: ((b"09", 11), (b"AC", 11), (b"EF", 11), (b"ac", 11), (b"ef", 11), (b"DD", 14), (b"dd", 14)),  # after \u
    11: tuple((span, 12) for span in _HEX),
    12: tuple((span, 13) for span in _HEX),
    13: tuple((span, 1) for span in _HEX),
    14: ((b"07", 12), (b"89", 15), (b"AB", 15), (b"ab", 15)),  # \ud8 to \udb begin a pair
    15: tuple((span, 16) for span in _HEX),
    16: tuple((span, 17) for span in _HEX),
    17: ((b"\\\\", 18),),
    18: ((b"uu", 19),),
    19: ((b"DD", 20), (b"dd", 20)),
    20: ((b"CF", 12), (b"cf", 12)),
}
_FIRST: tuple[tuple[bytes, int], ...] = (
    (b"\x20\x21", 1), (b"\x23\x5b", 1), (b"\x5d\x7e", 1), (b"\\\\", 2), (b"\xc2\xdf", 3), (b"\xe0\xe0", 6),
    (b"\xe1\xec", 4), (b"\xed\xed", 7), (b"\xee\xef", 4), (b"\xf0\xf0", 8), (b"\xf1\xf3", 5), (b"\xf4\xf4", 9),
)  # fmt: skip


def _table(spans: tuple[tuple[bytes, int], ...]) -> dict[int, int]:
    return {byte: phase for (low, high), phase in spans for byte in range(low, high + 1)}


_STEPS = {_BETWEEN: _table(_FIRST)} | {phase: _table(spans) for phase, spans in _PHASES.items()}


def _way_out(phase: int) -> bytes:
    written = bytearray()
    while phase != _BETWEEN:
        span, phase = _PHASES[phase][0] if phase != 2 else (b"n", _BETWEEN)
        written.append(span[0])
    return bytes(written)


_WAYS_OUT = {phase: _way_out(phase) for phase in (_BETWEEN, *_PHASES)}
_PLAIN = source(in_json(chars("\x00\U0010ffff")))
_NUMBERED = (
    r"\\u(?:[0-9a-cA-CeEfF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}"
    r"|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
_CHARACTER = f"(?:{_PLAIN}|{_NUMBERED})"


class Text:
    """A JSON string of `least` to `most` characters.

    state = 32 * characters read + phase: 0 before the quote, 1 between characters, 31 closed, others inside one.
    """

    start = _OPEN

    def __init__(self, least: int, most: int) -> None:
        assert 0 <= least <= most
        self._least, self._most = least, most
        self.longest_ending = least + 13  # at most 11 bytes of a pair of numbered characters are still to come
        self.lark = f'/"{_CHARACTER}{{{least},{most}}}"/'

    def step(self, state: int, byte: int) -> int:
        read, phase = divmod(state, 32)
        if byte == 0x22 and phase <= _BETWEEN:
            if phase == _OPEN:
                return _BETWEEN
            return 32 * read + _CLOSED if read >= self._least else DEAD
        if phase in (_OPEN, _CLOSED) or (phase == _BETWEEN and read >= self._most):
            return DEAD
        following = _STEPS[phase].get(byte, DEAD)
        if following == DEAD:
            return DEAD
        return 32 * (read + (following == _BETWEEN)) + following

    def is_between(self, state: int) -> bool:
        """Inside the quotes, where a whole character may come next."""
        return state % 32 == _BETWEEN

    def is_final(self, state: int) -> bool:
        return state % 32 == _CLOSED

    def ending(self, state: int) -> bytes:
        read, phase = divmod(state, 32)
        if phase == _CLOSED:
            return b""
        begun = b'"' if phase == _OPEN else _WAYS_OUT[phase]
        whole = read + (phase > _BETWEEN)
        return begun + b"a" * max(0, self._least - whole) + b'"'


@dataclass(eq=False, slots=True)
class Seq:
    """One part after the other."""

    parts: tuple["Node", ...]


@dataclass(eq=False, slots=True)
class Alt:
    """One of the options."""

    options: tuple["Node", ...]


@dataclass(eq=False, slots=True)
class Repeat:
    """A part, never empty, `least` to `most` times; None is any number."""

    part: "Node"
    least: int
    most: int | None
    _tail: "Repeat | None" = None

    @property
    def tail(self) -> "Repeat":
        """What remains after the part came once."""
        if self._tail is None:
            endless = self.most is None and self.least == 0
            most = None if self.most is None else self.most - 1
            self._tail = self if endless else Repeat(self.part, max(0, self.least - 1), most)
        return self._tail


@dataclass(eq=False, slots=True)
class Rule:
    """A named part, so that it may contain itself; `body` is set once it is known."""

    body: "Node | None" = None


Node = Literal | Pattern | Text | Seq | Alt | Repeat | Rule
EMPTY = Seq(())


@dataclass(slots=True)
class _Writer:
    rules: dict[int, str] = field(default_factory=dict)
    terminals: dict[str, str] = field(default_factory=dict)
    waiting: list[Rule] = field(default_factory=list)

    def write(self, node: Node) -> str:
        match node:
            case Literal():
                return node.lark
            case Pattern() | Text():
                return self.terminals.setdefault(node.lark, f"T{len(self.terminals)}")
            case Seq(parts):
                return "(" + " ".join(map(self.write, parts)) + ")" if parts else '""'
            case Alt(options):
                return "(" + " | ".join(map(self.write, options)) + ")"
            case Repeat(part, least, most):
                return f"({self.write(part)}){{{least},{'' if most is None else most}}}"
            case Rule():
                if id(node) not in self.rules:
                    self.rules[id(node)] = f"r{len(self.rules)}"
                    self.waiting.append(node)
                return self.rules[id(node)]


def lark(root: Node) -> str:
    """Write the grammar in llguidance's syntax."""
    writer = _Writer()
    lines = [f"start: {writer.write(root)}"]
    while writer.waiting:
        rule = writer.waiting.pop()
        assert rule.body is not None
        lines.append(f"{writer.rules[id(rule)]}: {writer.write(rule.body)}")
    lines += [f"{name}: {body}" for body, name in writer.terminals.items()]
    return "\n".join(lines) + "\n"


def nodes_of(root: Node) -> list[Node]:
    """Return every node that can be reached, once each; parts before what they are part of, as far as cycles allow."""
    found: dict[int, Node] = {}
    seen: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            found[id(node)] = node
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((part, False) for part in _children(node))
    return list(found.values())


def rules_of(root: Node) -> list[Rule]:
    return [node for node in nodes_of(root) if isinstance(node, Rule)]


def _children(node: Node) -> Iterator[Node]:
    match node:
        case Seq(parts) | Alt(parts):
            yield from parts
        case Repeat(part):
            yield part
        case Rule(body) if body is not None:
            yield body
