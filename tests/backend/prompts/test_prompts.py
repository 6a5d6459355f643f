"""Prompts and their versions, over HTTP."""

import threading
from typing import Any

import pytest
from django.db import connection

from backend.prompts.models import Prompt
from backend.prompts.services import prompt_create, prompt_version_create
from tests.backend.conftest import Person, person_create


def create(person: Person, **values: Any) -> Any:
    return person.request("POST", "/prompts", {"name": "greet", **values})


def test_a_prompt_has_the_text_and_variables_of_its_newest_version(owner: Person) -> None:
    made = create(owner, content={"text": "Hello {{name}}, {{ day }} and {{name}}"})
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["version"], body["variables"]) == (1, ["name", "day"])
    path = f"/prompts/{body['id']}"
    assert owner.request("POST", f"{path}/versions", {"text": "Bye {{who}}", "note": "shorter"}).json()["number"] == 2
    shown = owner.request("GET", path).json()
    assert (shown["text"], shown["version"], shown["variables"]) == ("Bye {{who}}", 2, ["who"])
    versions = owner.request("GET", f"{path}/versions").json()["results"]
    assert [(v["number"], v["note"], v["created_by"]["email"]) for v in versions] == [
        (2, "shorter", owner.user.email),
        (1, "", owner.user.email),
    ]


def test_a_prompt_without_a_text_has_no_version_yet(owner: Person) -> None:
    made = create(owner).json()
    assert (made["version"], made["text"], made["variables"]) == (None, "", [])
    assert owner.request("GET", "/prompts").json()["results"][0]["version"] is None


def test_messages_become_one_text(owner: Person) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{q}}"}]
    made = create(owner, content={"messages": messages}).json()
    assert (made["text"], made["variables"]) == ("Be brief.\n\n{{q}}", ["q"])


def test_a_name_is_there_once_per_workspace(owner: Person, stranger: Person) -> None:
    assert create(owner).status_code == 201
    again = create(owner)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert create(stranger).status_code == 201


def test_a_prompt_is_renamed_found_and_deleted(owner: Person) -> None:
    path = f"/prompts/{create(owner).json()['id']}"
    create(owner, name="other")
    assert owner.request("PATCH", path, {"name": "other"}).status_code == 409
    assert owner.request("PATCH", path, {"name": "hello", "description": "d"}).json()["description"] == "d"
    assert [p["name"] for p in owner.request("GET", "/prompts?search=hel").json()["results"]] == ["hello"]
    assert owner.request("DELETE", path).status_code == 204
    assert owner.request("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "x", "content": {"messages": "no"}}, "content.messages.non_field_errors"),
        ({"name": "x", "content": {"messages": [{"role": "robot", "content": ""}]}}, "content.messages.0.role"),
    ],
)
def test_bad_values_say_which_field(owner: Person, body: dict, field: str) -> None:
    answer = owner.request("POST", "/prompts", body)
    assert answer.status_code == 400 and field in answer.json()["extra"]["fields"], answer.content
    assert not Prompt.unscoped.exists()


def test_a_nul_in_a_name_is_refused(owner: Person) -> None:
    assert create(owner, name="a\x00b").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_versions_added_at_once_get_numbers_of_their_own() -> None:
    person = person_create()
    prompt = prompt_create(workspace_id=person.workspace.id, name="p", actor=None)
    start, numbers = threading.Barrier(4), []

    def add() -> None:
        try:
            start.wait()
            numbers.append(prompt_version_create(prompt=prompt, text="t", actor=None).number)
        finally:
            connection.close()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [1, 2, 3, 4]
