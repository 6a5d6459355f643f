"""Everything that can go wrong when asking for tokens or vectors: one tree, each with code, status and retryability."""

from typing import ClassVar


class InferenceError(Exception):
    """Base of the tree. `retryable`: the same request may work later; `retry_after_s`: when, where that is known."""

    code: ClassVar[str] = "inference_error"
    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, param: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s


class InvalidRequestError(InferenceError):
    """The request can never work as it stands."""

    code = "invalid_request"
    http_status = 400


class ContextOverflowError(InvalidRequestError):
    """The prompt does not fit into the model's context."""

    code = "context_length_exceeded"

    @classmethod
    def of(cls, *, needed_tokens: int, allowed_tokens: int, model: str) -> "ContextOverflowError":
        return cls(
            f"The prompt needs {needed_tokens} tokens, but {model!r} has room for {allowed_tokens}: "
            "shorten the prompt, send fewer messages or passages, or use a model with a larger context.",
            param="messages",
        )


class UnknownModelError(InferenceError):
    """No model of that name is served here."""

    code = "model_not_found"
    http_status = 404

    @classmethod
    def of(cls, model: str, known: tuple[str, ...] = ()) -> "UnknownModelError":
        listed = f" Known models: {', '.join(known)}." if known else ""
        return cls(f"The model {model[:200]!r} does not exist here.{listed}", param="model")


class ModelLoadingError(InferenceError):
    """The model is known but not in memory yet."""

    code = "model_loading"
    retryable = True
    http_status = 503


class OverloadedError(InferenceError):
    """Too much waits already; the answer says when to come back."""

    code = "overloaded"
    retryable = True
    http_status = 429


class EngineFailedError(InferenceError):
    """The engine could not compute this request."""

    code = "engine_failed"
    retryable = True
    http_status = 500


class EngineDiedError(EngineFailedError):
    """The engine's own processes are gone: it answers nothing any more, and must be loaded anew."""

    code = "engine_died"


class BadModelFileError(EngineFailedError):
    """The file is no GGUF that may be opened."""

    code = "bad_model_file"
    retryable = False


class EngineMissingError(EngineFailedError):
    """The engine that a model is to be served with is not installed."""

    code = "engine_missing"
    retryable = False
    http_status = 501


class AdminRefusedError(InferenceError):
    """An admin route was asked without the secret of the home."""

    code = "admin_refused"
    http_status = 403


class StoreError(InferenceError):
    """The model store cannot do what was asked."""

    code = "model_store"
    http_status = 422


class ModelExistsError(StoreError):
    """A model of that name is installed."""

    code = "model_exists"
    http_status = 409


class ModelInUseError(StoreError):
    """The model is loaded, built in or in use."""

    code = "model_in_use"
    http_status = 409


class DiskFullError(StoreError):
    """The disk has no room for the model."""

    code = "disk_full"
    http_status = 507


class MemoryShortError(StoreError):
    """The memory has no room for the model."""

    code = "memory_short"
    http_status = 507


class HubError(StoreError):
    """The hub did not hand out the model."""

    code = "hub_error"
    http_status = 502


class HubAuthError(HubError):
    """The hub wants a token, or one with more rights."""

    code = "hub_auth"


class HubUnreachableError(HubError):
    """No connection to the hub, or it broke."""

    code = "hub_unreachable"
    retryable = True


class UpstreamError(InferenceError):
    """A model server that we asked over HTTP did not do its part."""

    code = "upstream_error"
    retryable = True
    http_status = 502


class UpstreamAuthError(UpstreamError):
    """The model server refused our credentials."""

    code = "upstream_auth"
    retryable = False


class UpstreamRateLimitError(UpstreamError):
    """The model server asks us to slow down."""

    code = "upstream_rate_limit"
    http_status = 429


class UpstreamTimeoutError(UpstreamError):
    """The model server did not answer in time."""

    code = "upstream_timeout"
    http_status = 504


class UpstreamUnreachableError(UpstreamError):
    """No connection to the model server, or it broke."""

    code = "upstream_unreachable"


class UpstreamBadResponseError(UpstreamError):
    """The model server answered something that is not the protocol."""

    code = "upstream_bad_response"
