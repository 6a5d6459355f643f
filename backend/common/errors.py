"""Errors that an HTTP edge shows: each has a stable code, a status, and a message that says what to do."""

from collections.abc import Mapping


class ApiError(Exception):
    """Root of what services raise for a caller; `extra` is machine-readable detail."""

    code = "invalid"
    http_status = 400

    def __init__(self, message: str, *, code: str | None = None, extra: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.extra = dict(extra or {})


class Invalid(ApiError):
    """The request does not say something that can be done; `fields` maps a path to its messages."""

    def __init__(self, message: str, *, code: str | None = None, fields: Mapping[str, list[str]] | None = None) -> None:
        super().__init__(message, code=code, extra={"fields": dict(fields)} if fields else None)


class Unauthenticated(ApiError):
    """No credentials, or ones that open nothing here."""

    code = "unauthenticated"
    http_status = 401


class Forbidden(ApiError):
    """Known caller, but not allowed."""

    code = "forbidden"
    http_status = 403


class NotFound(ApiError):
    """Nothing of that id in the caller's workspace."""

    code = "not_found"
    http_status = 404


class Conflict(ApiError):
    """The thing is in a state, or has a name, that forbids it."""

    code = "conflict"
    http_status = 409


class FileTooLarge(ApiError):
    """An upload over the limit."""

    code = "file_too_large"
    http_status = 413


class UnsupportedFileType(ApiError):
    """An upload of a kind that nothing here reads."""

    code = "unsupported_file_type"
    http_status = 415


class Unprocessable(ApiError):
    """Well formed and allowed, yet it cannot be done with this content."""

    code = "unprocessable"
    http_status = 422


class NotYet(ApiError):
    """Part of the contract that this version does not offer."""

    code = "not_yet"
    http_status = 422


class TooManyRequests(ApiError):
    """Over a limit; the header `Retry-After` says in how many seconds to come back."""

    code = "too_many_requests"
    http_status = 429

    def __init__(self, message: str, *, retry_after_s: int, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s
