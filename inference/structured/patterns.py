"""Reads the regular expressions of JSON schemas ('pattern'), and names those of the known formats."""

from inference.errors import InvalidRequestError
from inference.structured.regex import Cat, Chars, Or, Ranges, Regex, Times, inverse, quoted

_MAX_DEPTH = 32
_MAX_REPEATED = 4_096
_AROUND = 64  # characters that may surround what is not anchored
_ANY = Chars(inverse(((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))))
_DIGITS: Ranges = ((0x30, 0x39),)
_WORDS: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACES: Ranges = ((0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x2028, 0x2029), (0xFEFF, 0xFEFF))
_CLASSES: dict[str, Ranges] = {
    "d": _DIGITS, "w": _WORDS, "s": _SPACES,
    "D": inverse(_DIGITS), "W": inverse(_WORDS), "S": inverse(_SPACES),
}  # fmt: skip
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_NUMBERED = {"x": 2, "u": 4}


def parse(pattern: object, param: str) -> Regex:
    """Return the regex of the texts that contain a match. Raises InvalidRequestError where the syntax is not known."""
    if not isinstance(pattern, str):
        raise InvalidRequestError(f"The schema's 'pattern' is no text: {str(pattern)[:80]!r}.", param=param)
    reader = _Reader(pattern)
    try:
        return reader.whole()
    except _SyntaxProblem as problem:
        raise InvalidRequestError(
            f"The schema's 'pattern' {pattern[:200]!r} cannot be enforced: {problem} at {reader.at}. Write it simpler.",
            param=param,
        ) from None


class _SyntaxProblem(Exception):
    """What in a pattern is not understood."""


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self.at = 0

    def whole(self) -> Regex:
        branches = [self._branch()]
        while self._take("|"):
            branches.append(self._branch())
        if self.at < len(self._text):
            raise _SyntaxProblem(f"{self._text[self.at]!r} is not expected")
        return Or(tuple(branches))

    def _branch(self) -> Regex:
        around = Times(_ANY, 0, _AROUND)
        begins = self._take("^")
        middle = self._sequence(0)
        ends = self._take("$")
        return Cat((*(() if begins else (around,)), middle, *(() if ends else (around,))))

    def _sequence(self, depth: int) -> Regex:
        parts: list[Regex] = []
        while self.at < len(self._text) and self._text[self.at] not in "|)$":
            parts.append(self._repeated(self._atom(depth)))
        return Cat(tuple(parts))

    def _repeated(self, part: Regex) -> Regex:
        if self.at >= len(self._text):
            return part
        bound: int | None
        match self._text[self.at]:
            case "*":
                least, bound = 0, None
            case "+":
                least, bound = 1, None
            case "?":
                least, bound = 0, 1
            case "{":
                least, bound = self._counts()
            case _:
                return part
        self.at += 1
        self._take("?")  # a lazy quantifier matches the same texts
        return Times(part, least, bound)

    def _counts(self) -> tuple[int, int | None]:
        end = self._text.find("}", self.at)
        low, comma, high = self._text[self.at + 1 : end].partition(",")
        if end < 0 or not low.isdecimal() or not (high.isdecimal() or not high):
            raise _SyntaxProblem("a count is not complete")
        least = int(low[:9])
        most = int(high[:9]) if high else None if comma else least
        if max(least, most or 0) > _MAX_REPEATED or (most is not None and most < least):
            raise _SyntaxProblem(f"a count is above {_MAX_REPEATED} or upside down")
        self.at = end
        return least, most

    def _atom(self, depth: int) -> Regex:
        sign = self._next()
        match sign:
            case ".":
                return _ANY
            case "[":
                return Chars(self._class())
            case "(":
                return self._group(depth + 1)
            case "\\":
                return Chars(self._escaped())
            case "*" | "+" | "?" | "{" | "^":
                raise _SyntaxProblem(f"{sign!r} is not expected")
            case _:
                return Chars(((ord(sign), ord(sign)),))

    def _group(self, depth: int) -> Regex:
        if depth > _MAX_DEPTH:
            raise _SyntaxProblem("groups are nested too deeply")
        if self._take("?") and not self._take(":"):
            raise _SyntaxProblem("only (?:...) is known of the special groups")
        options = [self._sequence(depth)]
        while self._take("|"):
            options.append(self._sequence(depth))
        if not self._take(")"):
            raise _SyntaxProblem("')' is missing")
        return Or(tuple(options))

    def _class(self) -> Ranges:
        negates = self._take("^")
        ranges: list[tuple[int, int]] = []
        while not self._take("]"):
            first = self._member()
            following = self._text[self.at : self.at + 2]
            if _is_single(first) and following.startswith("-") and following not in ("-", "-]"):
                self.at += 1
                last = self._member()
                if not _is_single(last) or last[0][0] < first[0][0]:
                    raise _SyntaxProblem("a range of characters is upside down")
                first = ((first[0][0], last[0][0]),)
            ranges += first
        if not ranges and not negates:
            raise _SyntaxProblem("a class of characters is empty")
        return inverse(tuple(ranges)) if negates else tuple(ranges)

    def _member(self) -> Ranges:
        sign = self._next()
        return self._escaped() if sign == "\\" else ((ord(sign), ord(sign)),)

    def _escaped(self) -> Ranges:
        sign = self._next()
        if sign in _CLASSES:
            return _CLASSES[sign]
        if sign in _NUMBERED:
            digits = self._text[self.at : self.at + _NUMBERED[sign]]
            self.at += _NUMBERED[sign]
            try:
                return ((int(digits, 16), int(digits, 16)),)
            except ValueError:
                raise _SyntaxProblem(f"the number after \\{sign} is not hexadecimal") from None
        if sign in _CONTROLS:
            return ((ord(_CONTROLS[sign]), ord(_CONTROLS[sign])),)
        if sign.isalnum():
            raise _SyntaxProblem(f"\\{sign} is not known")
        return ((ord(sign), ord(sign)),)

    def _next(self) -> str:
        if self.at >= len(self._text):
            raise _SyntaxProblem("it ends too early")
        self.at += 1
        return self._text[self.at - 1]

    def _take(self, sign: str) -> bool:
        if self._text[self.at : self.at + 1] != sign:
            return False
        self.at += 1
        return True


def _is_single(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


_DATE = (
    r"(?:[1-9][0-9]{3})-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_FORMATS = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f"{_DATE}T{_TIME}",
    "duration": r"P(?:[0-9]{1,4}D(?:T[0-9]{1,4}H)?|T[0-9]{1,4}[HMS]|[0-9]{1,4}[WMY])",
    "email": rf"[A-Za-z0-9_%+-]{{1,32}}(?:\.[A-Za-z0-9_%+-]{{1,32}}){{0,3}}@{_LABEL}(?:\.{_LABEL}){{1,4}}",
    "hostname": rf"{_LABEL}(?:\.{_LABEL}){{0,4}}",
    "ipv4": rf"{_OCTET}(?:\.{_OCTET}){{3}}",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "uri": rf"https?://{_LABEL}(?:\.{_LABEL}){{0,4}}(?::[1-9][0-9]{{0,3}})?(?:/[A-Za-z0-9._~%!$&'()*+,;=:@/?#-]{{0,256}})?",
}
FORMATS = {name: quoted(parse(f"^{pattern}$", "format")) for name, pattern in _FORMATS.items()}
