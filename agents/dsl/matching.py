"""What stands for the models, tools and datasets of a file: one table each, and the report's lines on them."""

from agents.dsl.models import ModelTable, Named, named_of
from agents.dsl.report import Findings
from agents.dsl.surroundings import Choices, ModelKind, Workspace
from agents.dsl.tools import ToolTable
from agents.dsl.values import Object, as_object, as_text


class Matching:
    """Finds what the workspace has for everything that a file names."""

    def __init__(self, workspace: Workspace, choices: Choices, findings: Findings) -> None:
        self.workspace = workspace
        self.choices = choices
        self.findings = findings
        self.models = ModelTable(workspace, choices, findings)
        self.tools = ToolTable(workspace, choices, findings)
        self.explained: set[str] = set()
        """Nodes whose configuration is known to be wrong, for a reason that their line gives."""

    def name_model(self, model: Object, kind: ModelKind = "chat") -> str:
        """Add the line of a model that the file names in passing; return the id of ours, or nothing."""
        named = named_of(model, kind)
        return self.models.resolve(named) if named else ""

    def dataset(self, dataset_id: str, name: str = "") -> str:
        """Return the id of our dataset; the file's own where there is none, so that it is seen to be missing."""
        is_new = not self.findings.has("dataset", dataset_id)
        target = self.choices.datasets.get(dataset_id) or (dataset_id if dataset_id in self.workspace.datasets else "")
        if is_new:
            self.findings.add("dataset", dataset_id, self.workspace.datasets.get(target) or name or dataset_id)
            if target:
                reason = "as chosen" if dataset_id in self.choices.datasets else ""
                self.findings.note("dataset", dataset_id, reason, "mapped", target)
            else:
                reason = "a file brings no documents along: make a dataset and choose it for this one"
                self.findings.note("dataset", dataset_id, reason, "unsupported", self._alone())
        return target or dataset_id

    def has_dataset(self, dataset_id: str) -> bool:
        """Whether the workspace has a dataset of this id."""
        return dataset_id in self.workspace.datasets

    def retrieval_models(self, config: Object) -> None:
        """Add the lines of the models in the settings of a search: of reranking, and of the weights."""
        reranker = as_object(config.get("reranking_model"))
        self.name_model(reranker, "rerank")
        if other := as_text(reranker.get("reranking_model_name")):  # what apps without a graph call it
            self.models.resolve(Named(as_text(reranker.get("reranking_provider_name")), other, "rerank"))
        vector = as_object(as_object(config.get("weights")).get("vector_setting"))
        provider, name = as_text(vector.get("embedding_provider_name")), as_text(vector.get("embedding_model_name"))
        if name:
            self.models.resolve(Named(provider, name, "embedding"))

    def _alone(self) -> str:
        """A workspace with one dataset leaves little doubt."""
        return next(iter(self.workspace.datasets)) if len(self.workspace.datasets) == 1 else ""
