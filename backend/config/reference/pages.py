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
from backend.config.reference.typescript import TARGET, events_module
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


def pages_write(folder: Path = FOLDER, types: Path = TARGET) -> list[Path]:
    """Write every page, and the event types of the web page; returns what is new."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    made_of = {folder / f"{name}.md": made for name, made in PAGES.items()} | {types: events_module}
    for path, made in made_of.items():
        text = made()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed
