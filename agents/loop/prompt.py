"""From an application's prompt, the conversation and the passages to the messages that a model gets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agents.errors import InvalidInput
from agents.types import Turn
from agents.workflow.expressions import CONTEXT, Scope, render, selectors_of
from inference.types import Image, Message

CONTEXT_INTRODUCTION = "Use the passages below to answer. Cite a passage by its number, like [1]."


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    """One message of the application's prompt, its references not yet replaced."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything of a prompt but the two things that are cut when space is short: history and passages.

    The order is: system (the application's prompt, passages, `instructions` of the client, `addition`),
    history, the template's other messages, `query`. `context` lays out the best n passages; None: no knowledge.
    """

    template: tuple[TemplateMessage, ...]
    scope: Scope
    instructions: str = ""
    query: str = ""
    images: tuple[Image, ...] = ()
    context: Callable[[int], str] | None = None
    addition: str = ""

    def messages(self, history: Sequence[Turn], passages: int) -> tuple[Message, ...]:
        """Return the messages; raises `UnknownVariable`, and `InvalidInput` when there is nothing to say."""
        context = self.context(passages) if self.context else ""
        rendered = [Message(item.role, render(item.text, self.scope, context)) for item in self.template]
        parts = [message.content for message in rendered if message.role == "system"]
        if context and not any(CONTEXT in selectors_of(item.text) for item in self.template):
            parts.append(f"{CONTEXT_INTRODUCTION}\n\n{context}")
        parts += [self.instructions, self.addition]
        system = "\n\n".join(part for part in parts if part.strip())
        talk = [Message(turn.role, turn.content) for turn in history]
        talk += [message for message in rendered if message.role != "system" and message.content.strip()]
        if self.query.strip() or self.images:
            talk.append(Message("user", self.query))
        if not any(message.role == "user" for message in talk):
            # A completion application has nothing but its prompt: that is what the user says.
            talk.append(Message("user", system))
            system = ""
        return self._with_images((Message("system", system), *talk) if system else tuple(talk))

    def _with_images(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        last = max(index for index, message in enumerate(messages) if message.role == "user")
        if not messages[last].content.strip() and not self.images:
            raise InvalidInput("there is nothing to send to the model: the prompt and the question are both empty")
        return (*messages[:last], replace(messages[last], images=self.images), *messages[last + 1 :])
