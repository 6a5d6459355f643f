"""What an import may lean on: the models, datasets and apps of the workspace, and what the importer chose for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agents.errors import InvalidInput

ModelKind = Literal["chat", "embedding", "rerank"]


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """A model of the workspace. `id` is what a node names; `name` is what its own server calls it."""

    id: str
    name: str
    kind: ModelKind = "chat"
    provider: str = ""
    is_embedded: bool = False
    supports_images: bool = False


@dataclass(frozen=True, slots=True)
class Workspace:
    """What is there; datasets and apps by id, with their names. `default_model` is the id of a chat model.

    `packages` are what code in the sandbox may import besides Python's own library.
    """

    models: tuple[ModelOffer, ...]
    default_model: str
    datasets: Mapping[str, str] = field(default_factory=dict)
    apps: Mapping[str, str] = field(default_factory=dict)
    packages: frozenset[str] = frozenset()

    def model(self, model_id: str, kind: ModelKind = "chat") -> ModelOffer | None:
        """Return the model of this id."""
        return next((offer for offer in self.models if (offer.id, offer.kind) == (model_id, kind)), None)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the importer wants in the place of what the file names; keys are the ids of the report's lines."""

    models: Mapping[str, str] = field(default_factory=dict)
    datasets: Mapping[str, str] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)
    apps: Mapping[str, str] = field(default_factory=dict)

    def check(self, workspace: Workspace, tools: Mapping[str, object]) -> None:
        """Raise `InvalidInput` when something is chosen that is not there."""
        known: tuple[tuple[str, Mapping[str, str], set[str]], ...] = (
            ("models", self.models, {offer.id for offer in workspace.models}),
            ("datasets", self.datasets, set(workspace.datasets)),
            ("tools", self.tools, set(tools)),
            ("apps", self.apps, set(workspace.apps)),
        )
        for field_name, chosen, there in known:
            for source, target in chosen.items():
                if target not in there:
                    some = ", ".join(sorted(there)[:20]) or "(there are none)"
                    raise InvalidInput(f"mapping.{field_name}.{source}: there is no {target!r}; choose from {some}")
