"""PDFs drawn for a test: text at a place, columns, tables, and pages as scanners leave them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from fpdf import FPDF

_LOREM = (
    "Kettles boil water for tea and coffee in every kitchen of the house, and whoever owns one knows that scale is "
    "the enemy of each of them because it settles where the heat is greatest and stays there until vinegar takes it "
    "away, which is why the manual asks for a cleaning every month in places with hard water."
)
LOREM = _LOREM.split()


Draw = Callable[[FPDF], object]


def drawn(path: Path, *pages: Draw, size: float = 11) -> Path:
    """Write a PDF whose pages the functions draw, in points, on A4."""
    pdf = FPDF(unit="pt")
    pdf.set_auto_page_break(False)
    pdf.set_compression(False)
    for draw in pages:
        pdf.add_page()
        pdf.set_font("helvetica", size=size)
        draw(pdf)
    pdf.output(str(path))
    return path


def at(pdf: FPDF, x: float, y: float, text: str) -> None:
    """Put a line of text with its baseline at `y` points from the top."""
    pdf.text(x, y, text)


def paragraph(pdf: FPDF, x: float, y: float, words: Sequence[str], *, width: int, leading: float = 14) -> float:
    """Set words in lines of at most `width` characters and return where the next line would be."""
    line = ""
    for word in [*words, ""]:
        if word and len(line) + len(word) < width:
            line = f"{line} {word}".strip()
            continue
        at(pdf, x, y, line)
        y += leading
        line = word
    return y


def grid(
    pdf: FPDF, x: float, y: float, rows: Sequence[Sequence[str]], *, width: float = 90, height: float = 22
) -> None:
    """Draw a table with rules around its cells."""
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            pdf.rect(x + c * width, y + r * height, width, height)
            at(pdf, x + c * width + 5, y + r * height + 15, cell)
