"""The runs worker is killed in the middle of streams: every run ends, and no reader sees a lost or doubled word."""

import random
import threading
import time
from dataclasses import dataclass, field

import pytest

from tests.e2e.conftest import MODEL, Event, Site, app_publish, events_of, ok, until

pytestmark = [pytest.mark.platform, pytest.mark.timeout(500)]
KILLS, STREAMS = 5, 4
QUESTION = "Tell a long story about a fisherman, his boat and the sea."
DRAFT = {
    "model": {"id": MODEL, "parameters": {"temperature": 0.7, "max_tokens": 120}},
    "prompt": "You tell long stories.",
}


@dataclass
class Listener:
    """Reads one stream from the first event to the last, as a browser does."""

    site: Site
    app: str
    events: list[Event] = field(default_factory=list)
    error: str = ""

    def listen(self) -> None:
        with self.site.console() as console:
            body = {"inputs": {}, "query": QUESTION}
            with console.stream("POST", f"/apps/{self.app}/runs", json=body, timeout=120) as response:
                if response.status_code != 200:
                    self.error = response.read().decode()
                for event in events_of(response):
                    self.events.append(event)

    @property
    def deltas(self) -> int:
        return sum(event.name == "text_delta" for event in self.events)


def shown(events: list[Event]) -> str:
    text = ""
    for event in events:
        if event.name == "text_delta":
            text += event.data["text"]
        elif event.name == "text_reset":
            text = event.data["text"]
    return text


def test_the_runs_worker_killed_at_20_moments_of_streams_loses_and_doubles_nothing(site: Site) -> None:
    dice = random.Random(20)
    with site.console() as console:
        app, _key = app_publish(console, "Chaos", DRAFT)
        listeners: list[Listener] = []
        resumed = 0
        for _ in range(KILLS):
            batch = [Listener(site, app) for _ in range(STREAMS)]
            threads = [threading.Thread(target=listener.listen, daemon=True) for listener in batch]
            for thread in threads:
                thread.start()
                time.sleep(dice.uniform(0, 0.1))
            until(lambda batch=batch: any(item.deltas or item.error for item in batch), "the first text")
            time.sleep(dice.uniform(0, 1.5))
            site.kill("worker-runs")
            for thread in threads:
                thread.join(120)
                assert not thread.is_alive(), "every run ends"
            listeners += batch
        for listener in listeners:
            assert not listener.error
            assert listener.events[-1].name == "run_finished", listener.events[-1]
            run_id = listener.events[-1].data["run_id"]
            run = ok(console.get(f"/runs/{run_id}"))
            assert run["status"] == "succeeded"
            assert shown(listener.events) == run["answer"]
            seqs = [int(event.id) for event in listener.events]
            assert seqs == sorted(set(seqs))
            resumed += run["attempt"] > 0
            _assert_nothing_is_generated_again(listener.events)
            _assert_no_finished_node_ran_twice(listener.events)
    assert resumed >= KILLS, "the worker was killed while it had runs"


def _assert_nothing_is_generated_again(events: list[Event]) -> None:
    """What was out is what the next attempt starts from: the reader's text never shrinks."""
    for position, event in enumerate(events):
        if event.name == "text_reset":
            assert event.data["text"] == shown(events[:position])


def _assert_no_finished_node_ran_twice(events: list[Event]) -> None:
    finished: set[str] = set()
    for event in events:
        if event.name == "node_finished":
            finished.add(event.data["node_id"])
        elif event.name == "node_started":
            assert event.data["node_id"] not in finished
