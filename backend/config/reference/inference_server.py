"""The page of the inference server: its routes, options and metrics."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route

from backend.config.reference.markdown import code, page, section, table
from inference.config import ModelConfig, ServerConfig
from inference.registry import Registry
from inference.server.app import create_app
from inference.server.metrics import Metrics
from inference.server.residency import Residency
from inference.store.files import ModelStore
from inference.types import Delta, Usage

ROUTES = {
    "/v1/chat/completions": "OpenAI's chat completions, streamed or whole, with tools, schemas and log probabilities",
    "/v1/completions": "OpenAI's text completions, of texts or token ids",
    "/v1/embeddings": "OpenAI's embeddings of texts or token ids, as floats or base64",
    "/v1/rerank": "Score documents against a query, in the shape of Jina, Cohere and vLLM",
    "/rerank": "The same, where vLLM has it too",
    "/v1/models": "The models that can be asked, with their context, dimensions and abilities, and their adapters",
    "/v1/models/{model}": "One of them",
    "/tokenize": "The tokens of a prompt or of messages, in vLLM's shape; the counts of many texts with `prompts`",
    "/health": "200 when the embedded models are loaded, else 503; always open, with the state of each model",
    "/metrics": "Prometheus metrics",
    "/admin/models": "The models of this machine, their memory and the budget. All admin routes want the home's secret",
    "/admin/models/{model}": "Remove a model that is not loaded",
    "/admin/models/{model}/load": "Load a model, or set how long it stays (`keep_alive_s`) and its `context_tokens`",
    "/admin/models/{model}/unload": "Unload a model once its answers are written",
    "/admin/models/{model}/estimate": "What a model would take of the memory, with `context_tokens`",
}
OPTIONS = {
    "--host": ("127.0.0.1", "The address to listen on; any but loopback needs a key."),
    "--port": ("8001", "The port; `./atelier up` gives the web port + 1."),
    "--home": ("", "Required: the folder whose `models` holds converted models."),
    "--api-key-file": ("", "A file with the key that clients must send as `Authorization: Bearer …`."),
    "--memory-mb": ("0", "What loaded models may take together, $ATELIER_MODEL_MEMORY_MB; 0 is 70 % of the memory."),
    "--keep-alive-s": ("1800", "How long an added model stays unasked, $ATELIER_MODEL_KEEP_ALIVE_S; 0 is for ever."),
    "--scheduling": ("mlfq", "`mlfq` lets short answers pass long ones; `fcfs` is first come, first served."),
}
SAMPLE = "sample"


def routes() -> list[tuple[str, str]]:
    """Return method and path of every route."""
    app = create_app(ServerConfig(home=Path()), Registry(()))
    found = [route for route in app.routes if isinstance(route, Route)]
    return [
        (method, route.path.replace(":path", ""))
        for route in found
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


def metrics() -> list[Metric]:
    """Return every metric with a sample of each: labels are only known from samples."""
    registry = Registry((ModelConfig(id=SAMPLE, kind="chat", path=Path()),))
    counted = Metrics(registry, Residency(registry, ModelStore(Path())))
    counted.count_request("/", 200)
    asyncio.run(_drain(counted))
    return sorted(text_string_to_metric_families(counted.exposition().decode()), key=lambda metric: metric.name)


async def _drain(counted: Metrics) -> None:
    async def deltas() -> AsyncIterator[Delta]:
        yield Delta(text="a")
        yield Delta(finish_reason="stop", usage=Usage(1, 1))

    async for _ in counted.watch(SAMPLE, deltas()):
        pass


def _metric(metric: Metric) -> tuple[str, str, str, str]:
    labels = sorted({label for sample in metric.samples for label in sample.labels} - {"le"})
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    return code(name), metric.type, ", ".join(code(label) for label in labels), metric.documentation


def inference_page() -> str:
    """Return the page."""
    return page(
        "Inference server",
        "The server that computes the embedded models, on the web port + 1: OpenAI's wire format with a few fields "
        "of ours.",
        "What may be in a request is on [a page of its own](../inference-server.md).",
        "On loopback it answers only under loopback's own names and, as `./atelier up` starts it, without a key. "
        "Errors have OpenAI's shape; see [errors](errors.md). A request that nobody waits for any more is cancelled.",
        section(
            "Routes",
            table(
                ("Method", "Address", "What it does"),
                ((method, code(path), ROUTES[path]) for method, path in routes()),
            ),
        ),
        section(
            "Metrics",
            table(
                ("Name", "Type", "Labels", "Meaning"),
                (_metric(metric) for metric in metrics() if not metric.name.endswith("_created")),
            ),
        ),
        section(
            "Starting it by hand",
            "`python -m inference.server` takes:",
            table(
                ("Option", "Default", "Meaning"),
                ((code(name), code(default), meaning) for name, (default, meaning) in OPTIONS.items()),
            ),
        ),
    )
