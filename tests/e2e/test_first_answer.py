"""The main job: a document goes in, an answer with the right page comes out, and the log has it all."""

import pytest

from tests.e2e.conftest import MODEL, Site, app_publish, dataset_create, events_of, ok

pytestmark = [pytest.mark.platform, pytest.mark.timeout(400)]


def test_a_question_is_answered_from_the_right_page_and_the_run_is_logged(site: Site) -> None:
    with site.console() as console:
        dataset = dataset_create(console, "Korvala, first answer")
        draft = {"model": {"id": MODEL, "parameters": {"temperature": 0, "max_tokens": 60}}, "datasets": [dataset]}
        app, key = app_publish(console, "First answer", draft)
        body = {
            "inputs": {},
            "query": "What does the cook put into the soup?",
            "user": "u-1",
            "response_mode": "streaming",
        }
        with site.service(key) as service, service.stream("POST", "/chat-messages", json=body) as response:
            assert response.status_code == 200
            chunks = [event.data for event in events_of(response)]
        answer = "".join(chunk["answer"] for chunk in chunks if chunk["event"] == "message")
        end = chunks[-1]
        assert end["event"] == "message_end"
        first = end["metadata"]["retriever_resources"][0]
        assert "dill and allspice" in first["content"]
        assert "lighthouse" not in first["content"]
        assert "ferry" not in first["content"]
        assert answer.strip()
        run = ok(console.get("/runs", params={"app": app}))["results"][0]
        assert run["answer"] == answer
        assert run["prompt_tokens"] > 0
        assert run["completion_tokens"] > 0
        assert run["cost"] is not None
        trace = ok(console.get(f"/runs/{run['id']}"))
        kinds = [node["kind"] for node in trace["nodes"]]
        assert "knowledge-retrieval" in kinds
        assert "llm" in kinds
        sources = next(node["sources"] for node in trace["nodes"] if node["sources"])
        assert sources[0]["page"] == 2
        assert sources[0]["document_name"] == "korvala.pdf"


def test_health_names_its_parts_to_members_only(site: Site) -> None:
    with site.console() as console:
        body = ok(console.get("/health"))
        assert body["status"] == "ok"
        assert {part["name"] for part in body["processes"]} >= {"database", "redis", "worker-runs", "inference"}
        del console.headers["Authorization"]
        assert set(ok(console.get("/health"))) == {"status", "version"}
