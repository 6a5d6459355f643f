"""Errors and routes of the service API: each dialect has its own shape for what goes wrong."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt

from backend.common.database import in_database
from backend.common.errors import ApiError, TooManyRequests
from backend.runs.dialects import openai
from backend.service_api.callers import app_caller, dataset_caller
from backend.service_api.knowledge.errors import knowledge_error

logger = logging.getLogger(__name__)
C = TypeVar("C")
Handler = Callable[..., HttpResponseBase | Awaitable[HttpResponseBase]]
View = Callable[..., Awaitable[HttpResponseBase]]
ErrorShape = Callable[[ApiError], dict[str, object]]

# Our codes where Dify has a name of its own for the same thing.
DIFY_CODES: Mapping[str, str] = {
    "limit_reached": "too_many_requests",
    "invalid": "invalid_param",
    "invalid_input": "invalid_param",
    "malformed_json": "bad_request",
    "unauthenticated": "unauthorized",
    "model_not_found": "model_currently_not_support",
    "images_unsupported": "model_currently_not_support",
    "context_length_exceeded": "completion_request_error",
    "upstream_auth": "provider_not_initialize",
    "upstream_rate_limit": "provider_quota_exceeded",
    "upstream_unreachable": "completion_request_error",
    "upstream_timeout": "completion_request_error",
    "upstream_bad_response": "completion_request_error",
    "upstream_error": "completion_request_error",
}


def dify_error(error: ApiError) -> dict[str, object]:
    """Return Dify's envelope: code, message, the wrong field where there is one, status."""
    body: dict[str, object] = {"code": DIFY_CODES.get(error.code, error.code), "message": error.message}
    fields = error.extra.get("fields")
    if isinstance(fields, dict) and fields:
        body["params"] = next(iter(fields))
    return {**body, "status": error.http_status}


def openai_error(error: ApiError) -> dict[str, object]:
    """Return OpenAI's envelope."""
    fields = error.extra.get("fields")
    param = next(iter(fields)) if isinstance(fields, dict) and fields else None
    code = "invalid_api_key" if error.http_status == 401 else error.code
    return openai.error_body(error.message, code=code, status=error.http_status, param=param)


def _response(error: ApiError, shape: ErrorShape) -> JsonResponse:
    response = JsonResponse(shape(error), status=error.http_status)
    if error.http_status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    if isinstance(error, TooManyRequests):
        response["Retry-After"] = str(error.retry_after_s)
    return response


def _status(http_status: int, code: str, message: str) -> ApiError:
    error = ApiError(message, code=code)
    error.http_status = http_status
    return error


def _route(
    authenticate: Callable[[HttpRequest], C],
    shape: ErrorShape,
    handlers: Mapping[str, Handler],
    translated: Callable[[ApiError], ApiError] = lambda error: error,
) -> View:
    """Return a view: credentials first, then the method, then the body. A plain function runs on a database thread."""

    async def view(request: HttpRequest, **path: object) -> HttpResponseBase:
        try:
            caller = await in_database(authenticate, request)
            handler = handlers.get(request.method or "")
            if handler is None:
                known = ", ".join(handlers)
                raise _status(405, "method_not_allowed", f"{request.path} takes {known}, not {request.method}")
            if asyncio.iscoroutinefunction(handler):
                return await handler(request, caller, **path)
            return await in_database(handler, request, caller, **path)
        except ApiError as error:
            return _response(translated(error), shape)
        except MultiPartParserError as error:
            return _response(_status(400, "bad_request", f"the multipart body cannot be read: {error}"), shape)
        except Exception:
            logger.exception("unhandled error in %s %s", request.method, request.path)
            return _response(_status(500, "unknown", "Internal Server Error"), shape)

    return csrf_exempt(view)


def dify_route(**handlers: Handler) -> View:
    """Return a view of Dify's dialect for an app's key: `dify_route(GET=list_them, POST=make_one)`."""
    return _route(app_caller, dify_error, handlers)


def openai_route(**handlers: Handler) -> View:
    """Return a view of OpenAI's dialect for an app's key."""
    return _route(app_caller, openai_error, handlers)


def dataset_route(**handlers: Handler) -> View:
    """Return a view of Dify's dialect for a dataset key."""
    return _route(dataset_caller, dify_error, handlers, knowledge_error)


def signed_route(authenticate: Callable[[HttpRequest], C], **handlers: Handler) -> View:
    """Return a view of Dify's dialect for an address that carries its own credential, which `authenticate` reads."""
    return _route(authenticate, dify_error, handlers)


def not_yet(request: HttpRequest, caller: object, **path: object) -> HttpResponse:
    """Answer a route of the contract that this version does not offer."""
    raise _status(501, "not_yet", f"{request.method} {request.path} is part of the contract, but not offered yet")
