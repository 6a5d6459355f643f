"""What a page offers its visitors: how it looks, what it asks for, which files it takes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from django.conf import settings

from backend.apps.graph_draft import GraphDraft
from backend.apps.graph_inputs import start_variables
from backend.apps.inputs import FILE_TYPES, MAX_FILES, TYPE_ALIASES, Variable
from backend.common.errors import Invalid, UnsupportedFileType
from backend.files.names import FileType
from backend.providers.selectors import model_get
from backend.published.models import Site
from backend.published.selectors import OpenSite

EVERY_KIND = frozenset({"image", "document", "other"})
# Of Dify's kinds, what our files are; sound and moving pictures are files that nothing here looks into.
KINDS = {"image": "image", "document": "document", "audio": "other", "video": "other", "custom": "other"}


@dataclass(frozen=True, slots=True)
class FileRules:
    """Which files are taken; `kinds` and `endings` are alternatives, and no kinds take every file.

    `with_question`: whether they go with a question too, and not only where an input asks for them.
    """

    is_on: bool
    with_question: bool
    max_files: int
    max_bytes: int
    kinds: tuple[str, ...]
    endings: tuple[str, ...]

    def check(self, name: str, found: FileType) -> None:
        """Raise `UnsupportedFileType` for a file that the app does not take."""
        if not self.is_on:
            raise UnsupportedFileType("this app takes no files")
        if found.kind in self.kinds or name.lower().endswith(self.endings or ("\0",)):
            return
        raise UnsupportedFileType(f"{name!r} is no file that this app takes: {', '.join((*self.kinds, *self.endings))}")


def shown_name(site: Site) -> str:
    """Return what the page is called."""
    return site.name or site.app.name


def look_of(site: Site) -> dict[str, object]:
    """Return how the page looks; the same for visitors and for the preview of its author."""
    return {
        "name": shown_name(site),
        "description": site.description or site.app.description,
        "icon": site.icon or site.app.icon,
        "icon_color": site.icon_color,
        "color": site.color,
        "footer": site.footer,
        "privacy_url": site.privacy_url,
        "placeholder": site.placeholder,
    }


def offered(page: OpenSite) -> dict[str, object]:
    """Return all that the page of a visitor needs to know before anybody asks anything."""
    site = page.site
    return {
        **look_of(site),
        "mode": page.mode.value,
        "picture": f"/api/v1/published/{site.code}/picture?{site.picture_id.hex[:8]}" if site.picture_id else None,
        "opening_text": site.opening_text or page.draft.opening_statement,
        "suggested_questions": [item for item in page.draft.suggested_questions if item.strip()],
        "variables": variables_of(page),
        "files": asdict(file_rules(page)),
        "show_sources": site.show_sources,
        "show_steps": site.show_steps,
        "language": site.language,
    }


def variables_of(page: OpenSite) -> list[dict[str, object]]:
    """Return what the visitor fills in, in one form for every mode."""
    draft = page.draft
    if not isinstance(draft, GraphDraft):
        return [_variable(item) for item in draft.variables]
    return [_start_variable(item) for item in _starts(draft) if item.get("hide") is not True]


def _starts(draft: GraphDraft) -> list[Mapping[str, object]]:
    return [dict(item) for item in start_variables(draft.saved().nodes)]


def _variable(item: Variable) -> dict[str, object]:
    return {
        "name": item.name,
        "label": item.label or item.name,
        "type": item.type,
        "required": item.required,
        "default": item.default,
        "options": item.options,
        "max_length": item.max_length,
    }


def _start_variable(item: Mapping[str, object]) -> dict[str, object]:
    kind = str(item.get("type") or "text-input")
    options = item.get("options")
    length = item.get("max_length")
    return {
        "name": str(item["variable"]),
        "label": str(item.get("label") or item["variable"]),
        "type": TYPE_ALIASES.get(kind, kind),
        "required": item.get("required") is True,
        "default": item.get("default"),
        "options": [str(option) for option in options] if isinstance(options, list) else [],
        "max_length": length if isinstance(length, int) and kind not in FILE_TYPES else None,
    }


def file_rules(page: OpenSite) -> FileRules:
    """Return which files the published version takes: images where its model sees, a graph's as its author set."""
    draft = page.draft
    if isinstance(draft, GraphDraft):
        return _graph_rules(draft)
    try:
        sees = model_get(page.app.workspace_id, draft.model.id, kind="chat").supports_images
    except Invalid:
        sees = False
    asks = any(item.type in FILE_TYPES for item in draft.variables)
    kinds = ("document", "image") if asks else ("image",) if sees else ()
    return FileRules(sees or asks, sees, MAX_FILES, settings.MAX_UPLOAD_BYTES, kinds, ())


def _graph_rules(draft: GraphDraft) -> FileRules:
    chosen = (draft.features.model_extra or {}).get("file_upload")
    switches: list[Mapping[str, object]] = [item for item in _starts(draft) if item.get("type") in FILE_TYPES]
    limit = MAX_FILES
    with_question = False
    if isinstance(chosen, dict) and chosen.get("enabled"):
        switches.append(chosen)
        with_question = True
        given = chosen.get("number_limits")
        limit = min(given, MAX_FILES) if isinstance(given, int) and given > 0 else MAX_FILES
    kinds: set[str] = set()
    endings: set[str] = set()
    for item in switches:
        types = [str(kind) for kind in _list(item.get("allowed_file_types"))]
        kinds |= {KINDS.get(kind, "other") for kind in types if kind != "custom"} if types else EVERY_KIND
        if "custom" in types:
            endings |= {f".{str(end).lstrip('.').lower()}" for end in _list(item.get("allowed_file_extensions"))}
    return FileRules(
        is_on=bool(switches),
        with_question=with_question,
        max_files=limit,
        max_bytes=settings.MAX_UPLOAD_BYTES,
        kinds=tuple(sorted(kinds)),
        endings=tuple(sorted(endings)),
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
