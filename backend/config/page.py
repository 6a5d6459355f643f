"""The built page: hashed assets straight from disk, and index.html for every address that is the page's own."""

import os

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

NOT_BUILT = "The page is not built yet: `./atelier up` builds it.\n"
API_PREFIXES = ("api/", "v1/", "assets/")


class HashedFiles(StaticFiles):
    """Files whose names change with their content: a browser may keep them for ever."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return the file, cacheable without end."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def assets_application() -> GZipMiddleware:
    """Return the ASGI application that serves `<dist>/assets`."""
    return GZipMiddleware(HashedFiles(directory=settings.FRONTEND_DIST / "assets", check_dir=False), minimum_size=1024)


def page(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """Serve a file at the top of the build, or index.html for an address that the page routes itself."""
    if path.startswith(API_PREFIXES):
        return JsonResponse({"code": "not_found", "message": f"there is no {request.path}", "extra": {}}, status=404)
    target = settings.FRONTEND_DIST / (path if path and "/" not in path else "index.html")
    if not target.is_file():
        target = settings.FRONTEND_DIST / "index.html"
    try:
        content = target.read_bytes()
    except FileNotFoundError:
        return HttpResponse(NOT_BUILT, status=503, content_type="text/plain; charset=utf-8")
    kinds = {".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
    kind = kinds.get(target.suffix, "application/octet-stream")
    response = HttpResponse(content, content_type=f"{kind}; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response
