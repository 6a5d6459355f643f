"""Making an app of a template: its file is imported with what was chosen for it."""

import json
import uuid
from dataclasses import dataclass
from typing import cast

from agents.dsl.exporting import to_yaml
from agents.dsl.surroundings import Choices
from agents.dsl.values import Object, as_list, as_object, objects_in
from backend.accounts.models import User
from backend.apps.models import App
from backend.apps.services import Import, app_import
from backend.common.errors import Invalid
from backend.datasets.models import Dataset
from backend.providers.selectors import CHAT_MODEL, model_get
from backend.templates.catalogue import Template
from backend.templates.selectors import SEARCHES, search_ready

MAIN, SECOND, SEARCH, DATASET = "atelier/main", "atelier/second", "atelier/web_search", "dataset"
"""What the files name in the place of things of a workspace."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person chose; the small embedded model where they chose none, and no dataset."""

    name: str
    model: str = ""
    second_model: str = ""
    dataset: uuid.UUID | None = None


def app_from_template(*, workspace_id: uuid.UUID, user: User | None, template: Template, wanted: Wanted) -> App:
    """Make an app that can be run at once; raises `Invalid` for a choice that the workspace does not have."""
    main, second = wanted.model or CHAT_MODEL, wanted.second_model or wanted.model or CHAT_MODEL
    for field, model in (("model", main), ("second_model", second)):
        try:
            model_get(workspace_id, model, kind="chat")
        except Invalid as error:
            raise Invalid(f"{field}: {error.message}", code=error.code, fields={field: [error.message]}) from error
    dataset = _dataset(workspace_id, wanted.dataset)
    choices = Choices(
        models={MAIN: main, SECOND: second},
        datasets={DATASET: dataset} if dataset else {},
        tools={SEARCH: search_ready(workspace_id) or SEARCHES[0].name},
    )
    document = cast(Object, json.loads(json.dumps(template.document)))
    as_object(document["app"])["name"] = wanted.name
    if not dataset:
        _forget_dataset(document)
    ask = Import(content=to_yaml(document), choices=choices)
    app, _ = app_import(workspace_id=workspace_id, user=user, ask=ask)
    assert app is not None, "only a dry run makes none"
    return app


def _dataset(workspace_id: uuid.UUID, chosen: uuid.UUID | None) -> str:
    if chosen is None:
        return ""
    if not Dataset.objects.within(workspace_id).filter(id=chosen).exists():
        message = f"there is no dataset {str(chosen)!r} in this workspace: see GET /api/v1/datasets"
        raise Invalid(f"dataset: {message}", code="dataset_not_found", fields={"dataset": [message]})
    return str(chosen)


def _forget_dataset(document: Object) -> None:
    """A node that searches nothing finds nothing; one that names what is not there could not run."""
    for item in objects_in(document):
        if DATASET in as_list(item.get("dataset_ids")):
            item["dataset_ids"] = []
