"""What an application's author can choose from, over HTTP; and trying a tool."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from backend.accounts.models import Role
from backend.files.models import StoredFile
from backend.tools import selectors, services
from tests.backend.conftest import JsonClient, Person
from tests.backend.providers.conftest import Server

pytestmark = pytest.mark.django_db
KEYS = {
    "name", "title", "description", "parameters", "icon", "config_schema", "outputs", "writes", "credentials",
    "is_ready", "reason_off",
}  # fmt: skip


def tools_of(person: Person) -> dict[str, Any]:
    return {tool["name"]: tool for tool in person.request("GET", "/tools").json()["results"]}


def test_the_tools_are_listed_with_the_schema_of_their_arguments(owner: Person) -> None:
    tools = tools_of(owner)
    assert {"calculator", "current_time", "web_reader", "chart"} <= set(tools)
    for tool in tools.values():
        assert set(tool) == KEYS
        assert tool["title"] and tool["description"] and tool["icon"]
        for schema in (tool["parameters"], tool["config_schema"]):
            Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"


def test_a_tool_says_what_it_takes_and_whether_it_is_ready(owner: Person) -> None:
    tools = tools_of(owner)
    assert tools["calculator"]["credentials"] == [] and tools["calculator"]["is_ready"] is True
    assert tools["http_request"]["writes"] is True and tools["web_reader"]["writes"] is False
    [key, address] = tools["tavily_search"]["credentials"]
    assert (key["name"], key["is_secret"], key["is_required"], key["is_stored"]) == ("api_key", True, True, False)
    assert (address["name"], address["is_secret"], address["default"]) == ("base_url", False, "https://api.tavily.com")
    assert tools["tavily_search"]["is_ready"] is False and tools["wikipedia_search"]["is_ready"] is True


def test_a_tool_that_runs_code_says_why_this_machine_does_not(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tools_of(owner)["calculator"]["reason_off"] == ""
    off = SimpleNamespace(reason_off="the sandbox does not hold on this machine")
    monkeypatch.setattr(selectors, "code_runner", lambda: off)
    tools = tools_of(owner)
    assert tools["code_interpreter"]["reason_off"] == off.reason_off and tools["calculator"]["reason_off"] == ""


def test_the_node_types_are_listed_with_the_schema_of_their_configuration(owner: Person) -> None:
    body = owner.request("GET", "/node-types").json()
    kinds = {node["kind"]: node for node in body["results"]}
    assert {"start", "llm", "agent", "answer", "tool", "http-request"} <= set(kinds)
    for node in kinds.values():
        assert {"kind", "title", "description", "config_schema", "outputs"} <= set(node)
        Draft202012Validator.check_schema(node["config_schema"])


def test_nobody_reads_them_without_credentials(anonymous: JsonClient) -> None:
    assert anonymous.get("/api/v1/tools").status_code == 401
    assert anonymous.get("/api/v1/node-types").status_code == 401


def tried(person: Person, tool: str, arguments: Any, **body: Any) -> Any:
    return person.request("POST", f"/tools/{tool}/try", {"arguments": arguments, **body})


def test_a_tool_is_tried_with_arguments(owner: Person) -> None:
    answer = tried(owner, "calculator", {"expression": "23 * 19"})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["output"], answer.json()["error"]) == ("437", "") and answer.json()["elapsed_ms"] >= 0
    wrong = tried(owner, "calculator", {"expression": "import os"}).json()
    assert wrong["error"] == "tool_retry" and "import os" in wrong["output"]
    assert tried(owner, "calculator", {}).json()["error"] == "tool_retry"


@pytest.mark.django_db(transaction=True)
def test_a_chart_is_kept_among_the_files_of_whoever_tried_it(owner: Person, settings: Any, tmp_path: Path) -> None:
    settings.FILES_ROOT = tmp_path / "files"
    said = tried(owner, "chart", {"kind": "bar", "data": [1, 2]}).json()
    assert said["output"] == "The bar chart is the file 'bar-chart.svg'." and said["error"] == ""
    [stored] = StoredFile.unscoped.all()
    assert (stored.name, stored.user, stored.workspace_id) == ("bar-chart.svg", owner.user, owner.workspace.id)
    assert said["files"] == [
        {"id": str(stored.id), "name": stored.name, "mime_type": "image/svg+xml", "size_bytes": stored.size_bytes}
    ]
    assert said["values"]["svg"].startswith("<svg")


def test_values_that_a_page_cannot_show_are_left_out(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = {"operation": "query", "content": {"a": "x" * 50}, "path": "$.a"}
    assert tried(owner, "json_process", arguments).json()["values"] == {"result": "x" * 50}
    monkeypatch.setattr(services, "TRY_FIELDS_CHARS", 20)
    said = tried(owner, "json_process", arguments).json()
    assert said["values"] == {} and said["output"]


def test_a_tool_that_does_not_exist_or_is_set_wrongly_is_refused(owner: Person) -> None:
    assert (tried(owner, "nonsense", {}).status_code, tried(owner, "nonsense", {}).json()["code"]) == (404, "not_found")
    wrong = tried(owner, "brave_search", {"query": "x"}, config={"count": 900})
    assert wrong.status_code == 400 and "config.count" in wrong.json()["extra"]["fields"]
    assert tried(owner, "brave_search", "query").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_tool_is_tried_with_the_keys_and_the_network_of_the_workspace(owner: Person, server: Server) -> None:
    key = {"api_key": "CANARY-brave", "base_url": server.origin}
    owner.request("PUT", "/tools/brave_search/credentials", {"values": key})
    refused = tried(owner, "brave_search", {"query": "x"}).json()
    assert refused["error"] == "tool_failed" and "private network" in refused["output"]
    owner.request("PUT", "/egress", {"allow": [f"127.0.0.1:{server.server_port}"]})
    reached = tried(owner, "brave_search", {"query": "x"}).json()
    assert "status 404" in reached["output"] and "CANARY" not in json.dumps(reached)


def test_only_who_may_edit_tries_tools(owner: Person, member: Any) -> None:
    assert tried(member(Role.VIEWER), "calculator", {"expression": "1"}).status_code == 403
    assert tried(member(Role.EDITOR), "calculator", {"expression": "1"}).json()["output"] == "1"


def test_tries_are_limited_for_the_workspace(owner: Person, stranger: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "TRIES_PER_MINUTE", 0)
    answer = tried(owner, "calculator", {"expression": "1"})
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
