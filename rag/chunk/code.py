"""Atoms of source code: lines, whose best ends are before the definitions of the language."""

import re
from functools import lru_cache

from rag.chunk.atoms import Atom, AtomWriter, Break

_NAMES = {
    "javascript": "js",
    "jsx": "js",
    "typescript": "ts",
    "tsx": "ts",
    "c++": "cpp",
    "c#": "csharp",
    "py": "python",
    "rb": "ruby",
    "rs": "rust",
    "kt": "kotlin",
    "golang": "go",
    "solidity": "sol",
    "protobuf": "proto",
    "tex": "latex",
}
"""How langchain-text-splitters calls some languages."""
_STATEMENTS = "if for while switch case do try with match else loop when unless begin foreach"
_LEADS = ("@", "#", "//", "/*", "*", "--", '"""')
"""A line that begins so belongs to the definition under it."""


def code_atoms(text: str, *, language: str, most_chars: int) -> list[Atom]:
    """Return the atoms of a source text; an unknown `language` is cut at blank lines before what is not indented."""
    definition = _definitions(_NAMES.get(language.lower(), language.lower()))
    writer = AtomWriter(text, most_chars)
    position, before, is_after_blank = 0, "", False
    while position < len(text):
        end = text.find("\n", position) + 1 or len(text)
        line = text[position:end]
        if not line.strip():
            is_after_blank = True
        else:
            leads = before.lstrip().startswith(_LEADS) and not is_after_blank
            if definition and definition.match(line) and not leads:
                writer.raise_break(Break.HEADING)
            elif is_after_blank:
                writer.raise_break(Break.SENTENCE if line[0].isspace() else Break.PARAGRAPH)
            writer.add(position, end, Break.LINE)
            before, is_after_blank = line, False
        position = end
    return writer.atoms


@lru_cache(maxsize=32)
def _definitions(language: str) -> re.Pattern[str] | None:
    # 1.5 s and 39 MB: only a process that cuts code pays for it.
    from langchain_text_splitters import Language, RecursiveCharacterTextSplitter

    try:
        separators = RecursiveCharacterTextSplitter.get_separators_for_language(Language(language))
    except ValueError:
        return None
    starts = [mark[1:] for mark in separators if mark.startswith("\n") and mark.strip().isalpha()]
    kept = [re.escape(start) for start in starts if start.strip() not in _STATEMENTS.split()]
    return re.compile("|".join(kept)) if kept else None
