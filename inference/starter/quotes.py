"""The sentence of a passage that answers: a small model that repeats it whole errs less than one that writes its own.

It also reads as an answer, since a question's words are seldom far from it, and it can be found in the document.
"""

import re

_END = re.compile(r"(?<=[.!?])[\"'”’»)]*\s+(?=[\"'“‘«(]*[A-ZА-ЯЁ0-9一-鿿])|(?<=[。！？])|\n+")
_NO_END = re.compile(r"(?:\b[A-ZА-ЯЁ]|\b(?:Mr|Mrs|Ms|Dr|St|No|vs|approx|e\.g|i\.e|etc|г|ул|д))\.[\"'”’»)]*\s*$")
_MARK = re.compile(r"^(?:[-*•#>|]+|\d+[.)])\s+")
_YES_OR_NO = re.compile(
    r"^(?:(?:so|and|but|then|ok|okay)\b[ ,]*)?"
    r"(?:do|does|did|is|are|was|were|can|could|may|must|has|have|had|will|would|should|am)\b"
    r"|[吗么]？?$|\bли\b|^(?:правда|верно)",
    re.IGNORECASE,
)
FEWEST_BYTES, MOST_LETTERS = 24, 330


def quoted(text: str, key: str, question: str) -> str | None:
    """Return the whole sentence of `text` that holds `key`.

    None where a quotation is no answer: to a question that asks for yes or no, from a heading or a table, and when the
    key goes on over a sentence's end.
    """
    if any(_YES_OR_NO.search(part.strip()) for part in re.split(r"(?<=[.!?。！？])\s*", question) if part.strip()):
        return None
    for sentence in sentences(text):
        if key in sentence:
            plain = _MARK.sub("", sentence)
            return plain if _is_plain(plain) else None
    return None


def _is_plain(sentence: str) -> bool:
    fits = len(sentence.encode()) >= FEWEST_BYTES and len(sentence) <= MOST_LETTERS
    return fits and sentence[-1] in ".!?。！？\"'”’»)" and "|" not in sentence


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; a line's end also ends one."""
    found: list[str] = []
    open_part = ""
    start = 0
    for end in _END.finditer(text):
        mark = end.group()
        part = open_part + text[start : end.start()] + mark.rstrip()
        start = end.end()
        if _NO_END.search(part) and "\n" not in mark:
            open_part = part + " "
            continue
        open_part = ""
        found.append(part.strip())
    found.append((open_part + text[start:]).strip())
    return [sentence for sentence in found if sentence]
