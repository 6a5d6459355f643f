"""Models: which of ours stands for one that a file names, and its parameters in both notations."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agents.dsl.report import Findings, Outcome
from agents.dsl.surroundings import Choices, ModelKind, ModelOffer, Workspace
from agents.dsl.values import Object, as_object, as_text
from agents.types import JsonValue

OURS = "atelier"
"""The provider that our own models have in an exported file."""
MAX_STOPS, MAX_STOP_CHARS = 8, 200


def _number(low: float, high: float, *, above: bool = False) -> Callable[[JsonValue], bool]:
    def fits(value: JsonValue) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return False
        return (low < value if above else low <= value) and value <= high

    return fits


def _whole(low: int, high: int) -> Callable[[JsonValue], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _stops(value: JsonValue) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MAX_STOPS
        and all(isinstance(item, str) and 0 < len(item) <= MAX_STOP_CHARS for item in value)
    )


PARAMETERS: Mapping[str, Callable[[JsonValue], bool]] = {
    "temperature": _number(0, 2),
    "top_p": _number(0, 1, above=True),
    "top_k": _whole(0, 1000),
    "min_p": _number(0, 1),
    "max_tokens": _whole(1, 1_000_000),
    "presence_penalty": _number(-2, 2),
    "frequency_penalty": _number(-2, 2),
    "repeat_penalty": _number(0, 2, above=True),
    "seed": _whole(0, 2**32 - 1),
    "stop": _stops,
}
"""The parameters that mean the same to both, with the values that every engine of ours takes."""


def parameters_split(given: Mapping[str, JsonValue]) -> tuple[Object, Object]:
    """Return what we run with, and the rest, which only goes back into an exported file."""
    ours = {name: value for name, value in given.items() if name in PARAMETERS and PARAMETERS[name](value)}
    return ours, {name: value for name, value in given.items() if name not in ours}


@dataclass(frozen=True, slots=True)
class Named:
    """A model as a file names it; `wish` is the id that one of our own exports gave beside the names."""

    provider: str
    name: str
    kind: ModelKind = "chat"
    wish: str = ""

    @property
    def id(self) -> str:
        """The id of its line in the report."""
        return f"{self.provider}/{self.name}" if self.provider else self.name


class ModelTable:
    """Finds a model of the workspace for each one that the file names, and keeps the report's lines on them."""

    def __init__(self, workspace: Workspace, choices: Choices, findings: Findings) -> None:
        self._workspace = workspace
        self._choices = choices
        self._findings = findings

    def resolve(self, named: Named) -> str:
        """Return the id of our model; empty where there is none of its kind."""
        is_new = not self._findings.has("model", named.id)
        if is_new:
            self._findings.add("model", named.id, named.name)
        offer, outcome, reason = self._found(named)
        proposal = offer.id if offer else ""
        if is_new:
            self._findings.note("model", named.id, reason, outcome, proposal)
        return proposal

    def _found(self, named: Named) -> tuple[ModelOffer | None, Outcome, str]:
        if (chosen := self._chosen(named)) is not None:
            return chosen, "mapped", "as chosen"
        if (same := self._same(named)) is not None:
            return same, "mapped", ""
        match named.kind:
            case "embedding":
                return None, "degraded", "a dataset is always searched with the embedding model it was indexed with"
            case "rerank":
                return self._any_reranker()
            case "chat":
                return self._default()

    def _default(self) -> tuple[ModelOffer | None, Outcome, str]:
        default = self._workspace.model(self._workspace.default_model)
        if default is None:
            return None, "unsupported", "the workspace has no chat model: add a provider"
        if default.is_embedded:
            return default, "degraded", "the small embedded model stands in: add a provider that offers this model"
        return default, "degraded", "the workspace has no model of this name: its default model stands in"

    def _chosen(self, named: Named) -> ModelOffer | None:
        short = f"{_last(named.provider)}/{named.name}"
        for key in (named.id, short, named.name):
            if key in self._choices.models:
                return self._workspace.model(self._choices.models[key], named.kind)
        return None

    def _same(self, named: Named) -> ModelOffer | None:
        """Return the model of the same name, of the same provider if there are several."""
        if named.wish and (offer := self._workspace.model(named.wish, named.kind)):
            return offer
        offers = [offer for offer in self._workspace.models if offer.kind == named.kind]
        same = [offer for offer in offers if named.name.lower() in (offer.name.lower(), offer.id.lower())]
        provider = _last(named.provider).lower()
        return next((offer for offer in same if provider in offer.provider.lower()), same[0] if same else None)

    def _any_reranker(self) -> tuple[ModelOffer | None, Outcome, str]:
        offer = next((offer for offer in self._workspace.models if offer.kind == "rerank"), None)
        if offer is None:
            return None, "degraded", "the workspace has no rerank model: passages keep the order of the search"
        return offer, "degraded", "the workspace has no rerank model of this name: another one stands in"


def _last(provider: str) -> str:
    """Return `openai` for `langgenius/openai/openai`."""
    return provider.rpartition("/")[2]


def named_of(model: Object, kind: ModelKind = "chat") -> Named | None:
    """Return the model that an object of a file names (`provider` with `name` or `model`); None where it is blank."""
    provider, name = as_text(model.get("provider")), as_text(model.get("name")) or as_text(model.get("model"))
    return Named(provider, name, kind, as_text(model.get("id"))) if name else None


def model_read(model: Object, table: ModelTable) -> None:
    """Add our id and parameters to a chat model of a file, in place; what is ours alone becomes as we wrote it."""
    named = named_of(model)
    if named is None:
        return
    found = table.resolve(named)
    if found:
        model["id"] = found
    if "completion_params" in model:
        ours, rest = parameters_split(as_object(model.pop("completion_params")))
        model["parameters"] = ours
        if rest:
            model["completion_params"] = rest
    if named.provider == OURS:
        model.pop("provider"), model.pop("name", None)
        model.setdefault("id", named.name)
        if model.get("mode") == "chat":
            model.pop("mode")


def model_write(model: Object) -> Object:
    """Return the model as a file has it; the inverse of `model_read`."""
    written = dict(model)
    if "parameters" in written or "completion_params" in written:
        parameters = as_object(written.pop("parameters", None))
        written["completion_params"] = {**as_object(written.get("completion_params")), **parameters}
    if not written.get("provider"):
        name = as_text(written.pop("id", None))
        written = {"provider": OURS, "name": name, "mode": "chat", **written}
    return written
