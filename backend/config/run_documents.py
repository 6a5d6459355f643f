"""Reads the text of documents for runs, each in a process of its own."""

import asyncio
import tempfile
from pathlib import Path

from agents.errors import InvalidInput
from rag.errors import RagError
from rag.extract.isolated import extract_isolated, validate_upload


class IsolatedDocuments:
    """Reads strangers' files: a bomb or a broken parser takes nothing else with it."""

    async def text(self, name: str, content: bytes) -> str:
        """Return the text of a file of this name; raises `InvalidInput` that says why it cannot be read."""
        try:
            return await asyncio.to_thread(_text, name, content)
        except RagError as error:
            raise InvalidInput(f"{name!r} cannot be read: {error.message}") from error


def _text(name: str, content: bytes) -> str:
    with tempfile.TemporaryDirectory(prefix="atelier-document-") as folder:
        path = Path(folder) / "document"
        path.write_bytes(content)
        extraction = extract_isolated(path, validate_upload(path, name).name)
    return "\n\n".join(page.text for page in extraction.pages if page.text)
