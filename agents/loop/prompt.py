"""From an application's prompt, the conversation and the passages to the messages that a model gets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agents.errors import InvalidInput
from agents.types import Turn
from agents.workflow.expressions import CONTEXT, Scope, render, selectors_of
from inference.types import Image, Message

CONTEXT_INTRODUCTION = "Use the passages below to answer. Cite a passage by its number, like [1]."
SUMMARY_INTRODUCTION = "What was said earlier in this conversation, in short:"
HISTORIES, QUERY, SYSTEM_QUERY = ("histories",), ("query",), ("sys", "query")
Blocks = Mapping[tuple[str, ...], str]
BLOCKS = frozenset({HISTORIES, QUERY, CONTEXT})
"""What a prompt in one piece may mark besides values of the graph."""


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    """One message of the application's prompt, its references not yet replaced; `is_final`: it stands as it is."""

    role: Literal["system", "user", "assistant"]
    text: str
    is_final: bool = False

    def takes(self, block: tuple[str, ...]) -> bool:
        """Whether the text marks the place of a block."""
        return not self.is_final and block in selectors_of(self.text)

    def rendered(self, scope: Scope, blocks: Blocks) -> str:
        """Return the text with its references replaced."""
        return self.text if self.is_final else render(self.text, scope, blocks=blocks)


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What stands before each message of a conversation that is told in one piece."""

    user: str = "Human"
    assistant: str = "Assistant"

    def told(self, history: Sequence[Turn]) -> str:
        """Return the conversation as one text."""
        names = {"user": self.user, "assistant": self.assistant}
        return "\n".join(f"{names[turn.role]}: {turn.content}" for turn in history)


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything of a prompt but the two things that are cut when space is short: history and passages.

    The order is: system (the application's prompt, passages, `summary`, `instructions` of the client, `addition`),
    `examples` as pairs of what a user says and what is answered, the template's other messages, history, `query`.
    `context` lays out the best n passages; None: no knowledge. With `whole`, the template is one text and nothing
    precedes or follows it.
    """

    template: tuple[TemplateMessage, ...]
    scope: Scope
    examples: tuple[tuple[str, str], ...] = ()
    instructions: str = ""
    query: str = ""
    images: tuple[Image, ...] = ()
    context: Callable[[int], str] | None = None
    addition: str = ""
    summary: str = ""
    whole: Prefixes | None = None
    is_context_placed: bool = False

    def messages(self, history: Sequence[Turn], passages: int) -> tuple[Message, ...]:
        """Return the messages; raises `UnknownVariable`, and `InvalidInput` when there is nothing to say."""
        context = self.context(passages) if self.context else ""
        if self.whole is not None:
            return self._with_images((Message("user", self._in_one_piece(self.whole, history, context)),))
        blocks: Blocks = {CONTEXT: context}
        rendered = [Message(item.role, item.rendered(self.scope, blocks)) for item in self.template]
        parts = [message.content for message in rendered if message.role == "system"]
        if context and not self.is_context_placed and not any(item.takes(CONTEXT) for item in self.template):
            parts.append(f"{CONTEXT_INTRODUCTION}\n\n{context}")
        if self.summary:
            parts.append(f"{SUMMARY_INTRODUCTION}\n{self.summary}")
        parts += [self.instructions, self.addition]
        system = "\n\n".join(part for part in parts if part.strip())
        talk = [message for message in rendered if message.role != "system" and message.content.strip()]
        talk += [Message(turn.role, turn.content) for turn in history]
        if self.query.strip() or self.images:
            talk.append(Message("user", self.query))
        if not any(message.role == "user" for message in talk):
            # A completion application has nothing but its prompt: that is what the user says.
            talk.append(Message("user", system))
            system = ""
        talk = [Message(turn.role, turn.content) for turn in self._shown()] + talk
        return self._with_images((Message("system", system), *talk) if system else tuple(talk))

    def _shown(self) -> list[Turn]:
        """Return the examples as turns; one without a question or an answer shows nothing and is left out."""
        whole = [(user, answer) for user, answer in self.examples if user.strip() and answer.strip()]
        return [turn for user, answer in whole for turn in (Turn("user", user), Turn("assistant", answer))]

    def _in_one_piece(self, prefixes: Prefixes, history: Sequence[Turn], context: str) -> str:
        """Return the prompt of a completion model; what it does not mark the place of goes before or after it."""
        told = prefixes.told(history)
        if self.summary:
            told = f"{SUMMARY_INTRODUCTION}\n{self.summary}\n{told}"
        blocks: Blocks = {CONTEXT: context, HISTORIES: told, QUERY: self.query}
        text = "\n\n".join(item.rendered(self.scope, blocks) for item in self.template)
        parts = [self.instructions]
        if context and not self.is_context_placed and not self._takes(CONTEXT):
            parts.append(f"{CONTEXT_INTRODUCTION}\n\n{context}")
        parts.append(prefixes.told(self._shown()))
        parts += ["" if self._takes(HISTORIES) else told, text]
        parts += ["" if self._takes(QUERY) or self._takes(SYSTEM_QUERY) else self.query, self.addition]
        return "\n\n".join(part for part in parts if part.strip())

    def _takes(self, block: tuple[str, ...]) -> bool:
        return any(item.takes(block) for item in self.template)

    def _with_images(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        last = max(index for index, message in enumerate(messages) if message.role == "user")
        if not messages[last].content.strip() and not self.images:
            raise InvalidInput("there is nothing to send to the model: the prompt and the question are both empty")
        return (*messages[:last], replace(messages[last], images=self.images), *messages[last + 1 :])
