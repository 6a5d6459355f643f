"""Which pages there are, and where they lie."""

from collections.abc import Callable, Mapping
from pathlib import Path

from backend.config.reference.commands import commands_page
from backend.config.reference.console import console_page
from backend.config.reference.errors import errors_page
from backend.config.reference.events import events_page
from backend.config.reference.inference_server import inference_page
from backend.config.reference.parts import nodes_page, tools_page
from backend.config.reference.service import service_page
from backend.config.reference.variables import variables_page

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "cli": commands_page,
    "settings": variables_page,
    "http-console": console_page,
    "http-service": service_page,
    "http-inference": inference_page,
    "events": events_page,
    "nodes": nodes_page,
    "tools": tools_page,
    "errors": errors_page,
}


def pages_write(folder: Path = FOLDER) -> list[Path]:
    """Write every page; returns those whose content is new."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, made in PAGES.items():
        path, text = folder / f"{name}.md", made()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed
