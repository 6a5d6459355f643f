"""From exceptions to answers: one handler for the console, and the JSON shapes of errors."""

import json
import logging

from django.core.exceptions import DisallowedHost, PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from backend.common.errors import ApiError, TooManyRequests

logger = logging.getLogger(__name__)
UNKNOWN_ERROR = "something went wrong on our side; nothing was changed, and the log of the web process has the details"


def error_body(code: str, message: str, extra: dict[str, object] | None = None) -> dict[str, object]:
    """Return the console's error shape."""
    return {"code": code, "message": message, "extra": extra or {}}


def body_json(request: HttpRequest) -> dict[str, object]:
    """Return the JSON object in a request's body; raises `ApiError` for anything else."""
    try:
        body = json.loads(request.body or b"{}")
    except RequestDataTooBig as error:
        raise ApiError("the body is larger than 5 MB: send files with an upload route", code="too_large") from error
    except (ValueError, RecursionError) as error:
        raise ApiError(f"the body is not valid JSON: {error}", code="malformed_json") from error
    if not isinstance(body, dict):
        raise ApiError("the body must be a JSON object", code="malformed_json")
    return body


def api_error_response(error: ApiError) -> JsonResponse:
    """Return the answer for an error that a plain Django view raised."""
    response = JsonResponse(error_body(error.code, error.message, error.extra), status=error.http_status)
    _add_headers(response, error)
    return response


def _add_headers(response: JsonResponse | Response, error: ApiError) -> None:
    if error.http_status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    if isinstance(error, TooManyRequests):
        response["Retry-After"] = str(error.retry_after_s)


def _flatten(detail: object, path: str = "") -> dict[str, list[str]]:
    """Return DRF's nested error detail as `{"path.to.field": ["message"]}`."""
    if isinstance(detail, dict):
        pairs = [_flatten(value, f"{path}.{key}" if path else str(key)) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        pairs = [_flatten(value, f"{path}.{index}") for index, value in enumerate(detail)]
    else:
        values = detail if isinstance(detail, list) else [detail]
        return {path or "non_field_errors": [str(value) for value in values]}
    return {key: value for pair in pairs for key, value in pair.items()}


def api_error_of(error: Exception) -> ApiError | None:
    """Return how a caller is told of an error of ours, of Django or of its REST framework; None for any other."""
    return error if isinstance(error, ApiError) else _of_django(error) or _of_framework(error)


def _of_django(error: Exception) -> ApiError | None:
    match error:
        case Http404():
            made = ApiError("there is nothing here with that id in this workspace", code="not_found")
            made.http_status = 404
        case PermissionDenied():
            made = ApiError("your role in this workspace does not allow this", code="forbidden")
            made.http_status = 403
        case RequestDataTooBig():
            made = ApiError("the body is larger than 5 MB: send files with an upload route", code="too_large")
        case ValidationError():
            made = ApiError(" ".join(error.messages))
        case RecursionError():
            made = ApiError("the body is nested too deeply: send flatter JSON", code="malformed_json")
        case _:
            return None
    return made


def _of_framework(error: Exception) -> ApiError | None:
    match error:
        case exceptions.ValidationError():
            fields = _flatten(error.detail)
            first = next(iter(fields.items()))
            made = ApiError(f"{first[0]}: {first[1][0]}", extra={"fields": fields})
        case exceptions.ParseError():
            made = ApiError(f"the body is not valid JSON: {error.detail}", code="malformed_json")
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            made = ApiError(str(error.detail), code="unauthenticated")
            made.http_status = 401
        case exceptions.APIException():
            made = ApiError(str(error.detail), code=str(error.default_code))
            made.http_status = error.status_code
        case _:
            return None
    return made


def exception_handler(error: Exception, context: dict[str, object]) -> Response | None:
    """DRF's hook: every error of the console has `code`, `message` and `extra`; an unknown one is logged and hidden."""
    known = api_error_of(error)
    if known is None:
        logger.exception("unhandled error in %s", context.get("view"))
        return Response(error_body("internal_error", UNKNOWN_ERROR), status=500)
    response = Response(error_body(known.code, known.message, known.extra), status=known.http_status)
    _add_headers(response, known)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    """Answer a cookie request that carries no valid CSRF token."""
    return JsonResponse(error_body("csrf_failed", f"{reason}; reload the page and try again"), status=403)


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer a request that Django itself refuses, such as one sent to a name that is not ours."""
    if isinstance(exception, DisallowedHost):
        message = "this name is not answered here: use 127.0.0.1 or localhost, or add it to ATELIER_ALLOWED_HOSTS"
        return JsonResponse(error_body("unknown_host", message), status=400)
    return JsonResponse(error_body("bad_request", "the request is malformed"), status=400)


def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answer a path that nothing serves."""
    return JsonResponse(error_body("not_found", f"there is no {request.method} {request.path}"), status=404)


def server_error(request: HttpRequest) -> JsonResponse:
    """Answer when a view broke outside every handler."""
    return JsonResponse(error_body("internal_error", UNKNOWN_ERROR), status=500)
