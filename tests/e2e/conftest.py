"""One whole platform for the session: started by its own command line, used over HTTP and in a browser."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fpdf import FPDF

from backend.embedded.home import Home
from backend.embedded.state import state_running
from tests.cli.conftest import atelier_run
from tests.cli.test_platform import two_free_ports

EMAIL, PASSWORD = "owner@example.org", "correct horse battery"
UP_TIMEOUT_S = 240
PATIENCE_S = 60.0
MODEL = "smollm2-135m-instruct"
KORVALA = (
    "The lighthouse of Korvala was built in 1871 by the engineer Aino Seppala. It stands on a granite island.",
    "The canteen of Korvala serves salmon soup on Thursdays. The cook puts dill and allspice into the soup.",
    "The ferry to Korvala leaves from pier nine at 07:40. A ticket costs four euros and bicycles travel for free.",
)


@dataclass(frozen=True)
class Site:
    """A running platform and a token of its owner."""

    home: Path
    url: str
    token: str

    def console(self) -> httpx.Client:
        """Return a client of the console API."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=60)

    def service(self, key: str) -> httpx.Client:
        """Return a client of the service API with an app's key."""
        return httpx.Client(base_url=f"{self.url}/v1", headers={"Authorization": f"Bearer {key}"}, timeout=120)

    def pid(self, name: str) -> int | None:
        """Return the id of a process of the platform; None while it is down."""
        state = state_running(Home(self.home))
        process = state.process(name) if state else None
        return process.pid if process else None

    def kill(self, name: str) -> None:
        """Kill a process as the kernel does when memory runs out."""
        pid = self.pid(name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)


SITE = pytest.StashKey[Site]()


def until(look: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + patience_s
    while not look():
        assert time.monotonic() < deadline, f"{what} did not happen in {patience_s} s"
        time.sleep(0.05)


def pdf_of(pages: tuple[str, ...]) -> bytes:
    """Return a PDF with a text on each page."""
    pdf = FPDF()
    pdf.set_font("helvetica", size=14)
    for text in pages:
        pdf.add_page()
        pdf.multi_cell(0, 8, text)
    return bytes(pdf.output())


def ok(response: httpx.Response) -> Any:
    """Return the JSON of an answer that must be good."""
    assert response.is_success, f"{response.status_code} {response.text}"
    return response.json() if response.content else None


@dataclass(frozen=True)
class Event:
    """One frame of an event stream."""

    id: str
    name: str
    data: dict[str, Any]


def events_of(response: httpx.Response) -> Iterator[Event]:
    """Yield the frames of an event stream."""
    event_id = name = ""
    for line in response.iter_lines():
        if line.startswith("id: "):
            event_id = line[4:]
        elif line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield Event(event_id, name, json.loads(line[6:]))
            name = ""


@contextmanager
def platform_started(home: Path) -> Iterator[str]:
    """Start a platform that nobody has set up yet, yield its address, and stop it at the end."""
    up = atelier_run(home, "up", "--detach", "--port", str(two_free_ports()), timeout_s=UP_TIMEOUT_S)
    assert up.returncode == 0, up.stderr
    try:
        yield up.stdout.strip()
    finally:
        atelier_run(home, "down")


@contextmanager
def provider_lent(console: httpx.Client, name: str, base_url: str, *models: dict[str, Any]) -> Iterator[str]:
    """Let the workspace know a server of models for a while; yields the provider's id."""
    made = str(ok(console.post("/providers", json={"name": name, "base_url": base_url, "models": models}))["id"])
    try:
        yield made
    finally:  # whoever comes next would be answered by a server that is gone
        assert console.delete(f"/providers/{made}").status_code == 204


@pytest.fixture(scope="module", autouse=True)
def machines_own_model_alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whoever comes next chooses among the same models: a provider that stays would become the default of new apps."""
    yield
    if running := request.session.stash.get(SITE, None):
        with running.console() as console:
            assert [provider["name"] for provider in ok(console.get("/providers"))["results"]] == []


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start a platform, make its owner and a token, and stop it at the end."""
    home = tmp_path_factory.mktemp("site") / "home"
    with platform_started(home) as url:
        made = atelier_run(home, "admin", "create", "--email", EMAIL, "--password", PASSWORD)
        assert made.returncode == 0, made.stderr
        token = atelier_run(home, "token", "create", "--email", EMAIL)
        assert token.returncode == 0, token.stderr
        running = Site(home, url, token.stdout.strip())
        request.session.stash[SITE] = running
        yield running
        del request.session.stash[SITE]


def dataset_create(console: httpx.Client, name: str, pages: tuple[str, ...] = KORVALA) -> str:
    """Create a dataset of one PDF and wait until it is ready; returns its id."""
    dataset = ok(console.post("/datasets", json={"name": name}))
    upload = {"file": ("korvala.pdf", pdf_of(pages), "application/pdf")}
    document = ok(console.post(f"/datasets/{dataset['id']}/documents", files=upload))
    path = f"/datasets/{dataset['id']}/documents/{document['id']}"
    until(lambda: ok(console.get(path))["status"] in ("ready", "failed"), "indexing")
    assert ok(console.get(path))["status"] == "ready", ok(console.get(path))["reason"]
    return str(dataset["id"])


def app_publish(console: httpx.Client, name: str, draft: dict[str, Any], mode: str = "chat") -> tuple[str, str]:
    """Create and publish an app; returns its id and a key."""
    app = ok(console.post("/apps", json={"name": name, "mode": mode}))
    ok(console.put(f"/apps/{app['id']}/draft", json=draft))
    ok(console.post(f"/apps/{app['id']}/publish", json={}))
    key = ok(console.post(f"/apps/{app['id']}/keys", json={"name": "test"}))
    return str(app["id"]), str(key["key"])
