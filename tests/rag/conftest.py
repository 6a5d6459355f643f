"""Documents made for a test, and an embedder that needs no model."""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fpdf import FPDF

MakePdf = Callable[..., Path]


class WordEmbedder:
    """Hashes words into a few dimensions: texts that share words are near. A token is a word or a mark."""

    model = "words"
    max_tokens = 256
    dimensions = 64

    def __init__(self) -> None:
        self.embedded: list[str] = []

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.embedded += texts
        return [self._vector(text) for text in texts]

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(re.findall(r"\w{1,6}|[^\w\s]", text)) for text in texts]

    def _vector(self, text: str) -> list[float]:
        vector = [1e-3] * self.dimensions
        for word in re.findall(r"\w+", text.lower()):
            # Python's hash changes with every process.
            vector[sum(ord(c) * 31**i for i, c in enumerate(word)) % self.dimensions] += 1.0
        norm = math.hypot(*vector)
        return [value / norm for value in vector]


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
def make_pdf(tmp_path: Path) -> MakePdf:
    def make(*pages: str, name: str = "document.pdf", title: str = "", password: str = "", image: bool = False) -> Path:
        pdf = FPDF()
        pdf.set_font("helvetica", size=12)
        if title:
            pdf.set_title(title)
        if password:
            pdf.set_encryption(owner_password="owner-" + password, user_password=password)
        for text in pages:
            pdf.add_page()
            if image:
                pdf.image(_png(), w=50)
            if text:
                pdf.multi_cell(0, text=text)
        path = tmp_path / name
        pdf.output(str(path))
        return path

    return make


def _png() -> str:
    # fpdf2 reads data URLs; this is one grey pixel.
    data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCB3UNq9AAAAABJRU5ErkJggg=="
    return f"data:image/png;base64,{data}"


@pytest.fixture
def shared_documents() -> Path:
    folder = Path(__file__).parents[3] / "shared" / "data" / "documents"
    if not (folder / "manifest.tsv").exists():
        pytest.skip("the documents beside the checkout are absent")
    return folder
