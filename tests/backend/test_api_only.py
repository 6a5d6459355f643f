"""Whatever the API can do, the page does, or docs/api-only.md says why not."""

import pytest

from tests.backend.api_calls import calls_in, matches, operations, reasons, schema, uncalled


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    return schema()


def test_what_the_page_never_calls_is_listed_with_a_reason_and_nothing_else_is(document: dict[str, object]) -> None:
    listed = reasons()
    again = "run `python -m tests.backend.api_calls` and give each new entry its reason"
    assert sorted(listed) == uncalled(document), again
    assert [item for item, reason in listed.items() if len(reason) < 10] == [], "a reason is a sentence"


def test_most_of_the_api_is_called(document: dict[str, object]) -> None:
    assert len(reasons()) < len(list(operations(document))) / 2


@pytest.mark.parametrize(
    ("source", "method", "path", "is_called"),
    [
        ('api.get<Page<Run>>("/runs", {})', "get", "/runs", True),
        ('api.get<Page<Run>>("/runs", {})', "post", "/runs", False),
        ("api.post(`/runs/${run.id}/cancel`)", "post", "/runs/{run_id}/cancel", True),
        ("api.get(`/runs/${id}`)", "get", "/runs/count", False),
        ('send("POST", apiUrl(`/runs/${id}/replay`))', "post", "/runs/{run_id}/replay", True),
        ("const base = `/sets/${id}`; api.put(`${base}/rows/${id}`, {})", "put", "/sets/{set_id}/rows/{row_id}", True),
        ("const base = `/sets/${id}`; api.put(`${base}/rows/${id}`, {})", "get", "/sets/{set_id}/rows/{row_id}", False),
        ("api.post(`/runs/${id}/${action}`)", "post", "/runs/{run_id}/cancel", True),
        ("api.get(`/apps/${encodeURIComponent(id)}/versions?limit=3`)", "get", "/apps/{app_id}/versions", True),
        ('t("runs.more")', "get", "/runs", False),
    ],
)
def test_a_call_is_told_from_what_only_looks_like_one(source: str, method: str, path: str, is_called: bool) -> None:
    assert any(matches(call, method, path) for call in calls_in(source)) is is_called
