"""Where well-known servers differ from the protocol that they otherwise speak, by the host of their address."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from inference.errors import InvalidRequestError
from inference.types import GenerateRequest


@dataclass(frozen=True, slots=True)
class Quirks:
    """What to write differently, leave out, or refuse because the server would silently ignore it."""

    renamed: Mapping[str, str]
    left_out: frozenset[str] = frozenset()
    ignores_schema: bool = False


NONE = Quirks({})
_BY_HOST: Mapping[str, Quirks] = {
    # Newer models of OpenAI refuse the old name; all of them know the new one.
    "api.openai.com": Quirks({"max_tokens": "max_completion_tokens"}),
    "api.anthropic.com": Quirks(
        {},
        frozenset({"presence_penalty", "frequency_penalty", "seed", "logit_bias", "logprobs", "top_logprobs"}),
        ignores_schema=True,
    ),
    # Refuses fields that it does not know; counts usage without being asked.
    "api.mistral.ai": Quirks({"seed": "random_seed"}, frozenset({"stream_options", "logit_bias"})),
}


def quirks_of(base_url: str) -> Quirks:
    """Return what is known of the server at an address; of most there is nothing to know."""
    return _BY_HOST.get((urlsplit(base_url).hostname or "").lower(), NONE)


def adapted(body: Mapping[str, object], request: GenerateRequest, quirks: Quirks) -> dict[str, object]:
    """Return the body as the server wants it. Raises InvalidRequestError for what it would not do."""
    if quirks.ignores_schema and request.response_schema is not None:
        raise InvalidRequestError(
            "This model server ignores response_format, so the answer would not obey the schema: offer the schema as "
            "a tool that must be called, or choose another model.",
            param="response_format",
        )
    return {quirks.renamed.get(name, name): value for name, value in body.items() if name not in quirks.left_out}
