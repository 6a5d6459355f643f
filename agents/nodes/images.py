"""The images of a run as a model takes them."""

import asyncio
from base64 import b64encode

from agents.errors import FileMissing, ImagesUnsupported
from agents.nodes.base import NodeContext
from inference.types import Image, ModelInfo


async def images_of(ctx: NodeContext, model: ModelInfo) -> tuple[Image, ...]:
    """Return the run's images as data URLs; raises `ImagesUnsupported` when the model reads only text."""
    refs = [ref for ref in ctx.spec.files if ref.mime_type.startswith("image/")]
    if refs and not model.supports_images:
        raise ImagesUnsupported(
            f"model {model.id!r} does not read images, but {refs[0].name!r} is one: "
            "leave it out or choose another model"
        )
    images = []
    for ref in refs:
        try:
            data = await ctx.ports.files.read(ref)
        except FileNotFoundError as error:
            raise FileMissing(f"the file {ref.name!r} is not there any more: upload it again") from error
        encoded = await asyncio.to_thread(b64encode, data)
        images.append(Image(f"data:{ref.mime_type};base64,{encoded.decode('ascii')}"))
    return tuple(images)
