"""The files of `bench ingest`: paragraphs of words and a long PDF, the same in every run."""

import random
import zlib

PAGES = 1000
LINES = 40
LINE_WORDS = 12
WORDS = (
    "river", "mountain", "letter", "garden", "engine", "window", "harbour", "measure", "silver", "forest", "market",
    "captain", "winter", "bridge", "teacher", "morning", "paper", "kitchen", "island", "machine", "summer",
    "valley", "painter", "village", "doctor", "evening", "copper", "station", "border", "pocket", "shadow",
    "thunder", "meadow", "lantern", "castle", "ribbon", "anchor", "blanket", "candle", "desert", "feather",
    "glacier",
)  # fmt: skip


def paragraph(number: int, words: int = 60) -> str:
    """Return a paragraph that no other number has."""
    chosen = random.Random(number).choices(WORDS, k=words)  # noqa: S311 - the same text in every run, no secret
    return f"Note {number}. {' '.join(chosen).capitalize()}."


def pdf_of(pages: int) -> bytes:
    """Return a PDF with so many pages of text, packed as programs pack it."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for page in range(pages):
        kids.append(f"{len(objects) + 1} 0 R")
        stream = zlib.compress(_content(page))
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects) + 2} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        head = f"<< /Length {len(stream)} /Filter /FlateDecode >>\nstream\n".encode()
        objects.append(head + stream + b"\nendstream")
    objects[1] = f"<< /Type /Pages /Count {pages} /Kids [{' '.join(kids)}] >>".encode()
    return _assembled(objects)


def _content(page: int) -> bytes:
    lines = [paragraph(page * LINES + line, LINE_WORDS) for line in range(LINES)]
    shown = "\n".join(f"({line}) Tj T*" for line in lines)
    return f"BT /F1 10 Tf 14 TL 50 780 Td\n{shown}\nET".encode()


def _assembled(objects: list[bytes]) -> bytes:
    body = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(body)
    body += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    body += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    body += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(body)
