"""The page of the service API: every address under /v1, which key opens it and in whose dialect it answers."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from backend.config.reference.console import display, patterns
from backend.config.reference.markdown import after_address, code, page, section, summary, table
from backend.service_api.answers import not_yet, openai_error
from backend.service_api.api.apps import index
from backend.service_api.api.knowledge.pipelines import no_pipeline
from backend.service_api.callers import app_caller, dataset_caller
from backend.service_api.knowledge_urls import unknown

PREFIX = "v1/"
KEYS = {app_caller: "app", dataset_caller: "dataset"}


@dataclass(frozen=True, slots=True)
class Service:
    """One method of one address of the service API."""

    method: str
    route: str
    key: str
    dialect: str
    handler: Callable[..., object]


def services() -> list[Service]:
    """Return every method of every address."""
    found = []
    for route, pattern in patterns(PREFIX):
        # A route is a closure over its handlers, its check of the key and its shape of errors.
        parts = inspect.getclosurevars(inspect.unwrap(pattern.callback)).nonlocals
        if "handlers" not in parts:
            found.append(Service("GET", route, "none", "Dify", index))
            continue
        key = KEYS.get(parts["authenticate"], "signed")
        dialect = "OpenAI" if parts["shape"] is openai_error else "Dify"
        found += [Service(method, route, key, dialect, handler) for method, handler in parts["handlers"].items()]
    return found


def _offered(dialect: str) -> str:
    rows = (
        (item.method, code(f"/v1/{display(item.route)}"), item.key, after_address(summary(item.handler)))
        for item in services()
        if item.dialect == dialect and item.handler not in (not_yet, no_pipeline, unknown)
    )
    return table(("Method", "Address", "Key", "What it does"), rows)


def _later(*handlers: Callable[..., object]) -> str:
    methods: dict[str, list[str]] = {}
    for item in services():
        if item.handler in handlers:
            methods.setdefault(item.route, []).append(item.method)
    return table(
        ("Methods", "Address"),
        ((", ".join(names), code(f"/v1/{display(route)}")) for route, names in methods.items()),
    )


def service_page() -> str:
    """Return the page."""
    return page(
        "Service API",
        "What applications call, under `/v1`, with the key of one app as `Authorization: Bearer app-…`: Dify's wire "
        "format and OpenAI's, on the same key. Datasets and what is in them take a key of the workspace, "
        "`Authorization: Bearer dataset-…`, which the console makes.",
        "Cookies are not read here. The wrong kind of key, an unknown key and none are 401 with `WWW-Authenticate`. "
        "For the codes in both dialects see [errors](errors.md).",
        section(
            "Dify's dialect",
            'Errors are `{"code", "message", "status"}`. What is `signed` needs no key: the address itself is one, for '
            "five minutes.",
            _offered("Dify"),
        ),
        section(
            "OpenAI's dialect",
            'Errors are `{"error": {"message", "type", "param", "code"}}`.',
            _offered("OpenAI"),
        ),
        section(
            "Not yet",
            "Part of the contract, answered with 501 `not_yet`. The `datasets` addresses, those of pipelines, are "
            "opened by a dataset key, the others by an app's.",
            _later(not_yet, no_pipeline),
        ),
        "Any other address under `/v1` is 404 `not_found`.",
    )
