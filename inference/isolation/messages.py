"""What the server and an engine's process say to each other: one closed union each way, as msgpack."""

from pathlib import Path

import msgspec

from inference.config import ModelConfig
from inference.errors import EngineFailedError, InferenceError, InvalidRequestError
from inference.types import (
    Delta,
    EmbedRequest,
    EngineStats,
    GenerateRequest,
    ModelInfo,
    Ranking,
    RerankRequest,
    Usage,
)


class _Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Fields travel by position: both ends are always the same version."""


class Load(_Message, frozen=True):
    """The first message to a child: build the engine that `factory` ("module:function") makes of `config`."""

    config: ModelConfig
    factory: str
    heartbeat_s: float


class Generate(_Message, frozen=True):
    id: int
    request: GenerateRequest


class Embed(_Message, frozen=True):
    id: int
    request: EmbedRequest


class Rerank(_Message, frozen=True):
    id: int
    request: RerankRequest


class Tokenize(_Message, frozen=True):
    id: int
    request: GenerateRequest


class Cancel(_Message, frozen=True):
    """Nobody waits for `id` any more. There is no answer."""

    id: int


class Loaded(_Message, frozen=True):
    """The engine can be asked now; `confinement` says how well the process is shut in."""

    models: list[ModelInfo]
    confinement: str


class Deltas(_Message, frozen=True):
    """What one step brought, for all its requests; `stats` comes along when it is due."""

    items: list[tuple[int, Delta]]
    stats: EngineStats | None = None


class Vectors(_Message, frozen=True):
    """The answer to Embed: `count` vectors of float32 in native byte order, one after the other."""

    id: int
    count: int
    data: bytes
    usage: Usage


class Ranked(_Message, frozen=True):
    id: int
    ranking: Ranking


class Tokens(_Message, frozen=True):
    id: int
    tokens: list[int]


class Failure(_Message, frozen=True):
    """An InferenceError by its code; id 0 says that the engine could not be loaded."""

    id: int
    code: str
    message: str
    param: str | None = None
    retry_after_s: float | None = None


class Heartbeat(_Message, frozen=True):
    """The child's event loop lives; `stats.busy_s` tells how long the engine has been in its step."""

    stats: EngineStats


Ask = Generate | Embed | Rerank | Tokenize
Answer = Vectors | Ranked | Tokens | Failure
ToChild = Load | Ask | Cancel
ToParent = Loaded | Deltas | Answer | Heartbeat


def encode(message: ToChild | ToParent) -> bytes:
    """Return the message's bytes. Raises InvalidRequestError for what no message can carry."""
    try:
        return _ENCODER.encode(message)
    except (OverflowError, RecursionError, ValueError) as problem:
        raise InvalidRequestError(
            f"The request cannot be passed to the engine: {problem}. Numbers must fit into 64 bits, "
            "text must be valid Unicode, and values may not be nested thousands deep."
        ) from None


def decode_ask(data: bytes) -> ToChild:
    return _TO_CHILD.decode(data)


def decode_answer(data: bytes) -> ToParent:
    """Read a child's message. Raises msgspec.DecodeError for anything that is not one."""
    return _TO_PARENT.decode(data)


def failure(number: int, error: InferenceError) -> Failure:
    return Failure(number, error.code, error.message, error.param, error.retry_after_s)


def error_of(told: Failure) -> InferenceError:
    """Return the error that the child raised, of the same class."""
    kind = _ERRORS.get(told.code, EngineFailedError)
    return kind(told.message, param=told.param, retry_after_s=told.retry_after_s)


def _tree(kind: type[InferenceError]) -> dict[str, type[InferenceError]]:
    found = {kind.code: kind}
    for below in kind.__subclasses__():
        found |= _tree(below)
    return found


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot travel between processes.")


def _typed(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is object:  # a value inside a JSON schema
        return value
    raise TypeError(f"No {kind.__name__} can be made of {type(value).__name__}.")


_ERRORS = _tree(InferenceError)
_ENCODER = msgspec.msgpack.Encoder(enc_hook=_plain)
_TO_CHILD: msgspec.msgpack.Decoder[ToChild] = msgspec.msgpack.Decoder(ToChild, dec_hook=_typed)
_TO_PARENT: msgspec.msgpack.Decoder[ToParent] = msgspec.msgpack.Decoder(ToParent, dec_hook=_typed)
