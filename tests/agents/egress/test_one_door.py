"""R27: nothing else in the sources opens a connection to another machine."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("inference", "rag", "agents", "backend")
DOORS = ("agents/egress/", "backend/common/egress.py")
CLIENT_MODULES = frozenset(
    {"requests", "aiohttp", "urllib3", "urllib.request", "http.client", "httpcore", "httpx2", "httpcore2", "ftplib",
     "smtplib", "telnetlib", "websockets", "websocket", "poplib", "imaplib", "xmlrpc.client", "requests_toolbelt"}
)  # fmt: skip
HTTPX_DOORS = frozenset(
    {"AsyncClient", "Client", "AsyncHTTPTransport", "HTTPTransport", "get", "post", "put", "patch", "delete", "head",
     "options", "request", "stream"}
)  # fmt: skip
CONNECTING = frozenset({"urlopen", "open_connection", "create_connection", "create_datagram_endpoint"})
# Folders that speak to processes of this very installation, by addresses that no request names.
OWN_PROCESSES = {
    "backend/cli/": "the operator's commands ask the platform that they started",
    "backend/embedded/": "the supervisor asks the services that it started",
    "rag/extract/": "a socket pair to the process that reads a document",
    "inference/isolation/": "a socket pair to the process of an engine",
}


def found_in(source: str) -> list[str]:
    """Return what in a source opens connections, with its line."""
    return [f"line {line}: {what}" for line, what in _openings(ast.parse(source))]


def _openings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        yield from _imported(node)
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="httpx"), attr=name)) if name in HTTPX_DOORS:
                yield node.lineno, f"httpx.{name}"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="socket"), attr="socket")):
                yield node.lineno, "socket.socket"
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in CONNECTING:
                yield node.lineno, name


def _imported(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Import(names=names):
            for alias in names:
                if _is_client(alias.name):
                    yield node.lineno, alias.name
        case ast.ImportFrom(module=str(module), names=names):
            for alias in names:
                if _is_client(module) or _is_client(f"{module}.{alias.name}") or _is_door(module, alias.name):
                    yield node.lineno, f"{module}.{alias.name}"


def _is_client(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in CLIENT_MODULES)


def _is_door(module: str, name: str) -> bool:
    return module == "httpx" and name in HTTPX_DOORS


SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def rel(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", [path for path in SOURCES if not rel(path).startswith(DOORS)], ids=rel)
def test_r27_no_other_module_opens_a_connection(path: Path) -> None:
    if not rel(path).startswith(tuple(OWN_PROCESSES)):
        assert found_in(path.read_text(encoding="utf-8")) == [], "take a client as a parameter: agents.egress makes it"


@pytest.mark.parametrize("folder", sorted(OWN_PROCESSES))
def test_r27_no_exception_outlives_its_reason(folder: str) -> None:
    assert any(found_in(path.read_text(encoding="utf-8")) for path in SOURCES if rel(path).startswith(folder))


@pytest.mark.parametrize(
    "source",
    [
        "import requests",
        "import urllib.request as u",
        "from urllib import request",
        "from urllib.request import urlopen",
        "import aiohttp.client",
        "from http import client",
        "import httpx\nhttpx.get('http://x')",
        "import httpx\nasync def f():\n    async with httpx.AsyncClient() as c: ...",
        "from httpx import AsyncClient as C",
        "import socket\nsocket.create_connection(('x', 1))",
        "import socket\ns = socket.socket()",
        "import asyncio\nasync def f(): await asyncio.open_connection('x', 1)",
    ],
)
def test_r27_each_way_to_open_one_is_seen(source: str) -> None:
    assert found_in(source)


@pytest.mark.parametrize(
    "source",
    ["import httpx\ndef f(client: httpx.AsyncClient) -> httpx.Response: ...", "from urllib.parse import quote",
     "import socket\nsocket.socketpair()", "class A:\n    def get(self): return self.client.get('x')"],
)  # fmt: skip
def test_r27_a_client_that_is_passed_in_is_not_an_opening(source: str) -> None:
    assert not found_in(source)
