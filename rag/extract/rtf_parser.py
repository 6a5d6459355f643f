"""Reads the groups and control words of RTF one after the other and writes what is text as Markdown."""

import codecs
import re
from dataclasses import dataclass, field, replace
from typing import Literal

from rag.extract.blocks import Blocks, Cell, squeeze

Destination = Literal["body", "skip", "fonts", "styles", "title", "note", "comment"]

_TOKEN = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
_HEADING_STYLE = re.compile(r"heading ([1-9])\b", re.IGNORECASE)
_MAX_GROUPS = 10_000

_CODECS_OF_CHARSETS = {
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gb18030",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
_CODECS_OF_WORDS = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_DESTINATIONS: dict[str, Destination] = {
    "fonttbl": "fonts",
    "stylesheet": "styles",
    "title": "title",
    "footnote": "note",
    "annotation": "comment",
}
_SKIPPED_WORDS = (
    "colortbl info pict object objdata objclass header headerl headerr headerf footer footerl footerr footerf fldinst"
    " nonshppict nonesttables xe tc rxe private listtable listoverridetable revtbl rsidtbl themedata datastore"
    " colorschememapping latentstyles generator atnid atnauthor atndate atnref sp bkmkstart bkmkend ftnsep ftnsepc"
    " aftnsep aftnsepc mmathPr xmlnstbl filetbl"
    " template author operator company comment keywords subject doccomm"
)
_SKIPPED = frozenset(_SKIPPED_WORDS.split())
# Destinations that older programs may ignore (\*), but which hold text.
_KEPT = frozenset(("shpinst", "shptxt", "shpgrp", "shp", "footnote", "annotation", "pn", "pntext", "ud"))
_TEXTS = {
    "tab": " ",
    "line": "\n",
    "lbr": "\n",
    "emdash": "—",
    "endash": "–",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
    "bullet": "•",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "nestcell": "; ",
    "nestrow": "; ",
}
_SYMBOLS = {"~": " ", "_": "-", "-": "", "{": "{", "}": "}", "\\": "\\"}


@dataclass(frozen=True, slots=True)
class _Group:
    """What a closing brace undoes."""

    destination: Destination = "body"
    fallback_chars: int = 1
    codec: str = ""
    is_hidden: bool = False


@dataclass(slots=True)
class RtfParser:
    """Parses `text`, whose characters are the bytes of the file, into `blocks`."""

    text: str
    blocks: Blocks = field(default_factory=Blocks)
    title: str = ""
    pictures: int = 0
    depth: int = 0
    _default_codec: str = "cp1252"
    _group: _Group = field(default_factory=_Group)
    _outer: list[_Group] = field(default_factory=list)
    _fonts: dict[int, str] = field(default_factory=dict)
    _font: int = 0
    _styles: dict[int, int] = field(default_factory=dict)
    _style: int = 0
    _heading: int = 0
    _bytes: bytearray = field(default_factory=bytearray)
    _to_skip: int = 0
    _is_optional: bool = False
    _line: list[str] = field(default_factory=list)
    _aside: list[str] = field(default_factory=list)
    _asides: list[str] = field(default_factory=list)
    _is_in_table: bool = False
    _cells: list[Cell] = field(default_factory=list)
    _rows: list[list[Cell]] = field(default_factory=list)

    def run(self) -> None:
        """Parse everything; what follows the closing brace of the document is no part of it."""
        at = 0
        while token := _TOKEN.match(self.text, at):
            at = token.end()
            word, number, code, symbol, brace, plain = token.groups()
            if word == "bin":
                at += max(int(number or 0), 0)
            elif word is not None:
                self._word(word, int(number) if number else None)
            elif code is not None:
                self._byte(int(code, 16))
            elif symbol is not None:
                self._symbol(symbol)
            elif brace == "{":
                self._open()
            elif brace == "}":
                self._close()
                if self.depth == 0:
                    break
            elif plain is not None:
                self._plain(plain)
        self._end_paragraph()
        self._end_table()

    def _open(self) -> None:
        self._flush()
        self.depth += 1
        self._is_optional = False
        if len(self._outer) < _MAX_GROUPS:
            self._outer.append(self._group)

    def _close(self) -> None:
        self._flush()
        self.depth -= 1
        self._to_skip = 0
        ended = self._group.destination
        if self._outer:
            self._group = self._outer.pop()
        if ended in ("note", "comment") and self._group.destination != ended:
            if text := squeeze("".join(self._aside)):
                self._asides.append(text if ended == "note" else f"Comment: {text}")
            self._aside.clear()

    def _word(self, word: str, number: int | None) -> None:
        if word == "u" and number is not None:
            self._flush()
            self._write(chr(number % 0x10000))
            self._to_skip = self._group.fallback_chars
            return
        self._flush()
        self._to_skip = 0
        if word == "pict" and self._group.destination != "skip":
            self.pictures += 1
        if word in _SKIPPED or (self._is_optional and word not in _KEPT and word not in _DESTINATIONS):
            self._group = replace(self._group, destination="skip")
        elif word in _DESTINATIONS and (self._group.destination == "body" or word == "title"):
            self._group = replace(self._group, destination=_DESTINATIONS[word])
        elif word in _TEXTS:
            self._write(_TEXTS[word])
        else:
            self._format(word, number)
            if self._group.destination == "body":
                self._structure(word, number)
        self._is_optional = False

    def _format(self, word: str, number: int | None) -> None:
        match word:
            case "uc":
                self._group = replace(self._group, fallback_chars=max(number or 0, 0))
            case "ansicpg":
                self._default_codec = _known(f"cp{number}") or self._default_codec
            case "mac" | "pc" | "pca":
                self._default_codec = _CODECS_OF_WORDS[word]
            case "f" if self._group.destination == "fonts":
                self._font = number or 0
            case "f":
                self._group = replace(self._group, codec=self._fonts.get(number or 0, ""))
            case "fcharset" if self._group.destination == "fonts":
                self._fonts[self._font] = _CODECS_OF_CHARSETS.get(number or 0, "")
            case "s" if self._group.destination == "styles":
                self._style = number or 0
            case "plain":
                self._group = replace(self._group, is_hidden=False)
            case "v" | "deleted":
                self._group = replace(self._group, is_hidden=number != 0)

    def _structure(self, word: str, number: int | None) -> None:
        match word:
            case "pard":
                self._is_in_table, self._heading = False, 0
            case "intbl":
                self._is_in_table = True
            case "s":
                self._heading = self._styles.get(number or 0, 0)
            case "outlinelevel":
                self._heading = (number or 0) + 1 if (number or 0) < 9 else 0
            case "cell":
                self._cells.append(Cell(squeeze("".join(self._line))))
                self._line.clear()
            case "row":
                self._rows.append(self._cells)
                self._cells = []
                self._is_in_table = False
            case "par" | "sect" | "page" | "column":
                self._end_paragraph()

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._is_optional = True
            return
        self._flush()
        self._to_skip = 0
        if symbol in "\r\n" and self._group.destination == "body":
            self._end_paragraph()
        else:
            self._write(_SYMBOLS.get(symbol, ""))

    def _byte(self, value: int) -> None:
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._bytes.append(value)

    def _plain(self, text: str) -> None:
        skipped = min(self._to_skip, len(text))
        self._to_skip -= skipped
        # The second byte of a Chinese character may look like a letter: it is decoded with the first.
        self._bytes += text[skipped:].encode("latin-1")

    def _flush(self) -> None:
        if self._bytes:
            data = bytes(self._bytes)
            self._bytes.clear()
            if self._group.destination != "skip":
                self._write(data.decode(self._group.codec or self._default_codec, "replace"))

    def _write(self, text: str) -> None:
        match self._group.destination:
            case "body" if not self._group.is_hidden:
                self._line.append(text)
            case "note" | "comment":
                self._aside.append(text)
            case "title":
                self.title += text
            case "styles":
                if found := _HEADING_STYLE.search(text):
                    self._styles[self._style] = int(found.group(1))

    def _end_paragraph(self) -> None:
        self._flush()
        if self._is_in_table or self._cells:
            self._line.append(" ")
            return
        text = "".join(self._line)
        self._line.clear()
        if text.strip():
            self._end_table()
            if self._heading:
                self.blocks.heading(self._heading, text)
            else:
                self.blocks.paragraph(text)
        self._write_asides()

    def _end_table(self) -> None:
        if self._rows:
            rows, self._rows = self._rows, []
            self.blocks.grid(rows)
            self._write_asides()

    def _write_asides(self) -> None:
        if not self._rows:
            for text in self._asides:
                self.blocks.paragraph(text)
            self._asides.clear()


def _known(codec: str) -> str:
    try:
        return codecs.lookup(codec).name
    except LookupError:
        return ""
