"""The bodies of the dataset routes, parsed at the edge."""

import json
from typing import Literal

from pydantic import Field, JsonValue, field_validator

from backend.common.errors import Invalid
from backend.service_api.bodies import Body, parsed
from backend.service_api.knowledge.process_rule import DocForm, ProcessRule
from backend.service_api.knowledge.retrieval_model import RetrievalModel

NAME_CHARS = 40
DESCRIPTION_CHARS = 400
TAG_CHARS = 50
FIELD_CHARS = 100
QUERY_CHARS = 250
MAX_SEGMENTS = 500
MAX_IDS = 1000
MAX_ZIPPED = 100
Technique = Literal["high_quality", "economy"]
Permission = Literal["only_me", "all_team_members", "partial_members"]


def _not_blank(text: str | None) -> str | None:
    if text is not None and not text.strip():
        raise ValueError("must not be blank")
    return text.strip() if text is not None else None


class Indexing(Body):
    """What may be said of a dataset's models; `indexing_technique` is accepted, and everything is embedded."""

    indexing_technique: Technique | None = None
    embedding_model: str | None = Field(default=None, max_length=200)
    embedding_model_provider: str | None = Field(default=None, max_length=200)
    retrieval_model: RetrievalModel | None = None


class DatasetCreateBody(Indexing):
    """A new dataset."""

    name: str = Field(min_length=1, max_length=NAME_CHARS)
    description: str | None = Field(default="", max_length=DESCRIPTION_CHARS)
    permission: Permission | None = None
    provider: Literal["vendor", "external"] = "vendor"

    _name = field_validator("name")(_not_blank)


class DatasetUpdateBody(Indexing):
    """What is to change of a dataset."""

    name: str | None = Field(default=None, min_length=1, max_length=NAME_CHARS)
    description: str | None = Field(default=None, max_length=DESCRIPTION_CHARS)
    permission: Permission | None = None

    _name = field_validator("name")(_not_blank)


class DocumentSettings(Indexing):
    """What comes with a document: its name, how it is to be cut, and which one it replaces."""

    name: str | None = Field(default=None, min_length=1, max_length=255)
    process_rule: ProcessRule | None = None
    doc_form: DocForm | None = None
    original_document_id: str | None = None

    _name = field_validator("name")(_not_blank)


class TextCreateBody(DocumentSettings):
    """A document from a text."""

    name: str = Field(min_length=1, max_length=255)
    text: str = Field(min_length=1)


class TextUpdateBody(DocumentSettings):
    """Another text, another name, or another way of cutting."""

    text: str | None = Field(default=None, min_length=1)


class DocumentIdsBody(Body):
    """Some documents."""

    document_ids: list[str] = Field(min_length=1, max_length=MAX_IDS)


class ZipBody(Body):
    """The documents of an archive."""

    document_ids: list[str] = Field(min_length=1, max_length=MAX_ZIPPED)


class SegmentBody(Body):
    """A new chunk."""

    content: str = Field(min_length=1)
    answer: str | None = None
    keywords: list[str] | None = None
    attachment_ids: list[str] | None = None

    _content = field_validator("content")(_not_blank)


class SegmentsBody(Body):
    """New chunks."""

    segments: list[SegmentBody] = Field(min_length=1, max_length=MAX_SEGMENTS)


class SegmentChange(Body):
    """What is to change of a chunk."""

    content: str | None = Field(default=None, min_length=1)
    answer: str | None = None
    keywords: list[str] | None = None
    enabled: bool | None = None
    regenerate_child_chunks: bool = False

    _content = field_validator("content")(_not_blank)


class SegmentUpdateBody(Body):
    """A change of a chunk."""

    segment: SegmentChange


class ChildBody(Body):
    """The text of a child."""

    content: str = Field(min_length=1)

    _content = field_validator("content")(_not_blank)


class RetrieveBody(Body):
    """A question to a dataset."""

    query: str = Field(min_length=1, max_length=QUERY_CHARS)
    retrieval_model: RetrievalModel | None = None
    attachment_ids: list[str] | None = None


class TagBody(Body):
    """A new tag."""

    name: str = Field(min_length=1, max_length=TAG_CHARS)

    _name = field_validator("name")(_not_blank)


class TagIdBody(Body):
    """One tag."""

    tag_id: str


class TagRenameBody(TagBody, TagIdBody):
    """A tag's new name."""


class TagBindingBody(Body):
    """Tags of a dataset; `tag_id` is how older clients name the only one."""

    target_id: str
    tag_ids: list[str] | None = Field(default=None, min_length=1, max_length=100)
    tag_id: str | None = None

    def named(self) -> list[str]:
        """Return the tags; raises `Invalid` without one."""
        ids = [*(self.tag_ids or []), *([self.tag_id] if self.tag_id else [])]
        if not ids:
            raise Invalid("tag_ids: name at least one tag", fields={"tag_ids": ["name at least one tag"]})
        return ids


class FieldBody(Body):
    """A new metadata field."""

    name: str = Field(min_length=1, max_length=FIELD_CHARS)
    type: Literal["string", "number", "time"]

    _name = field_validator("name")(_not_blank)


class FieldRenameBody(Body):
    """A field's new name."""

    name: str = Field(min_length=1, max_length=FIELD_CHARS)

    _name = field_validator("name")(_not_blank)


class MetadataValue(Body):
    """The value of a field; null takes it away."""

    id: str
    name: str = ""
    value: JsonValue = None


class MetadataOperation(Body):
    """The values of a document: all there are, or with `partial_update` only those that change."""

    document_id: str
    metadata_list: list[MetadataValue]
    partial_update: bool = False


class MetadataBody(Body):
    """The values of many documents."""

    operation_data: list[MetadataOperation] = Field(min_length=1, max_length=MAX_IDS)


def settings_from(text: str) -> DocumentSettings:
    """Return the form field `data` of an upload, which is JSON; raises `Invalid`."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"data: the form field is not valid JSON: {error}"
        raise Invalid(message, fields={"data": [message]}) from error
    if not isinstance(data, dict):
        raise Invalid("data: the form field must be a JSON object", fields={"data": ["must be an object"]})
    return parsed(data, DocumentSettings)
