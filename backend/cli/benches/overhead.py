"""`bench overhead`: what the platform adds to the inference server's own time to first token.

The same conversation is asked in turn of the inference server itself and of an application with the same model,
prompt and parameters through the service API. Both stream; the time runs from the request to the first text.
"""

import json
import secrets
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import httpx

from backend.cli.benches.table import Row, report
from backend.cli.in_process import django_ready
from backend.embedded.home import Home

ROUNDS = 60
WARM_UP_ROUNDS = 5
GATE_MS = 15.0
MODEL = "smollm2-135m-instruct"
PROMPT = "You are a helpful assistant. Answer in one short sentence."
MAX_TOKENS = 4
TIMEOUT_S = 60.0
# Every request starts on an idle platform: what the one before still tidies up is not its time.
PAUSE_S = 0.1


def _first_text_ms(client: httpx.Client, path: str, body: dict[str, object]) -> float:
    """Return the milliseconds to the first text of a stream, which is then read to its end."""
    started = time.perf_counter()
    first = None
    with client.stream("POST", path, json=body) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            if first is None and line.startswith("data: {") and _has_text(json.loads(line[6:])):
                first = (time.perf_counter() - started) * 1000
    if first is None:
        raise RuntimeError(f"{path} sent no text")
    return first


def _has_text(chunk: dict[str, object]) -> bool:
    if "choices" in chunk:
        choices = chunk["choices"]
        return bool(isinstance(choices, list) and choices and choices[0]["delta"].get("content"))
    return chunk.get("event") == "message" and bool(chunk.get("answer"))


@contextmanager
def _published_app(console: httpx.Client) -> Iterator[str]:
    """Make an application for the bench; yields its key and removes it afterwards."""
    app = (
        console.post("/apps", json={"name": f"bench {secrets.token_hex(4)}", "mode": "chat"}).raise_for_status().json()
    )
    try:
        draft = {
            "model": {"id": MODEL, "parameters": {"temperature": 0, "max_tokens": MAX_TOKENS}},
            "prompt": PROMPT,
        }
        console.put(f"/apps/{app['id']}/draft", json=draft).raise_for_status()
        console.post(f"/apps/{app['id']}/publish", json={}).raise_for_status()
        yield console.post(f"/apps/{app['id']}/keys", json={"name": "bench"}).raise_for_status().json()["key"]
    finally:
        console.delete(f"/apps/{app['id']}")


@contextmanager
def bench_token(home: Home) -> Iterator[tuple[str, str, str]]:
    """Make a user and a workspace for the bench; yields a token and both addresses, and removes them afterwards."""
    state = django_ready(home)
    models, services = import_module("backend.accounts.models"), import_module("backend.accounts.services")
    name = f"bench-{secrets.token_hex(4)}"
    email = f"{name}@localhost.invalid"
    services.account_create_admin(
        email=email, password=secrets.token_urlsafe(24), workspace_name=name, reset_password=False
    )
    try:
        token = services.token_create(email=email, workspace_name=name, name="bench")
        yield token, state.url, state.inference_url
    finally:
        models.Workspace.objects.filter(name=name).delete()
        models.User.objects.filter(email=email).delete()


def _measure(direct: httpx.Client, service: httpx.Client) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    peer: list[float] = []
    for number in range(WARM_UP_ROUNDS + ROUNDS):
        query = f"Question {number}: name one colour of the rainbow, please."
        messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": query}]
        bare = {"model": MODEL, "messages": messages, "stream": True, "temperature": 0, "max_tokens": MAX_TOKENS}
        asked = {"inputs": {}, "query": query, "user": "bench", "response_mode": "streaming"}
        # Each side goes first in every other round, so that neither profits from the other's warmth.
        sides = [
            (peer, direct, "/v1/chat/completions", bare),
            (ours, service, "/v1/chat-messages", asked),
        ]
        for times, client, path, body in sides if number % 2 else reversed(sides):
            time.sleep(PAUSE_S)
            taken = _first_text_ms(client, path, body)
            if number >= WARM_UP_ROUNDS:
                times.append(taken)
    return ours, peer


def overhead(home: Home, json_file: str | None) -> int:
    """Print the time to first token of both sides; the gate is what the platform may add at the median."""
    with bench_token(home) as (token, url, inference_url):
        headers = {"Authorization": f"Bearer {token}"}
        with (
            httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=TIMEOUT_S) as console,
            _published_app(console) as key,
            httpx.Client(base_url=inference_url, timeout=TIMEOUT_S) as direct,
            httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=TIMEOUT_S) as service,
        ):
            ours, peer = _measure(direct, service)
    added = statistics.median(ours) - statistics.median(peer)
    rows = [
        Row(
            "time to first token, p50, ms",
            statistics.median(ours),
            statistics.median(peer),
            f"adds {added:.1f} ms of at most {GATE_MS:.0f}",
            added <= GATE_MS,
        ),
        Row("time to first token, p95, ms", _p95(ours), _p95(peer), "shown, no gate", True),
    ]
    return report("overhead", "the inference server alone", rows, {"ours": ours, "peer": peer}, json_file)


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
