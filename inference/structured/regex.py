"""Regular expressions over characters: written for the grammar, and walked byte by byte with the way to their end."""

import threading
from collections import deque
from dataclasses import dataclass

_TOP = 0x10FFFF
_DEAD = -1
_FAVOURITES = b"a0 A_-.:/1"  # what an ending is written with where the choice is free

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of `ranges` of code points, ends included."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Cat:
    """One part after the other; no parts match the empty text."""

    parts: tuple["Regex", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of the options."""

    options: tuple["Regex", ...]


@dataclass(frozen=True, slots=True)
class Times:
    """A part `least` to `most` times; None is any number."""

    part: "Regex"
    least: int
    most: int | None


Regex = Chars | Cat | Or | Times


class TooLargeError(Exception):
    """An automaton would have more states than it may."""


def text(characters: str) -> Cat:
    """Match exactly these characters."""
    return Cat(tuple(Chars(((ord(character), ord(character)),)) for character in characters))


def chars(*spans: str) -> Chars:
    """Match one character of the spans, each written as "a" or "az" (from a to z)."""
    return Chars(tuple((ord(span[0]), ord(span[-1])) for span in spans))


def optional(part: Regex) -> Times:
    return Times(part, 0, 1)


def source(regex: Regex) -> str:
    """Write it in the syntax of llguidance; every character by its number, so that nothing needs escaping."""
    match regex:
        case Chars(ranges):
            return "[" + "".join(_point(low) + ("-" + _point(high) if high > low else "") for low, high in ranges) + "]"
        case Cat(parts):
            return "(?:" + "".join(map(source, parts)) + ")"
        case Or(options):
            return "(?:" + "|".join(map(source, options)) + ")"
        case Times(part, least, most):
            return f"(?:{source(part)}){{{least},{'' if most is None else most}}}"


def _point(code: int) -> str:
    return f"\\x{{{code:x}}}"


def in_json(regex: Regex) -> Regex:
    """Rewrite a regex over characters into one over the characters of a JSON string that spells them."""
    match regex:
        case Chars(ranges):
            plain = _cut(ranges, ((0, 0x1F), (0x22, 0x22), (0x5C, 0x5C), (0x7F, 0x7F), (0xD800, 0xDFFF)))
            escaped = [text("\\" + sign) for code, sign in _ESCAPES if any(low <= code <= high for low, high in ranges)]
            options: list[Regex] = [Chars(plain)] if plain else []
            return Or((*options, *escaped)) if escaped else Chars(plain)
        case Cat(parts):
            return Cat(tuple(map(in_json, parts)))
        case Or(options_):
            return Or(tuple(map(in_json, options_)))
        case Times(part, least, most):
            return Times(in_json(part), least, most)


def quoted(regex: Regex) -> Regex:
    """Return the regex of the JSON strings whose text matches `regex`."""
    return Cat((text('"'), in_json(regex), text('"')))


_ESCAPES = ((0x22, '"'), (0x2F, "/"), (0x5C, "\\"), (0x08, "b"), (0x0C, "f"), (0x0A, "n"), (0x0D, "r"), (0x09, "t"))


def _cut(ranges: Ranges, holes: Ranges) -> Ranges:
    """Return `ranges` without `holes`."""
    left = list(ranges)
    for low, high in holes:
        kept = []
        for start, end in left:
            if start < low:
                kept.append((start, min(end, low - 1)))
            if end > high:
                kept.append((max(start, high + 1), end))
            if end < low or start > high:
                kept = [*dict.fromkeys(kept)]
        left = [span for span in kept if span[0] <= span[1]]
    return tuple(left)


def inverse(ranges: Ranges) -> Ranges:
    """Return every character that is not in `ranges`."""
    return _cut(((0, _TOP),), ranges)


class Automaton:
    """A regex over bytes (UTF-8): deterministic states are made as they are met.

    State -1 is dead. `ending(state)` is a shortest text from there to a match. Thread-safe: sequences that decode and
    requests that are being prepared walk the same one.
    """

    def __init__(self, regex: Regex, most_states: int) -> None:
        self._most_states = most_states
        self._lock = threading.Lock()
        self._moves: list[list[tuple[int, int, int]]] = []  # per NFA state: (low, high, target)
        self._free: list[list[int]] = []  # targets that cost nothing
        first = self._new()
        self._last = self._build(regex, first)
        self._left = self._distances()
        self.longest_ending = max(left for left in self._left if left <= len(self._left))
        self._sets: list[frozenset[int]] = []
        self._numbers: dict[frozenset[int], int] = {}
        self._steps: dict[tuple[int, int], int] = {}
        self.start = self._number({first})

    @property
    def states(self) -> int:
        """How large the regex is: states before they are made deterministic."""
        return len(self._moves)

    def step(self, state: int, byte: int) -> int:
        known = self._steps.get((state, byte))
        if known is None:
            reached = {
                target for one in self._sets[state] for low, high, target in self._moves[one] if low <= byte <= high
            }
            known = self._steps[state, byte] = self._number(reached) if reached else _DEAD
        return known

    def is_final(self, state: int) -> bool:
        return self._last in self._sets[state]

    def ending(self, state: int) -> bytes:
        written = bytearray()
        one = min(self._sets[state], key=self._left.__getitem__)
        while self._left[one]:
            free = next((target for target in self._free[one] if self._left[target] == self._left[one]), None)
            if free is not None:
                one = free
                continue
            low, high, one = next(move for move in self._moves[one] if self._left[move[2]] == self._left[one] - 1)
            written.append(next((byte for byte in _FAVOURITES if low <= byte <= high), low))
        return bytes(written)

    def _number(self, reached: set[int]) -> int:
        stack = list(reached)
        while stack:
            for target in self._free[stack.pop()]:
                if target not in reached:
                    reached.add(target)
                    stack.append(target)
        key = frozenset(reached)
        with self._lock:
            number = self._numbers.get(key)
            if number is None:
                number = self._numbers[key] = len(self._sets)
                self._sets.append(key)
        return number

    def _new(self) -> int:
        if len(self._moves) >= self._most_states:
            raise TooLargeError
        self._moves.append([])
        self._free.append([])
        return len(self._moves) - 1

    def _build(self, regex: Regex, start: int) -> int:
        """Add states that match `regex` from `start` on; return the one behind it."""
        match regex:
            case Chars(ranges):
                end = self._new()
                shared: dict[tuple[tuple[int, int], ...], int] = {(): end}
                for low, high in ranges:
                    for spans in utf8_spans(low, high):
                        self._moves[start].append((*spans[0], self._behind(spans[1:], shared)))
                return end
            case Cat(parts):
                for part in parts:
                    start = self._build(part, start)
                return start
            case Or(options):
                end = self._new()
                for option in options:
                    self._free[self._build(option, start)].append(end)
                return end
            case Times(part, least, most):
                return self._build_times(part, least, most, start)

    def _build_times(self, part: Regex, least: int, most: int | None, start: int) -> int:
        for _ in range(least):
            start = self._build(part, start)
        end = self._new()
        if most is None:
            loop = self._new()
            self._free[start].append(loop)
            self._free[self._build(part, loop)].append(loop)
            self._free[loop].append(end)
            return end
        for _ in range(most - least):
            self._free[start].append(end)
            entry = self._new()  # loops of the part must not lead back to a shared state
            self._free[start].append(entry)
            start = self._build(part, entry)
        self._free[start].append(end)
        return end

    def _behind(self, spans: tuple[tuple[int, int], ...], shared: dict[tuple[tuple[int, int], ...], int]) -> int:
        """Return the state from which `spans` lead to the end of a character; equal ends of characters share theirs."""
        state = shared.get(spans)
        if state is None:
            state = shared[spans] = self._new()
            self._moves[state].append((*spans[0], self._behind(spans[1:], shared)))
        return state

    def _distances(self) -> list[int]:
        """Return how many bytes lead from each state to the end, at least."""
        before: list[list[tuple[int, int]]] = [[] for _ in self._moves]
        for state, moves in enumerate(self._moves):
            for _, _, target in moves:
                before[target].append((state, 1))
            for target in self._free[state]:
                before[target].append((state, 0))
        far = len(self._moves) + 1  # of states that lead nowhere
        left = [far] * far
        left[self._last] = 0
        queue = deque([self._last])
        while queue:
            state = queue.popleft()
            for source_state, cost in before[state]:
                if left[state] + cost < left[source_state]:
                    left[source_state] = left[state] + cost
                    if cost:
                        queue.append(source_state)
                    else:
                        queue.appendleft(source_state)
        return left


def utf8_spans(low: int, high: int) -> list[tuple[tuple[int, int], ...]]:
    """Split a range of code points into sequences of byte ranges, surrogates left out."""
    found: list[tuple[tuple[int, int], ...]] = []
    for bottom, top in ((0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, _TOP)):
        if low <= top and high >= bottom:
            _split(max(low, bottom), min(high, top), found)
    return found


def _split(low: int, high: int, found: list[tuple[tuple[int, int], ...]]) -> None:
    size = len(chr(high).encode())
    for level in range(1, size):
        block = (1 << 6 * level) - 1
        if low & ~block != high & ~block:
            if low & block:
                _split(low, low | block, found)
                _split((low | block) + 1, high, found)
                return
            if high & block != block:
                _split(low, (high & ~block) - 1, found)
                _split(high & ~block, high, found)
                return
    found.append(tuple(zip(chr(low).encode(), chr(high).encode(), strict=True)))
