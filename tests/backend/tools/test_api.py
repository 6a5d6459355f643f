"""What an application's author can choose from, over HTTP."""

import pytest
from jsonschema import Draft202012Validator

from tests.backend.conftest import JsonClient, Person

pytestmark = pytest.mark.django_db


def test_the_tools_are_listed_with_the_schema_of_their_arguments(owner: Person) -> None:
    body = owner.request("GET", "/tools").json()
    tools = {tool["name"]: tool for tool in body["results"]}
    assert {"calculator", "current_time"} <= set(tools)
    for tool in tools.values():
        assert set(tool) == {"name", "title", "description", "parameters", "icon"}
        assert tool["title"] and tool["description"]
        Draft202012Validator.check_schema(tool["parameters"])
        assert tool["parameters"]["type"] == "object"


def test_the_node_types_are_listed_with_the_schema_of_their_configuration(owner: Person) -> None:
    body = owner.request("GET", "/node-types").json()
    kinds = {node["kind"]: node for node in body["results"]}
    assert {"start", "llm", "agent", "answer"} <= set(kinds)
    for node in kinds.values():
        assert set(node) == {"kind", "title", "description", "config_schema", "outputs"}
        Draft202012Validator.check_schema(node["config_schema"])


def test_nobody_reads_them_without_credentials(anonymous: JsonClient) -> None:
    assert anonymous.get("/api/v1/tools").status_code == 401
    assert anonymous.get("/api/v1/node-types").status_code == 401
