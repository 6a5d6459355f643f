"""Importing and exporting apps over HTTP: what is made, what is refused, and that a file comes back as it went."""

import json
from typing import Any

import pytest
import yaml

from agents.dsl.exporting import to_yaml
from backend.accounts.models import AuditEntry
from backend.apps.importing import raw_url
from backend.apps.models import App
from backend.common.secrets import decrypt
from backend.datasets.models import Dataset
from backend.providers.services import ModelDraft, provider_create
from tests.agents.dsl.files import end, graph_file, llm, node, prompt_file, start
from tests.backend.conftest import Person

EMBEDDED = "smollm2-135m-instruct"


def hello(**workflow: Any) -> str:
    nodes = [start("name"), llm("llm"), end(text=["llm", "text"])]
    return to_yaml(graph_file(nodes, ["start > llm", "llm > end"], **workflow))


def post(person: Person, **body: Any) -> Any:
    return person.request("post", "/apps/import", body)


def imported(person: Person, **body: Any) -> Any:
    response = post(person, **body)
    assert response.status_code == 201, response.content
    return response.json()


def export(person: Person, app: Any, accept: str = "*/*") -> Any:
    return person.request("get", f"/apps/{app['id']}/export", headers={"Accept": accept})


def draft(person: Person, app: Any) -> Any:
    found = person.request("get", f"/apps/{app['id']}/draft").json()
    return {key: value for key, value in found.items() if key not in ("errors", "warnings")}


def lines(answer: Any) -> dict[tuple[str, str], str]:
    return {(line["kind"], line["id"]): line["outcome"] for line in answer["report"]["lines"]}


def test_a_file_becomes_an_app_with_a_report(owner: Person) -> None:
    answer = imported(owner, content=hello())
    app = answer["app"]
    assert (app["name"], app["mode"], app["icon"], app["published_version"]) == ("Tried", "workflow", "🤖", None)
    assert lines(answer) == {
        ("node", "start"): "mapped",
        ("node", "llm"): "mapped",
        ("node", "end"): "mapped",
        ("variable", "start.name"): "mapped",
        ("model", "openai/gpt-4o"): "degraded",
    }
    [model] = [line for line in answer["report"]["lines"] if line["kind"] == "model"]
    assert model["proposal"] == EMBEDDED and "add a provider" in model["reason"]
    assert draft(owner, app)["graph"]["nodes"][1]["data"]["model"]["id"] == EMBEDDED
    assert owner.request("post", f"/apps/{app['id']}/publish", {}).status_code == 201
    entry = AuditEntry.objects.within(owner.workspace.id).get(action="app.imported")
    assert entry.detail == {"mapped": 4, "degraded": 1, "unsupported": 0}


def test_a_dry_run_reports_and_keeps_nothing(owner: Person) -> None:
    response = post(owner, content=hello(), dry_run=True)
    assert (response.status_code, response.json()["app"]) == (200, None)
    assert len(response.json()["report"]["lines"]) == 5
    assert not App.objects.within(owner.workspace.id).exists()


def test_a_mapping_stands_before_every_proposal(owner: Person) -> None:
    provider_create(
        workspace_id=owner.workspace.id,
        name="lab",
        base_url="http://127.0.0.1:1/v1",
        models=[ModelDraft("gpt-4o"), ModelDraft("other")],
        actor=owner.user,
    )
    same = imported(owner, content=hello())
    assert draft(owner, same["app"])["graph"]["nodes"][1]["data"]["model"]["id"] == "lab/gpt-4o"
    chosen = imported(owner, content=hello(), mapping={"models": {"openai/gpt-4o": "lab/other"}})
    assert draft(owner, chosen["app"])["graph"]["nodes"][1]["data"]["model"]["id"] == "lab/other"
    wrong = post(owner, content=hello(), mapping={"models": {"openai/gpt-4o": "gone"}})
    assert wrong.status_code == 400 and "there is no 'gone'" in wrong.json()["extra"]["fields"]["mapping"][0]


def test_datasets_of_another_workspace_are_not_here(owner: Person, stranger: Person) -> None:
    theirs = Dataset.objects.create(workspace=stranger.workspace, name="Theirs")
    ours = Dataset.objects.create(workspace=owner.workspace, name="Ours")
    find = node("find", "knowledge-retrieval", dataset_ids=[str(theirs.id)], query_variable_selector=["start", "name"])
    content = to_yaml(graph_file([start("name"), find, end()], ["start > find", "find > end"]))
    answer = imported(owner, content=content)
    assert lines(answer)["dataset", str(theirs.id)] == "unsupported"
    refused = owner.request("post", f"/apps/{answer['app']['id']}/publish", {})
    assert refused.status_code == 400 and "no dataset" in refused.json()["message"]
    refused = post(owner, content=content, mapping={"datasets": {str(theirs.id): str(theirs.id)}})
    assert refused.status_code == 400
    mapped = imported(owner, content=content, mapping={"datasets": {str(theirs.id): str(ours.id)}})
    assert lines(mapped)["dataset", str(theirs.id)] == "mapped"
    assert draft(owner, mapped["app"])["graph"]["nodes"][1]["data"]["dataset_ids"] == [str(ours.id)]


def test_a_file_with_a_node_that_is_not_here_is_kept_and_not_published(owner: Person) -> None:
    content = to_yaml(graph_file([start(), node("odd", "trigger-plugin", secret="x"), end()], ["start > odd"]))
    answer = imported(owner, content=content)
    assert lines(answer)["node", "odd"] == "unsupported"
    nodes = draft(owner, answer["app"])["graph"]["nodes"]
    assert nodes[1]["data"] == {"type": "trigger-plugin", "title": "odd", "secret": "x"}
    refused = owner.request("post", f"/apps/{answer['app']['id']}/publish", {})
    assert refused.status_code == 400 and refused.json()["code"] == "invalid_graph"


def test_an_app_that_calls_another_one_waits_for_it(owner: Person) -> None:
    call = node("call", "tool", provider_type="workflow", provider_id="old", tool_name="tried", tool_label="Tried")
    content = to_yaml(graph_file([start(), call, end()], ["start > call", "call > end"]))
    first = imported(owner, content=content)
    assert lines(first)["tool", "old/tried"] == lines(first)["node", "call"] == "unsupported"
    refused = owner.request("post", f"/apps/{first['app']['id']}/publish", {})
    assert refused.status_code == 400 and "there is no workflow 'old'" in refused.json()["message"]
    called = imported(owner, content=hello())["app"]
    assert owner.request("post", f"/apps/{called['id']}/publish", {}).status_code == 201
    answer = imported(owner, content=content, mapping={"apps": {"old": called["id"]}})
    assert lines(answer)["node", "call"] == "mapped"
    assert owner.request("post", f"/apps/{answer['app']['id']}/publish", {}).status_code == 201


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("a: [", "invalid_document", "in line 2, column 1"),
        ("a: &a [x, *a]", "invalid_document", "the alias"),
        ("a: !!python/object:os.system x", "invalid_document", "the tag"),
        ("app: {mode: workflow, name: x}", "invalid_document", "no object 'workflow'"),
        ("app: {mode: rag, name: x}", "invalid_document", "cannot be imported"),
        ("hello", "invalid_document", "must be an object"),
        (f"a: {'[' * 200}", "invalid_document", "nested deeper"),
    ],
)
def test_what_is_no_app_is_a_400_that_says_where(owner: Person, content: str, code: str, said: str) -> None:
    response = post(owner, content=content)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert said in response.json()["message"]
    assert not App.objects.within(owner.workspace.id).exists()


def test_the_place_of_an_error_is_machine_readable(owner: Person) -> None:
    extra = post(owner, content="a: 1\nb: 2\na: 3").json()["extra"]
    assert (extra["line"], extra["column"]) == (3, 1)


def test_a_bomb_is_refused_before_it_goes_off(owner: Person) -> None:
    bomb = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    bomb += [f"{chr(97 + n)}: &{chr(97 + n)} [{','.join([f'*{chr(96 + n)}'] * 10)}]" for n in range(1, 9)]
    response = post(owner, content="\n".join(bomb))
    assert response.status_code == 400 and "aliases written out" in response.json()["message"]


def test_a_file_of_ten_megabytes_is_refused(owner: Person) -> None:
    response = post(owner, content=hello() + "#" + "x" * (10 << 20))
    assert response.status_code in (400, 413) and response.json()["code"] in ("invalid_document", "too_large")


@pytest.mark.parametrize("body", [{}, {"content": "a: 1", "url": "https://example.org"}, {"content": "", "url": ""}])
def test_a_file_or_its_address_is_sent_and_not_both(owner: Person, body: dict[str, str]) -> None:
    response = post(owner, **body)
    assert response.status_code == 400 and "one of the two" in response.json()["message"]


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest", "http://localhost:1/x.yml", "http://[::1]/x", "ftp://example.org/x", "x"],
)
def test_an_address_goes_through_the_door(owner: Person, url: str) -> None:
    response = post(owner, url=url)
    assert (response.status_code, response.json()["code"]) == (422, "fetch_failed")


def test_a_page_of_github_is_the_file_that_it_shows() -> None:
    assert raw_url("https://github.com/a/b/blob/main/x/y.yml") == "https://raw.githubusercontent.com/a/b/main/x/y.yml"
    for url in ("https://github.com/a/b", "https://example.org/a/b/blob/main/x.yml"):
        assert raw_url(url) == url


def test_secrets_are_kept_encrypted_and_never_exported(owner: Person) -> None:
    secret = {"id": "v1", "name": "key", "value_type": "secret", "value": "s3cr3t"}
    app = imported(owner, content=hello(environment_variables=[secret]))["app"]
    stored = App.objects.within(owner.workspace.id).get(id=app["id"])
    assert "s3cr3t" not in json.dumps(stored.draft) and decrypt(stored.draft_secrets["key"]) == "s3cr3t"
    text = export(owner, app).content.decode()
    assert "s3cr3t" not in text
    [variable] = yaml.safe_load(text)["workflow"]["environment_variables"]
    assert (variable["name"], variable["value_type"], variable["value"]) == ("key", "secret", "")


def test_an_export_is_a_file_or_its_text_in_json(owner: Person) -> None:
    app = imported(owner, content=hello())["app"]
    response = export(owner, app)
    assert response.headers["Content-Type"] == "application/yaml; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="tried.yml"'
    assert export(owner, app, "application/json").json() == {"data": response.content.decode()}
    for accept in ("application/yaml", "text/yaml", "text/html,*/*"):
        assert export(owner, app, accept).content == response.content
    file = yaml.safe_load(response.content)
    assert (file["version"], file["kind"], file["app"]["mode"]) == ("0.6.0", "app", "workflow")


def test_an_export_imports_again_unchanged(owner: Person) -> None:
    file = graph_file([start("name"), llm("llm", odd=1), end(text=["llm", "text"])], ["start > llm", "llm > end"])
    file |= {"odd_top": {"a": 1}}
    first = imported(owner, content=to_yaml(file))["app"]
    text = export(owner, first).content.decode()
    assert yaml.safe_load(text)["odd_top"] == {"a": 1}
    second = imported(owner, content=text)["app"]
    assert draft(owner, second) == draft(owner, first)
    assert export(owner, second).content.decode() == text


@pytest.mark.parametrize("mode", ["workflow", "chatflow", "chat", "agent", "completion"])
def test_a_new_app_is_exported_and_imported_unchanged(owner: Person, mode: str) -> None:
    app = owner.request("post", "/apps", {"name": "New", "mode": mode}).json()
    answer = imported(owner, content=export(owner, app).content.decode())
    assert answer["app"]["mode"] == mode
    assert draft(owner, answer["app"]) == draft(owner, app)
    assert {line["outcome"] for line in answer["report"]["lines"]} == {"mapped"}


@pytest.mark.parametrize(("theirs", "ours"), [("chat", "chat"), ("agent-chat", "agent"), ("completion", "completion")])
def test_apps_without_a_graph_become_prompt_apps_that_publish(owner: Person, theirs: str, ours: str) -> None:
    form = [{"text-input": {"variable": "name", "label": "Name", "required": True}}]
    file = prompt_file(theirs, pre_prompt="Help {{name}}.", user_input_form=form, opening_statement="Hi {{name}}")
    answer = imported(owner, content=to_yaml(file))
    assert answer["app"]["mode"] == ours
    found = draft(owner, answer["app"])
    assert (found["prompt"], found["opening_statement"]) == ("Help {{name}}.", "Hi {{name}}")
    assert found["model"]["id"] == EMBEDDED and found["model"]["parameters"]["temperature"] == 1
    assert owner.request("post", f"/apps/{answer['app']['id']}/publish", {}).status_code == 201


def test_a_value_that_no_draft_takes_names_its_field(owner: Person) -> None:
    variable = {"name": "not a name", "value_type": "string", "value": ""}
    response = post(owner, content=hello(environment_variables=[variable]))
    assert response.status_code == 400
    assert list(response.json()["extra"]["fields"]) == ["environment_variables.0.name"]


def test_a_stranger_exports_nothing(owner: Person, stranger: Person) -> None:
    app = imported(owner, content=hello())["app"]
    assert export(stranger, app).status_code == 404
