"""What an engine says to requests for vectors and rankings when its model only chats."""

from typing import NoReturn

from inference.errors import InvalidRequestError
from inference.types import EmbedRequest, RerankRequest


class ChatOnly:
    """The part of an engine that its chat model cannot do."""

    async def embed(self, request: EmbedRequest) -> NoReturn:
        raise InvalidRequestError(f"{request.model!r} is a chat model: choose an embedding model.", param="model")

    async def rerank(self, request: RerankRequest) -> NoReturn:
        raise InvalidRequestError(f"{request.model!r} is a chat model: choose a rerank model.", param="model")
