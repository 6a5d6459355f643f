"""Many runs at once come to their ends: when Redis forgets everything, and when everybody cancels."""

import threading
import time

import httpx
import pytest
import redis

from backend.embedded.home import Home
from backend.embedded.state import state_running
from tests.e2e.conftest import MODEL, Site, app_publish, ok, until
from tests.e2e.test_chaos import Listener, shown

pytestmark = [pytest.mark.platform, pytest.mark.timeout(400)]
MANY = 20


def draft(max_tokens: int) -> dict[str, object]:
    return {
        "model": {"id": MODEL, "parameters": {"temperature": 0.7, "max_tokens": max_tokens}},
        "prompt": "You tell long stories.",
    }


def chat_health(site: Site) -> dict[str, int]:
    state = state_running(Home(site.home))
    assert state is not None
    body = httpx.get(f"{state.inference_url}/health", timeout=10).json()
    found: dict[str, int] = body["models"][MODEL]
    return found


def test_r04_redis_flushed_in_the_middle_of_20_runs_costs_nothing_but_time(site: Site) -> None:
    state = state_running(Home(site.home))
    assert state is not None
    with site.console() as console:
        app, _key = app_publish(console, "Forgetful", draft(12))
        listeners = [Listener(site, app) for _ in range(MANY)]
        threads = [threading.Thread(target=listener.listen, daemon=True) for listener in listeners]
        for thread in threads:
            thread.start()
        until(lambda: any(listener.deltas for listener in listeners), "the first text")
        with redis.Redis.from_url(state.redis_url) as client:
            client.flushall()
        for thread in threads:
            thread.join(180)
            assert not thread.is_alive(), "every run ends"
        for listener in listeners:
            assert not listener.error
            run = ok(console.get(f"/runs/{listener.events[-1].data['run_id']}"))
            assert run["status"] == "succeeded"
            assert shown(listener.events) == run["answer"]


def test_r10_twenty_cancelled_runs_end_and_give_their_cells_back(site: Site) -> None:
    with site.console() as console:
        app, _key = app_publish(console, "Cancelled", draft(400))
        listeners = [Listener(site, app) for _ in range(MANY)]
        threads = [threading.Thread(target=listener.listen, daemon=True) for listener in listeners]
        for thread in threads:
            thread.start()
        until(lambda: any(listener.deltas for listener in listeners), "the first text")
        until(lambda: all(listener.events or listener.error for listener in listeners), "the start of every run")
        assert chat_health(site)["active"] > 0
        asked: dict[str, float] = {}
        for listener in listeners:
            run_id = listener.events[0].data["run_id"]
            asked[run_id] = time.monotonic()
            assert console.post(f"/runs/{run_id}/cancel").status_code == 202
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        for listener in listeners:
            assert listener.events[-1].name in ("run_cancelled", "run_finished")
        assert sum(listener.events[-1].name == "run_cancelled" for listener in listeners) >= MANY // 2
        until(lambda: chat_health(site)["active"] == 0, "an idle engine")
        health = chat_health(site)
        assert (health["queued"], health["kv_used_tokens"] if "kv_used_tokens" in health else health["kv_used"]) == (
            0,
            0,
        )
