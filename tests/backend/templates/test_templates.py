"""Templates: each is complete in three languages, and makes an app that could be published."""

from typing import Any

import pytest

from agents.dsl.importing import import_app
from agents.tools.builtin.web_search import BraveSearch
from backend.apps.importing import workspace_of
from backend.apps.models import App
from backend.datasets.models import Dataset
from backend.providers.services import ModelDraft, provider_create
from backend.templates.catalogue import need_words, templates
from backend.tools.services import credentials_set
from tests.backend.apps.running import MODEL
from tests.backend.conftest import Person
from tests.backend.templates.making import IDS, create, created


def listed(person: Person, template_id: str) -> Any:
    found = person.request("get", "/templates").json()["results"]
    return next(item for item in found if item["id"] == template_id)


def met(person: Person, template_id: str) -> dict[str, bool]:
    return {need["kind"]: need["met"] for need in listed(person, template_id)["needs"]}


def models_of(draft: Any) -> set[str]:
    nodes = draft["graph"]["nodes"] if "graph" in draft else [{"data": draft}]
    return {node["data"]["model"]["id"] for node in nodes if "model" in node["data"]}


def test_there_are_twelve_of_several_modes() -> None:
    assert len(IDS) == len(set(IDS)) == 12
    assert {template.mode for template in templates()} >= {"workflow", "chatflow", "agent", "completion"}


@pytest.mark.parametrize("template_id", IDS)
def test_a_template_says_what_it_is_and_can_be_drawn(owner: Person, template_id: str) -> None:
    shown = listed(owner, template_id)
    assert all(shown["name"].values()) and all(shown["description"].values()) and shown["tags"]
    ids = {node["id"] for node in shown["preview"]["nodes"]}
    assert bool(ids) == (shown["mode"] in ("workflow", "chatflow")) == (not shown["prompt"])
    assert all({edge["source"], edge["target"]} <= ids for edge in shown["preview"]["edges"])


@pytest.mark.parametrize("template_id", IDS)
def test_a_template_becomes_an_app_that_can_be_published_as_it_is(owner: Person, template_id: str) -> None:
    app_id = created(owner, template_id)
    draft = owner.request("get", f"/apps/{app_id}/draft").json()
    assert draft.get("errors", []) == draft.get("warnings", []) == []
    assert models_of(draft) <= {MODEL}
    published = owner.request("post", f"/apps/{app_id}/publish", {})
    assert published.status_code == 201, published.content


def test_the_files_lose_nothing_but_what_is_to_be_chosen(owner: Person) -> None:
    for template in templates():
        report = import_app(dict(template.document), workspace_of(owner.workspace.id)).report
        lost = {(line.kind, line.id) for line in report.lines if line.outcome == "unsupported"}
        assert lost <= {("dataset", "dataset"), ("node", "find"), ("tool", "atelier/web_search")}, template.id


def test_what_is_needed_is_said_and_is_met_when_it_is_there(owner: Person) -> None:
    assert met(owner, "rag-chat") == {"dataset": False}
    assert met(owner, "research-agent") == {"web_search": False, "larger_model": False}
    # The embedded model answers with its adapter and without: two to compare from the first day.
    assert met(owner, "compare-models") == {"second_model": True}
    assert all(all(words.values()) for words in need_words().values())
    Dataset.objects.create(workspace=owner.workspace, name="Ours")
    provider_create(
        workspace_id=owner.workspace.id,
        name="lab",
        base_url="http://127.0.0.1:1/v1",
        models=[ModelDraft("big")],
        actor=owner.user,
    )
    credentials_set(workspace_id=owner.workspace.id, tool=BraveSearch.name, values={"api_key": "k"}, actor=owner.user)
    assert met(owner, "rag-chat") == {"dataset": True}
    assert met(owner, "research-agent") == {"web_search": True, "larger_model": True}
    app_id = created(owner, "research-agent", model="lab/big")
    draft = owner.request("get", f"/apps/{app_id}/draft").json()
    assert draft["model"]["id"] == "lab/big" and draft["tools"][0]["name"] == "brave_search"
    app_id = created(owner, "compare-models", second_model="lab/big")
    assert models_of(owner.request("get", f"/apps/{app_id}/draft").json()) == {MODEL, "lab/big"}


def test_a_chosen_dataset_stands_in_the_graph_and_that_of_others_is_refused(owner: Person, stranger: Person) -> None:
    ours = Dataset.objects.create(workspace=owner.workspace, name="Ours")
    theirs = Dataset.objects.create(workspace=stranger.workspace, name="Theirs")
    app_id = created(owner, "rag-chat", dataset=str(ours.id))
    nodes = owner.request("get", f"/apps/{app_id}/draft").json()["graph"]["nodes"]
    assert [node["data"]["dataset_ids"] for node in nodes if node["id"] == "find"] == [[str(ours.id)]]
    refused = create(owner, "rag-chat", dataset=str(theirs.id))
    assert (refused.status_code, refused.json()["code"]) == (400, "dataset_not_found")
    assert "dataset" in refused.json()["extra"]["fields"]
    assert App.objects.within(owner.workspace.id).count() == 1


def test_what_is_not_there_is_named(owner: Person) -> None:
    missing = create(owner, "gone")
    assert missing.status_code == 404 and "rag-chat" in missing.json()["message"]
    refused = create(owner, "rag-chat", model="gone")
    assert (refused.status_code, refused.json()["code"]) == (400, "model_not_found")
    assert list(refused.json()["extra"]["fields"]) == ["model"]
