"""Prometheus metrics of the inference server: what is counted here, what is read from the engines at a scrape."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from inference.registry import Registry, Supervised
from inference.server.residency import Residency
from inference.store.memory import resident_bytes
from inference.types import Delta

_TTFT_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_ITL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 0.6, 1, 2.5)
_E2E_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300)


class Metrics:
    """One server's metrics, in a registry of their own so that two servers fit into one process."""

    def __init__(self, registry: Registry, residency: Residency) -> None:
        self._own = CollectorRegistry()
        self._own.register(_EngineCollector(registry, residency))
        own = self._own
        self._requests = Counter("atelier_requests", "Requests by route and status", ("route", "code"), registry=own)
        self._rejects = Counter("atelier_rejects_429", "Requests refused because too much waits", registry=own)
        self._prompt = Counter("atelier_prompt_tokens", "Prompt tokens", ("model",), registry=own)
        self._generated = Counter("atelier_generation_tokens", "Generated tokens", ("model",), registry=own)
        self._finished = Counter(
            "atelier_generations", "Generations by their end, broken off ones too", ("model", "reason"), registry=own
        )
        self._ttft = Histogram(
            "atelier_ttft_seconds", "Time to the first token", ("model",), buckets=_TTFT_BUCKETS, registry=own
        )
        self._itl = Histogram(
            "atelier_itl_seconds", "Time between two deltas", ("model",), buckets=_ITL_BUCKETS, registry=own
        )
        self._e2e = Histogram(
            "atelier_e2e_seconds", "Time to the end of an answer", ("model",), buckets=_E2E_BUCKETS, registry=own
        )

    def count_request(self, route: str, code: int) -> None:
        self._requests.labels(route, str(code)).inc()
        if code == 429:
            self._rejects.inc()

    def count_prompt(self, model: str, tokens: int) -> None:
        self._prompt.labels(model).inc(tokens)

    async def watch(self, model: str, deltas: AsyncIterator[Delta]) -> AsyncGenerator[Delta, None]:
        """Pass the deltas on and measure the time between them."""
        started = before = time.perf_counter()
        into, between = self._ttft.labels(model), self._itl.labels(model)
        reason = "broken off"
        try:
            async for delta in deltas:
                now = time.perf_counter()
                into.observe(now - before)
                before, into = now, between
                if delta.finish_reason is not None:
                    reason = delta.finish_reason
                    self._e2e.labels(model).observe(now - started)
                if delta.usage is not None:
                    self.count_prompt(model, delta.usage.prompt_tokens)
                    self._generated.labels(model).inc(delta.usage.completion_tokens)
                yield delta
        finally:
            self._finished.labels(model, reason).inc()
            close = getattr(deltas, "aclose", None)
            if close is not None:
                await close()

    def exposition(self) -> bytes:
        return generate_latest(self._own)


class _EngineCollector(Collector):
    """Asks every engine when Prometheus asks us."""

    def __init__(self, registry: Registry, residency: Residency) -> None:
        self._registry = registry
        self._residency = residency

    def collect(self) -> Iterable[Metric]:
        gauges = {
            "active": GaugeMetricFamily("atelier_active_sequences", "Sequences being computed", labels=["model"]),
            "queued": GaugeMetricFamily("atelier_queue_requests", "Sequences that wait", labels=["model"]),
            "queued_tokens": GaugeMetricFamily("atelier_queue_tokens", "Tokens that wait", labels=["model"]),
            "kv_used": GaugeMetricFamily("atelier_kv_used_tokens", "KV cache in use", labels=["model"]),
            "kv_cached": GaugeMetricFamily("atelier_kv_cached_tokens", "KV cache kept for prefixes", labels=["model"]),
            "kv_total": GaugeMetricFamily("atelier_kv_total_tokens", "Size of the KV cache", labels=["model"]),
        }
        counters = {
            "preemptions": CounterMetricFamily("atelier_preemptions", "Sequences put back", labels=["model"]),
            "steps": CounterMetricFamily("atelier_steps", "Steps of the engine", labels=["model"]),
            "step_sequences": CounterMetricFamily(
                "atelier_step_sequences", "Sequences in all steps; per step: the batch size", labels=["model"]
            ),
            "step_s": CounterMetricFamily("atelier_step_seconds", "Time in steps", labels=["model"]),
            "compute_s": CounterMetricFamily("atelier_compute_seconds", "Of it inside llama.cpp", labels=["model"]),
            "prompt_tokens": CounterMetricFamily(
                "atelier_prefix_queried_tokens", "Prompt tokens looked up in the prefix cache", labels=["model"]
            ),
            "prefix_hit_tokens": CounterMetricFamily(
                "atelier_prefix_hit_tokens", "Prompt tokens found in the prefix cache", labels=["model"]
            ),
            "drafted_tokens": CounterMetricFamily("atelier_draft_tokens", "Tokens guessed ahead", labels=["model"]),
            "accepted_tokens": CounterMetricFamily(
                "atelier_draft_accepted_tokens", "Guessed tokens that were right", labels=["model"]
            ),
            "rejected_requests": CounterMetricFamily(
                "atelier_engine_rejects", "Generations an engine had no room for", labels=["model"]
            ),
            "restarts": CounterMetricFamily(
                "atelier_engine_restarts", "Engine processes started anew", labels=["model"]
            ),
        }
        loaded = GaugeMetricFamily("atelier_model_loaded", "1 when the model can be asked", labels=["model"])
        queue_s = SummaryMetricFamily("atelier_queue_seconds", "Time until a sequence's first step", labels=["model"])
        for state in self._registry.states():
            loaded.add_metric([state.id], float(state.state == "loaded"))
            queue_s.add_metric([state.id], count_value=state.stats.admitted, sum_value=state.stats.queued_s)
            for name, gauge in gauges.items():
                gauge.add_metric([state.id], getattr(state.stats, name))
            for name, counter in counters.items():
                counter.add_metric([state.id], getattr(state.stats, name))
        return [*gauges.values(), *counters.values(), loaded, queue_s, *self._memory()]

    def _memory(self) -> list[Metric]:
        resident = GaugeMetricFamily("atelier_model_memory_bytes", "Memory of an engine's process", labels=["model"])
        for model, engine in self._registry.loaded().items():
            if isinstance(engine, Supervised):
                resident.add_metric([model], resident_bytes(engine.pid))
        budget = GaugeMetricFamily(
            "atelier_model_memory_budget_bytes", "Memory that models may take", value=self._residency.budget_bytes
        )
        unloads = CounterMetricFamily("atelier_model_unloads", "Models unloaded, by cause", labels=["cause"])
        for cause, count in self._residency.unloads.items():
            unloads.add_metric([cause], count)
        return [resident, budget, unloads]
