"""document-extractor: reads the text out of a file, or of each file of a list."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import BaseModel, Field

from agents.errors import FileMissing, WrongType
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.types import JsonObject, JsonValue
from agents.workflow.expressions import normal
from agents.workflow.graph import Expectation, Selector
from agents.workflow.variables import is_file, type_of


class DocumentExtractorConfig(Lenient):
    """The file, or the list of files."""

    variable_selector: tuple[str, ...] = Field(min_length=2)
    is_array_file: bool = False


class DocumentExtractorNode(Node[DocumentExtractorConfig]):
    kind: ClassVar[str] = "document-extractor"
    title: ClassVar[str] = "Document extractor"
    description: ClassVar[str] = "Reads the text out of documents"
    category: ClassVar[str] = "transform"
    icon: ClassVar[str] = "file-text"
    outputs: ClassVar[dict[str, str]] = {"text": "any"}
    config_type = DocumentExtractorConfig

    def output_types(self, config: BaseModel) -> Mapping[str, str]:
        assert isinstance(config, DocumentExtractorConfig), "the registry pairs a node with its own configuration"
        return {"text": "array[string]" if config.is_array_file else "string"}

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, DocumentExtractorConfig), "the registry pairs a node with its own configuration"
        yield config.variable_selector

    def expectations(self, config: BaseModel) -> Iterator[Expectation]:
        assert isinstance(config, DocumentExtractorConfig), "the registry pairs a node with its own configuration"
        yield Expectation(config.variable_selector, ("file", "array[file]"))

    def inputs(self, ctx: NodeContext, config: DocumentExtractorConfig) -> JsonObject:
        return {"variable": ctx.scope.lookup(config.variable_selector)}

    async def run(self, ctx: NodeContext, config: DocumentExtractorConfig) -> NodeResult:
        name = ".".join(normal(config.variable_selector))
        value = ctx.scope.lookup(config.variable_selector)
        if isinstance(value, list):
            return NodeResult({"text": [await _text(ctx, name, item) for item in value]})
        if value is None:
            raise FileMissing(f"there is no file at {name!r}: send one, or ask with if-else whether there is one")
        return NodeResult({"text": await _text(ctx, name, value)})


async def _text(ctx: NodeContext, name: str, value: JsonValue) -> str:
    if not isinstance(value, dict) or not is_file(value):
        raise WrongType(f"{name!r} is of type {type_of(value)}: only files can be read")
    try:
        ref = await ctx.ports.files.find(str(value["id"]))
        content = await ctx.ports.files.read(ref)
    except FileNotFoundError as error:
        raise FileMissing(f"the file {value['name']!r} at {name!r} is not there: upload it again") from error
    return await ctx.ports.documents.text(ref.name, content)
