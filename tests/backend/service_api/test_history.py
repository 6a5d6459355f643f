"""Conversations, messages, verdicts and files of end users: each sees their own and nobody else's."""

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient

from backend.common.database import in_database
from backend.files.models import StoredFile
from backend.logs.models import Conversation, Feedback
from backend.runs.models import Run
from tests.backend.apps.running import LIVE, KeyClient, World, published
from tests.backend.conftest import Person

pytestmark = LIVE

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 32


async def say(client: KeyClient, query: str, conversation_id: str = "", user: str = "ann") -> dict[str, Any]:
    body = {"inputs": {}, "query": query, "user": user, "conversation_id": conversation_id}
    response = await client.post("/chat-messages", body)
    assert response.status_code == 200, response.content
    return response.json()


async def upload(client: KeyClient, name: str, content: bytes, user: str = "ann", field: str = "file") -> Any:
    body = {field: SimpleUploadedFile(name, content), "user": user}
    headers = {"Authorization": f"Bearer {client.key}"}
    return await AsyncClient(raise_request_exception=False).post("/v1/files/upload", body, headers=headers)


async def test_messages_come_in_pages_the_newest_first_each_page_oldest_first(owner: Person, world: World) -> None:
    client = await published(owner)
    first = await say(client, "one")
    conversation = first["conversation_id"]
    for query in ("two", "three"):
        await say(client, query, conversation)
    page = (await client.get(f"/messages?user=ann&conversation_id={conversation}&limit=2")).json()
    assert (page["limit"], page["has_more"], [item["query"] for item in page["data"]]) == (2, True, ["two", "three"])
    older = (
        await client.get(f"/messages?user=ann&conversation_id={conversation}&first_id={page['data'][0]['id']}")
    ).json()
    assert (older["has_more"], [item["query"] for item in older["data"]]) == (False, ["one"])
    item = older["data"][0]
    assert item["id"] == first["message_id"] and item["answer"] == "Hello there, friend."
    assert (item["status"], item["error"], item["feedback"], item["parent_message_id"]) == ("normal", None, None, None)
    unknown = await client.get(f"/messages?user=ann&conversation_id={conversation}&first_id={uuid.uuid4()}")
    assert unknown.status_code == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=-1", "limit=²"])
async def test_a_wrong_limit_is_refused(owner: Person, world: World, query: str) -> None:
    client = await published(owner)
    response = await client.get(f"/conversations?user=ann&{query}")
    assert (response.status_code, response.json()["code"], response.json()["params"]) == (400, "invalid_param", "limit")


async def test_conversations_are_listed_by_use_and_paged(owner: Person, world: World) -> None:
    client = await published(owner)
    ids = [(await say(client, f"question {number}"))["conversation_id"] for number in range(3)]
    await say(client, "again", ids[0])
    await say(client, "mine", user="eve")
    listed = (await client.get("/conversations?user=ann&limit=2")).json()
    assert [item["id"] for item in listed["data"]] == [ids[0], ids[2]] and listed["has_more"]
    rest = (await client.get(f"/conversations?user=ann&limit=2&last_id={ids[2]}")).json()
    assert [item["id"] for item in rest["data"]] == [ids[1]] and not rest["has_more"]
    oldest = (await client.get("/conversations?user=ann&sort_by=created_at")).json()
    assert [item["id"] for item in oldest["data"]] == ids
    item = listed["data"][0]
    assert list(item) == ["id", "name", "inputs", "status", "introduction", "created_at", "updated_at"]
    assert item["name"] == "question 0"
    assert (await client.get("/conversations?user=ann&sort_by=name")).status_code == 400
    assert (await client.get(f"/conversations?user=eve&last_id={ids[0]}")).status_code == 404


async def test_a_conversation_is_renamed_and_deleted_by_its_own_user(owner: Person, world: World) -> None:
    client = await published(owner)
    conversation = (await say(client, "What is the capital of a country far away from here?"))["conversation_id"]
    foreign = await client.post(f"/conversations/{conversation}/name", {"name": "x", "user": "eve"})
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
    named = await client.post(f"/conversations/{conversation}/name", {"name": "Capitals", "user": "ann"})
    assert named.json()["name"] == "Capitals"
    auto = await client.post(f"/conversations/{conversation}/name", {"auto_generate": True, "user": "ann"})
    assert auto.json()["name"] == "What is the capital of a country far…"
    empty = await client.post(f"/conversations/{conversation}/name", {"name": " ", "user": "ann"})
    assert (empty.status_code, empty.json()["params"]) == (400, "name")
    kwargs = {"body": {"user": "eve"}}
    assert (await client.send("delete", f"/conversations/{conversation}", **kwargs)).status_code == 404
    gone = await client.send("delete", f"/conversations/{conversation}", {"user": "ann"})
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await client.get("/conversations?user=ann")).json()["data"] == []
    again = await client.post(
        "/chat-messages", {"inputs": {}, "query": "?", "user": "ann", "conversation_id": conversation}
    )
    assert again.status_code == 404
    assert await in_database(Run.unscoped.filter(conversation_id=conversation).exists)


async def test_a_deleted_conversation_stops_what_runs_in_it(owner: Person, world: World) -> None:
    client = await published(owner)
    conversation = (await say(client, "one"))["conversation_id"]

    def queue() -> None:
        Run.objects.create(
            workspace=owner.workspace, app=client.app, conversation_id=conversation, source="service_api", spec={}
        )

    await in_database(queue)
    await client.send("delete", f"/conversations/{conversation}", {"user": "ann"})
    statuses = await in_database(lambda: set(Run.unscoped.values_list("status", flat=True)))
    assert statuses == {"succeeded", "cancelled"}


async def test_a_verdict_is_set_changed_taken_back_and_only_on_ones_own_message(owner: Person, world: World) -> None:
    client = await published(owner)
    message = (await say(client, "one"))["message_id"]
    path = f"/messages/{message}/feedbacks"
    assert (await client.post(path, {"rating": "like", "user": "eve"})).status_code == 404
    assert (await client.post(path, {"rating": "like", "user": "ann", "content": "good"})).json() == {
        "result": "success"
    }
    await client.post(path, {"rating": "dislike", "user": "ann"})
    (item,) = (await client.get("/app/feedbacks")).json()["data"]
    assert (item["message_id"], item["rating"], item["from_source"]) == (message, "dislike", "user")
    end_user = (await client.get(f"/end-users/{item['from_end_user_id']}")).json()
    assert (end_user["session_id"], end_user["app_id"]) == ("ann", str(client.app.id))
    wrong = await client.post(path, {"rating": "so-so", "user": "ann"})
    assert (wrong.status_code, wrong.json()["params"]) == (400, "rating")
    assert (await client.post(path, {"rating": "like"})).status_code == 400
    await client.post(path, {"rating": None, "user": "ann"})
    assert not await in_database(Feedback.unscoped.exists)


async def test_an_unknown_end_user_is_not_found(owner: Person, world: World) -> None:
    client = await published(owner)
    for end_user in (uuid.uuid4(), "ann"):
        response = await client.get(f"/end-users/{end_user}")
        assert (response.status_code, response.json()["code"]) == (404, "end_user_not_found")


async def test_an_end_user_of_another_app_is_not_found(owner: Person, world: World) -> None:
    client, other = await published(owner), await published(owner)
    await say(client, "one")
    mine = (await upload(client, "a.png", PNG)).json()["created_by"]
    assert (await client.get(f"/end-users/{mine}")).status_code == 200
    assert (await other.get(f"/end-users/{mine}")).status_code == 404


async def test_no_app_suggests_questions_and_parameters_say_so(owner: Person, world: World) -> None:
    client = await published(owner)
    message = (await say(client, "one"))["message_id"]
    response = await client.get(f"/messages/{message}/suggested?user=ann")
    assert (response.status_code, response.json()["code"]) == (400, "bad_request")
    assert (await client.get(f"/messages/{message}/suggested?user=eve")).status_code == 404
    assert (await client.get("/parameters")).json()["suggested_questions_after_answer"] == {"enabled": False}


async def test_an_upload_belongs_to_its_end_user(owner: Person, stranger: Person, world: World) -> None:
    client, foreign = await published(owner), await published(stranger)
    made = await upload(client, "../cat.PNG", PNG)
    body = made.json()
    assert made.status_code == 201, body
    assert (body["name"], body["size"], body["extension"], body["mime_type"]) == (
        "cat.PNG",
        len(PNG),
        "png",
        "image/png",
    )
    preview = await client.get(f"/files/{body['id']}/preview?user=ann")
    assert b"".join(preview.streaming_content) == PNG
    assert "attachment" in preview.headers["Content-Disposition"]
    assert preview.headers["X-Content-Type-Options"] == "nosniff"
    for reader, user in ((client, "eve"), (foreign, "ann")):
        refused = await reader.get(f"/files/{body['id']}/preview?user={user}")
        assert (refused.status_code, refused.json()["code"]) == (404, "file_not_found")
    ask = {"inputs": {}, "query": "What is it?", "files": [{"upload_file_id": body["id"]}]}
    assert (await client.post("/chat-messages", {**ask, "user": "eve"})).status_code == 404
    blind = await client.post("/chat-messages", {**ask, "user": "ann"})
    assert (blind.status_code, blind.json()["code"]) == (400, "model_currently_not_support")


async def test_a_wrong_upload_is_refused_and_stores_nothing(owner: Person, world: World) -> None:
    client = await published(owner)
    missing = await upload(client, "a.png", PNG, field="picture")
    assert (missing.status_code, missing.json()["code"]) == (400, "no_file_uploaded")
    program = await upload(client, "a.exe", b"MZ\x00\x01\x02")
    assert (program.status_code, program.json()["code"]) == (415, "unsupported_file_type")
    empty = await upload(client, "a.txt", b"")
    assert empty.status_code == 400
    broken = await client.send(
        "post", "/files/upload", None, data=b"--x\r\nnothing", content_type="multipart/form-data; boundary="
    )
    assert (broken.status_code, broken.json()["status"]) == (400, 400)
    assert not await in_database(StoredFile.unscoped.exists)


async def test_an_upload_over_the_limit_is_413(owner: Person, world: World, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 1000
    client = await published(owner)
    response = await upload(client, "a.txt", b"x" * 1001)
    assert (response.status_code, response.json()["code"], response.json()["status"]) == (413, "file_too_large", 413)
    assert not await in_database(StoredFile.unscoped.exists)


async def test_a_conversation_without_automatic_name_has_a_neutral_one(owner: Person, world: World) -> None:
    client = await published(owner)
    body = {"inputs": {}, "query": "secret plans", "user": "ann", "auto_generate_name": False}
    await client.post("/chat-messages", body)
    assert (await in_database(Conversation.unscoped.get)).name == "New conversation"
