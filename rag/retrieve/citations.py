"""Which passages an answer cites."""

import re

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
# [1], [1, 2], [1-3], 【1】; not [1](link).
_CITATION = re.compile(r"(?:\[|【)\s*(\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*)\s*(?:\]|】)(?!\()")
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")


def cited_positions(answer: str, passages: int) -> set[int]:
    """Return the numbers of the passages that `answer` cites; `[n]` counts only for n from 1 to `passages`.

    Brackets in code are indices, not citations.
    """
    cited: set[int] = set()
    for match in _CITATION.finditer(_CODE.sub(" ", answer)):
        for part in re.split(r"[,;]", match.group(1)):
            cited |= _positions(part.strip(), passages)
    return cited


def _positions(part: str, passages: int) -> set[int]:
    if bounds := _RANGE.fullmatch(part):
        first, last = int(bounds.group(1)), int(bounds.group(2))
        return set(range(max(first, 1), min(last, passages) + 1))
    return {int(part)} & set(range(1, passages + 1)) if part.isdigit() else set()
