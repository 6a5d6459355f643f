"""Files among the inputs of a prompt app: images go to the model, the text of all others into the prompt.

Each document is read by a node of its own, which a trace shows and a crash does not repeat. Knows no database.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.types import FileRef, JsonValue, NodeSpec
from agents.workflow.expressions import variables_of
from backend.apps.draft import Draft
from backend.apps.inputs import FILE_TYPES, Variable

_MARK = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that whoever asks owns."""

    ref: FileRef
    is_image: bool


GivenFiles = Mapping[str, tuple[GivenFile, ...]]
"""By the variable's name; one that got none is not there."""


def files_given(
    variables: Sequence[Variable], inputs: Mapping[str, JsonValue], find: Callable[[str], GivenFile]
) -> dict[str, tuple[GivenFile, ...]]:
    """Return the files that the inputs name; raises what `find` raises for a file of somebody else."""
    found = {}
    for variable in variables:
        if variable.type in FILE_TYPES and (value := inputs.get(variable.name)):
            items = value if isinstance(value, list) else [value]
            found[variable.name] = tuple([find(str(item["id"])) for item in items if isinstance(item, dict)])
    return found


def inputs_with_files(inputs: Mapping[str, JsonValue], files: GivenFiles) -> dict[str, JsonValue]:
    """Return the inputs with what each file is called and is, as it stands in the run."""
    told: dict[str, JsonValue] = {}
    for name, given in files.items():
        items: list[JsonValue] = [_told(item.ref) for item in given]
        told[name] = items if isinstance(inputs[name], list) else items[0]
    return {**inputs, **told}


def inputs_named(inputs: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the inputs as a text for people shows them: a file by its name."""
    return {name: _named(value) for name, value in inputs.items()}


def _named(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return ", ".join(str(_named(item)) for item in value)
    return value.get("name") if isinstance(value, dict) else value


def _told(ref: FileRef) -> dict[str, JsonValue]:
    return {"id": ref.id, "name": ref.name, "mime_type": ref.mime_type, "size_bytes": ref.size_bytes}


def images_of(files: GivenFiles) -> tuple[FileRef, ...]:
    """Return what goes to the model as it is, in the order of the variables."""
    return tuple(item.ref for given in files.values() for item in given if item.is_image)


def readers_of(draft: Draft, files: GivenFiles) -> Iterator[NodeSpec]:
    """Yield a node for each document, which reads its text."""
    for variable in draft.variables:
        for index, item in enumerate(files.get(variable.name, ())):
            if not item.is_image:
                where: list[JsonValue] = ["start", *_path(variable, index)]
                config: dict[str, JsonValue] = {"variable_selector": where}
                yield NodeSpec(_reader(variable, index), "document-extractor", item.ref.name, config)


def draft_with_files(draft: Draft, files: GivenFiles) -> Draft:
    """Return the draft whose prompt says what the documents say where it names their variable, or else at its end."""
    texts = {item.name: _text(item, files.get(item.name, ())) for item in draft.variables if item.type in FILE_TYPES}
    if not texts:
        return draft

    def filled(template: str) -> str:
        return _MARK.sub(lambda mark: texts.get(mark[1], mark[0]), template)

    named = variables_of(draft.prompt)
    has_document = {name for name, given in files.items() if not all(item.is_image for item in given)}
    left = [f"{name}:\n{text}" for name, text in texts.items() if name in has_document and name not in named]
    examples = [
        item.model_copy(update={"user": filled(item.user), "assistant": filled(item.assistant)})
        for item in draft.examples
    ]
    prompt = "\n\n".join(part for part in (filled(draft.prompt), *left) if part)
    return draft.model_copy(update={"prompt": prompt, "examples": examples})


def _text(variable: Variable, given: tuple[GivenFile, ...]) -> str:
    """Return what stands for a variable in a template: the text of a document, the name of an image."""
    parts = []
    for index, item in enumerate(given):
        name = "{{#start." + ".".join((*_path(variable, index), "name")) + "#}}"
        text = "{{#" + _reader(variable, index) + ".text#}}"
        parts.append(name if item.is_image else text if variable.type == "file" else f"{name}:\n{text}")
    return "\n\n".join(parts)


def _path(variable: Variable, index: int) -> tuple[str, ...]:
    return (variable.name,) if variable.type == "file" else (variable.name, str(index))


def _reader(variable: Variable, index: int) -> str:
    return f"file_{variable.name}_{index}"
