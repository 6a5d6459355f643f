"""From a request to the tokens of one chat model: what every engine of ours asks, whatever computes the answer."""

import asyncio
from collections.abc import Callable, Sequence

from inference.chat_template import ChatTemplate, Conversation
from inference.config import ModelConfig
from inference.errors import ContextOverflowError, InvalidRequestError, UnknownModelError
from inference.tool_parsing import CallParser, PlainParser, ToolParser, detect
from inference.types import GenerateRequest

_LONG_TEXT = 20_000  # characters; longer prompts are prepared outside the event loop

Encode = Callable[[str], list[int]]


class ChatPrompts:
    """One model's prompts and tool calls. Any thread may ask.

    `encode_text` turns a bare prompt into tokens, with the mark of a beginning; `encode_chat` what the template wrote.
    """

    def __init__(
        self,
        config: ModelConfig,
        template: str,
        *,
        bos: str,
        eos: str,
        vocabulary_size: int,
        encode_text: Encode,
        encode_chat: Encode,
    ) -> None:
        self.dialect = detect(template)
        self._config = config
        self._template = ChatTemplate(template, bos=bos, eos=eos)
        self._vocabulary_size = vocabulary_size
        self._encode_text = encode_text
        self._encode_chat = encode_chat

    async def tokens(self, request: GenerateRequest) -> list[int]:
        """Return the tokens of the prompt. Raises UnknownModelError and InvalidRequestError."""
        if request.model != self._config.id:
            raise UnknownModelError.of(request.model, (self._config.id,))
        if any(message.images for message in request.messages):
            raise InvalidRequestError(
                f"{request.model!r} cannot see images: leave them out or use another model.", param="messages"
            )
        size = len(request.prompt or "") + sum(len(message.content) for message in request.messages)
        return await asyncio.to_thread(self._encoded, request) if size > _LONG_TEXT else self._encoded(request)

    def room_after(self, tokens: Sequence[int], context_tokens: int) -> int:
        """Return how many tokens an answer may have. Raises ContextOverflowError when there is no room for one."""
        room = context_tokens - len(tokens)
        if room < 1:
            raise ContextOverflowError.of(
                needed_tokens=len(tokens) + 1, allowed_tokens=context_tokens, model=self._config.id
            )
        return room

    def tokens_check(self, param: str, tokens: Sequence[int]) -> None:
        """Refuse ids that the vocabulary does not have: an engine would read past its tables."""
        size = self._vocabulary_size
        for token in tokens:
            if not 0 <= token < size:
                raise InvalidRequestError(
                    f"The token {token!r} does not exist: {self._config.id!r} knows 0 to {size - 1}.", param=param
                )

    def parser(self, request: GenerateRequest) -> ToolParser:
        """Return what tells calls from text in the answer."""
        if not reads_calls(request):
            return PlainParser()
        return CallParser(self.dialect, is_open=_forces_call(request))

    def _encoded(self, request: GenerateRequest) -> list[int]:
        if request.prompt_tokens:
            self.tokens_check("prompt", request.prompt_tokens)
            return list(request.prompt_tokens)
        if request.prompt is not None:
            tokens = self._encode_text(request.prompt)
        else:
            conversation = Conversation(
                request.messages,
                tools=request.tools if request.tool_choice != "none" else (),
                continues_final=request.continue_final_message,
                forces_call=_forces_call(request),
            )
            tokens = self._encode_chat(self._template.render(conversation))
        if not tokens:
            raise InvalidRequestError("The prompt is empty: send some text.", param="prompt")
        return tokens


def reads_calls(request: GenerateRequest) -> bool:
    """Whether the answer may hold calls."""
    return bool(request.tools) and request.tool_choice != "none"


def _forces_call(request: GenerateRequest) -> bool:
    return bool(request.tools) and request.tool_choice == "required" and not request.continue_final_message
