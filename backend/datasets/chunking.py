"""How the documents of a dataset are cut: its settings, with what one document or a preview overrides."""

from collections.abc import Mapping
from typing import cast

from backend.common.errors import Invalid
from backend.datasets.models import Dataset
from rag.chunk import ChunkSettings
from rag.errors import InvalidSettingsError

FIELDS = {
    "chunk_mode": "mode",
    "chunk_tokens": "max_tokens",
    "chunk_overlap_tokens": "overlap_tokens",
    "chunk_separator": "separator",
    "parent_mode": "parent_mode",
    "parent_tokens": "parent_tokens",
    "clean_whitespace": "clean_whitespace",
    "remove_urls_emails": "remove_urls_emails",
}
"""The settings as datasets name them, and as the library does."""


def settings_of(dataset: Dataset, overrides: Mapping[str, object] | None = None) -> ChunkSettings:
    """Return the settings by which a document is cut; raises `Invalid` for unknown or contradicting ones."""
    values = {name: getattr(dataset, name) for name in FIELDS}
    for name, value in (overrides or {}).items():
        if name not in FIELDS:
            raise Invalid(f"{name!r} is no setting of chunks; there are {', '.join(FIELDS)}")
        if value is not None:
            values[name] = value
    try:
        return ChunkSettings(**{FIELDS[name]: value for name, value in values.items()})
    except InvalidSettingsError as error:
        # Its message begins with the library's name of the setting.
        field = next((name for name, known in FIELDS.items() if error.message.startswith(known)), "chunk_tokens")
        raise Invalid(error.message, fields={field: [error.message]}) from error
    except (TypeError, ValueError) as error:
        raise Invalid(f"the settings of chunks have a value of a wrong type: {error}") from error


def settings_json(settings: Mapping[str, object] | None) -> dict[str, object] | None:
    """Return what a document keeps of the overrides that came with it."""
    kept = {name: value for name, value in (settings or {}).items() if name in FIELDS and value is not None}
    return cast(dict[str, object], kept) or None
