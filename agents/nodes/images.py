"""The images that a node shows its model."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator

from agents.errors import FileMissing, ImagesUnsupported
from agents.nodes.base import NodeContext
from agents.nodes.config import Vision
from agents.types import FileRef, JsonValue
from agents.workflow.variables import is_file
from inference.types import Image, ModelInfo


async def images_of(ctx: NodeContext, model: ModelInfo, vision: Vision | None) -> tuple[Image, ...]:
    """Return the images as data URLs; raises `ImagesUnsupported` when the model reads only text.

    Without a word on vision those of the question go along; other files than images never do.
    """
    refs = [ref for ref in await _refs(ctx, vision) if ref.mime_type.startswith("image/")]
    if refs and not model.supports_images:
        raise ImagesUnsupported(
            f"model {model.id!r} does not read images, but {refs[0].name!r} is one: "
            "leave it out, switch vision off, or choose another model"
        )
    return tuple([await _image(ctx, ref) for ref in refs])


async def _refs(ctx: NodeContext, vision: Vision | None) -> list[FileRef]:
    if vision is None:
        return list(ctx.spec.files)
    if not vision.enabled:
        return []
    refs = []
    known = {ref.id: ref for ref in ctx.spec.files}
    for value in _files_in(ctx.scope.lookup(vision.selector)):
        file_id = str(value["id"])
        try:
            refs.append(known.get(file_id) or await ctx.ports.files.find(file_id))
        except FileNotFoundError as error:
            raise FileMissing(f"the file {value['name']!r} is not there any more: upload it again") from error
    return refs


def _files_in(value: JsonValue) -> Iterator[dict[str, JsonValue]]:
    match value:
        case list():
            for item in value:
                yield from _files_in(item)
        case dict() if is_file(value):
            yield value


async def _image(ctx: NodeContext, ref: FileRef) -> Image:
    try:
        data = await ctx.ports.files.read(ref)
    except FileNotFoundError as error:
        raise FileMissing(f"the file {ref.name!r} is not there any more: upload it again") from error
    encoded = await asyncio.to_thread(b64encode, data)
    return Image(f"data:{ref.mime_type};base64,{encoded.decode('ascii')}")
