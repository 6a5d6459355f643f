"""Errors of knowledge under the codes and statuses that Dify's clients look for."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from backend.common.errors import ApiError, Conflict, Invalid, NotFound

# Whatever a model server did wrong: Dify answers each with 400.
PROVIDER_CODES = frozenset(
    {
        "upstream_auth",
        "upstream_rate_limit",
        "upstream_unreachable",
        "upstream_timeout",
        "upstream_bad_response",
        "upstream_error",
    }
)


def knowledge_error(error: ApiError) -> ApiError:
    """Return an error of knowledge with Dify's status; one that has a code of the contract stays as it is.

    Dify knows neither 409 for what is merely not possible now nor 422 for a file without content.
    """
    if error.code in PROVIDER_CODES:
        return _with(error, error.code)
    if error.code == Conflict.code or error.http_status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return _with(error, Invalid.code)
    return error


def _with(error: ApiError, code: str) -> ApiError:
    made = ApiError(error.message, code=code, extra=error.extra)
    made.http_status = HTTPStatus.BAD_REQUEST
    return made


@contextmanager
def conflicts_as_duplicate() -> Iterator[None]:
    """Answer a name that is taken as Dify does."""
    try:
        yield
    except Conflict as error:
        raise Conflict(error.message, code="dataset_name_duplicate") from error


@contextmanager
def conflicts_as_indexing() -> Iterator[None]:
    """Answer for a document whose chunks are being replaced as Dify does."""
    try:
        yield
    except Conflict as error:
        raise ApiError(error.message, code="document_indexing") from error


@contextmanager
def unknown_as_missing() -> Iterator[None]:
    """Answer for an id in a body that names nothing here with 404, as for one in an address."""
    try:
        yield
    except Invalid as error:
        raise NotFound(error.message) from error
