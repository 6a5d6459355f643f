"""The page of the console API: every address under /api/v1 with its methods, roles and what it does."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import SAFE_METHODS

from backend.accounts.models import Role
from backend.accounts.permissions import Public, SignedIn
from backend.apps.api.runs import app_run
from backend.config.health import health
from backend.config.reference.markdown import after_address, code, page, section, summary, table
from backend.published.api.runs import run_events as visitor_events
from backend.published.api.runs import run_start
from backend.published.visitors import Visiting
from backend.runs.api import run_events

PREFIX = "api/v1/"
# Plain views say neither method nor role in a way that can be read; a test compares these with the tenancy table.
PLAIN = {
    "health": ("GET", "public", summary(health)),
    "apps/<uuid:app_id>/runs": ("POST", "editor", summary(app_run)),
    "runs/<uuid:run_id>/events": ("GET", "viewer", summary(run_events)),
    "published/<str:code>/ask": ("POST", "visitor", summary(run_start)),
    "published/<str:code>/runs/<uuid:run_id>/events": ("GET", "visitor", summary(visitor_events)),
    "schema": ("GET", "viewer", "Return the OpenAPI document of this API, with every field of every body"),
}
WITHOUT_ROLE = {Public: "public", SignedIn: "user", Visiting: "visitor"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one address; `least` is who may call it."""

    method: str
    route: str
    least: str
    summary: str

    @property
    def group(self) -> str:
        """The noun of the address, under which the page lists it."""
        return self.route.partition("/")[0]


def patterns(prefix: str) -> Iterator[tuple[str, URLPattern]]:
    """Yield every address under a prefix, without it, and its pattern."""
    for route, pattern in _walk(get_resolver(), ""):
        if route.startswith(prefix):
            yield route.removeprefix(prefix), pattern


def _walk(node: URLResolver | URLPattern, prefix: str) -> Iterator[tuple[str, URLPattern]]:
    route = prefix + str(node.pattern)
    if isinstance(node, URLPattern):
        yield route, node
        return
    for child in node.url_patterns:
        yield from _walk(child, route.removeprefix("^/"))


def endpoints() -> list[Endpoint]:
    """Return every method of every address."""
    found = []
    for route, pattern in patterns(PREFIX):
        if route in PLAIN:
            method, least, said = PLAIN[route]
            found.append(Endpoint(method, route, least, said))
            continue
        view = getattr(pattern.callback, "cls", None)
        if view is None:
            raise LookupError(f"{PREFIX}{route} is a plain view: say its method and role in PLAIN of {__name__}")
        methods = [name for name in view.http_method_names if hasattr(view, name) and name not in ("options", "head")]
        found += [Endpoint(name.upper(), route, _least(view, name.upper()), _said(view, name)) for name in methods]
    return found


def _least(view: Any, method: str) -> str:
    for permission in view.permission_classes:
        if permission in WITHOUT_ROLE:
            return WITHOUT_ROLE[permission]
    is_reading = method in SAFE_METHODS
    if not is_reading and getattr(view, "is_of_machine", False):
        return "machine"
    role = getattr(view, "read_role", Role.VIEWER) if is_reading else getattr(view, "write_role", Role.EDITOR)
    return str(role.value)


def _said(view: Any, name: str) -> str:
    """Return what the method says of itself; where it is Django REST framework's own, what the view says."""
    method = getattr(view, name)
    if inspect.getmodule(method).__name__.startswith("backend."):  # type: ignore[union-attr]  # methods have modules
        return summary(method)
    return summary(view)


def display(route: str) -> str:
    """Return an address with its parts in braces."""
    return "/".join(
        "{" + part.strip("<>").rpartition(":")[2] + "}" if part[:1] == "<" else part for part in route.split("/")
    )


def console_page() -> str:
    """Return the page."""
    groups: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints():
        groups.setdefault(endpoint.group, []).append(endpoint)
    return page(
        "Console API",
        "What the console and scripts use, under `/api/v1`: a browser's session with its CSRF token, or a personal "
        "token as `Authorization: Bearer pat-…`, which is bound to one workspace.",
        "A session names its workspace with the header `X-Workspace: <id>`. Lists answer "
        '`{"results": […], "next": cursor|null}`, newest first, and take `cursor` and `limit` up to 100. Errors are '
        '`{"code", "message", "extra"}`: see [errors](errors.md). An object of another workspace is 404, as an unknown '
        "one. Every field of every body is in the OpenAPI document at `/api/v1/schema`.",
        "The role is the least that is needed, in the order viewer, editor, admin, owner; *public* needs no "
        "credentials, *user* any signed-in person. *visitor* is whoever `POST /published/{code}/visitor` has made "
        "known to a published page, by a cookie or the header `X-Visitor`, and reaches what is their own there. "
        "*machine* is whoever administers the machine, whatever their role: the first account, and those that "
        "`./atelier admin machine` names.",
        *(
            section(
                group.replace("-", " ").capitalize(),
                table(
                    ("Method", "Address", "Role", "What it does"),
                    (
                        (item.method, code(f"/api/v1/{display(item.route)}"), item.least, after_address(item.summary))
                        for item in found
                    ),
                ),
            )
            for group, found in sorted(groups.items())
        ),
    )
