"""Dify's process rule and document form as our settings of chunks, and back."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from backend.datasets.models import ChunkMode, Document, ParentMode
from backend.service_api.bodies import Body

DocForm = Literal["text_model", "hierarchical_model", "qa_model"]
FORMS: Mapping[DocForm, ChunkMode] = {
    "text_model": ChunkMode.GENERAL,
    "hierarchical_model": ChunkMode.PARENT_CHILD,
    "qa_model": ChunkMode.QA,
}
FORM_OF: Mapping[str, DocForm] = {mode.value: form for form, mode in FORMS.items()}
PARENTS = {"full-doc": ParentMode.DOCUMENT, "paragraph": ParentMode.PARAGRAPH}
CLEANING = {"remove_extra_spaces": "clean_whitespace", "remove_urls_emails": "remove_urls_emails"}


class PreProcessingRule(Body):
    """A way of cleaning, on or off. Stop words stay: full-text search weighs them by itself."""

    id: Literal["remove_stopwords", "remove_extra_spaces", "remove_urls_emails"]
    enabled: bool


class Segmentation(Body):
    """Where to cut, and how long a piece may be."""

    separator: str | None = None
    max_tokens: int | None = None
    chunk_overlap: int | None = None


class Rules(Body):
    """Cleaning and cutting."""

    pre_processing_rules: list[PreProcessingRule] | None = None
    segmentation: Segmentation | None = None
    parent_mode: Literal["full-doc", "paragraph"] | None = None
    subchunk_segmentation: Segmentation | None = None


class ProcessRule(Body):
    """How a document becomes chunks; `automatic` is as the dataset says."""

    mode: Literal["automatic", "custom", "hierarchical"]
    rules: Rules | None = Field(default=None)


def processing_of(rule: ProcessRule | None, form: DocForm | None) -> dict[str, object]:
    """Return what a document overrides of its dataset's settings; absent keys are the dataset's."""
    processing: dict[str, object] = {}
    if rule is not None and rule.mode == "hierarchical":
        processing["chunk_mode"] = ChunkMode.PARENT_CHILD.value
    if form is not None:
        processing["chunk_mode"] = FORMS[form].value
    if rule is None or rule.mode == "automatic" or rule.rules is None:
        return processing
    rules = rule.rules
    for item in rules.pre_processing_rules or []:
        if item.id in CLEANING:
            processing[CLEANING[item.id]] = item.enabled
    has_parents = processing.get("chunk_mode") == ChunkMode.PARENT_CHILD
    if has_parents and rules.parent_mode:
        processing["parent_mode"] = PARENTS[rules.parent_mode].value
    whole, searched = rules.segmentation, rules.segmentation
    if has_parents:
        searched = rules.subchunk_segmentation
        processing["parent_tokens"] = whole.max_tokens if whole else None
    processing["chunk_separator"] = _separator(whole)
    if searched is not None:
        processing["chunk_tokens"] = searched.max_tokens
        processing["chunk_overlap_tokens"] = searched.chunk_overlap
        if searched.max_tokens is not None and searched.chunk_overlap is None:
            processing["chunk_overlap_tokens"] = 0
    return {name: value for name, value in processing.items() if value is not None}


def _separator(segmentation: Segmentation | None) -> str | None:
    return segmentation.separator if segmentation else None


def form_of(document: Document) -> DocForm:
    """Return Dify's name of how the document was cut."""
    overrides = document.processing or {}
    return FORM_OF[str(overrides.get("chunk_mode") or document.dataset.chunk_mode)]


def rule_of(settings: Mapping[str, object]) -> dict[str, object]:
    """Return settings of chunks (by the names of our datasets) as Dify's process rule."""
    is_hierarchical = settings["chunk_mode"] == ChunkMode.PARENT_CHILD
    searched = {
        "separator": settings["chunk_separator"],
        "max_tokens": settings["chunk_tokens"],
        "chunk_overlap": settings["chunk_overlap_tokens"],
    }
    rules: dict[str, object] = {
        "pre_processing_rules": [{"id": rule, "enabled": settings[ours]} for rule, ours in CLEANING.items()],
        "segmentation": searched,
    }
    if is_hierarchical:
        names = {mode: name for name, mode in PARENTS.items()}
        rules["parent_mode"] = names[ParentMode(str(settings["parent_mode"]))]
        rules["segmentation"] = {**searched, "max_tokens": settings["parent_tokens"], "chunk_overlap": 0}
        rules["subchunk_segmentation"] = searched
    return {"mode": "hierarchical" if is_hierarchical else "custom", "rules": rules}
