"""Which script a word is written in, by the code points of its letters."""

import re
from typing import Literal

Script = Literal[
    "latin", "cyrillic", "greek", "arabic", "hebrew", "devanagari", "armenian", "tamil", "unspaced", "han", "kana",
    "hangul", "other",
]  # fmt: skip

# Ranges in ascending order; what is between them is "other". "unspaced" scripts put no space between words.
_RANGES: tuple[tuple[int, int, Script], ...] = (
    (0x0041, 0x024F, "latin"),
    (0x0300, 0x036F, "latin"),
    (0x0370, 0x03FF, "greek"),
    (0x0400, 0x052F, "cyrillic"),
    (0x0530, 0x058F, "armenian"),
    (0x0590, 0x05FF, "hebrew"),
    (0x0600, 0x06FF, "arabic"),
    (0x0750, 0x077F, "arabic"),
    (0x0900, 0x097F, "devanagari"),
    (0x0B80, 0x0BFF, "tamil"),
    (0x0E00, 0x0EFF, "unspaced"),
    (0x1000, 0x109F, "unspaced"),
    (0x1100, 0x11FF, "hangul"),
    (0x1780, 0x17FF, "unspaced"),
    (0x1E00, 0x1EFF, "latin"),
    (0x1F00, 0x1FFF, "greek"),
    (0x3005, 0x3007, "han"),
    (0x3040, 0x30FF, "kana"),
    (0x31F0, 0x31FF, "kana"),
    (0x3400, 0x4DBF, "han"),
    (0x4E00, 0x9FFF, "han"),
    (0xAC00, 0xD7AF, "hangul"),
    (0xF900, 0xFAFF, "han"),
    (0x20000, 0x3FFFF, "han"),
)

HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA = "\u3040-\u30ff\u31f0-\u31ff"
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
# Runs without spaces that the analysis has to cut itself.
RUN = re.compile(f"[{HAN}{KANA}]+|[{UNSPACED}]+|[^{HAN}{KANA}{UNSPACED}]+")


def script_of(word: str) -> Script:
    """Return the script of the first letter of `word`; "other" when it has none that is known."""
    for character in word:
        if character.isalpha():
            code = ord(character)
            return next((script for first, last, script in _RANGES if first <= code <= last), "other")
    return "other"
