"""The console's side of a published page: who may change it, what it takes, where it can be framed."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from backend.accounts.models import Role
from backend.files.models import StoredFile
from backend.published.models import Site
from tests.backend.apps.running import app_published
from tests.backend.conftest import Person
from tests.backend.published.visiting import app_of, site_make
from tests.backend.world import PNG

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files_and_page_apart(settings: Any, tmp_path: Path) -> None:
    settings.FILES_ROOT = tmp_path / "files"
    settings.FRONTEND_DIST = tmp_path
    (tmp_path / "index.html").write_text("<title>Atelier</title>")


def test_a_page_has_an_unguessable_code_from_its_first_change_on(owner: Person) -> None:
    app = app_published("chat", owner).app
    assert owner.request("get", f"/apps/{app.id}/site").json()["code"] == ""
    first = owner.request("patch", f"/apps/{app.id}/site", {"is_on": True}).json()
    assert re.fullmatch("[a-z2-9]{20}", first["code"]) and first["is_on"]
    again = owner.request("patch", f"/apps/{app.id}/site", {"name": "Help"}).json()
    assert (again["code"], again["name"]) == (first["code"], "Help")


def test_an_app_that_was_never_published_cannot_be_shown(owner: Person) -> None:
    app = owner.request("post", "/apps", {"name": "a", "mode": "chat"}).json()
    answer = owner.request("patch", f"/apps/{app['id']}/site", {"is_on": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert not Site.unscoped.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_editors_change_a_page_and_viewers_read_it(owner: Person, member: Any, role: Role) -> None:
    site = site_make(owner)
    person, path = member(role), f"/apps/{site.app_id}/site"
    assert person.request("get", path).status_code == 200
    expected = 200 if role == Role.EDITOR else 403
    assert person.request("patch", path, {"name": "Mine"}).status_code == expected
    assert person.request("post", f"{path}/code", {}).status_code == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("color", "red"),
        ("color", "#12345g"),
        ("embed_origins", ["javascript:alert(1)"]),
        ("embed_origins", ["https://a.example/path"]),
        ("embed_origins", ["https://a.example; script-src *"]),
        ("embed_origins", ["https://a.example\r\nX-Evil: 1"]),
        ("embed_origins", ["https://a.example 'unsafe-inline'"]),
        ("privacy_url", "javascript:alert(1)"),
        ("privacy_url", "//evil.example"),
        ("language", "tlh"),
        ("site_runs_per_minute", 0),
    ],
)
def test_what_no_browser_should_get_is_refused(owner: Person, field: str, value: object) -> None:
    site = site_make(owner)
    answer = owner.request("patch", f"/apps/{site.app_id}/site", {field: value})
    assert answer.status_code == 400
    assert next(iter(answer.json()["extra"]["fields"])).startswith(field)


def test_only_named_origins_may_frame_the_embedded_page_and_nobody_the_other(owner: Person, client: Client) -> None:
    site = site_make(owner, changes={"embed_origins": ["https://a.example", "http://localhost:8080"]})
    framed, whole = client.get(f"/embed/{site.code}"), client.get(f"/p/{site.code}")
    policy = framed["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://a.example http://localhost:8080" in policy and "script-src 'self'" in policy
    assert "X-Frame-Options" not in framed
    assert "frame-ancestors 'none'" in whole["Content-Security-Policy"] and whole["X-Frame-Options"] == "DENY"
    assert whole["X-Robots-Tag"] == framed["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("place", ["p", "embed"])
def test_a_page_that_is_off_or_moved_is_the_page_of_nothing(owner: Person, client: Client, place: str) -> None:
    site = site_make(owner)
    assert client.get(f"/{place}/{site.code}").status_code == 200
    owner.request("patch", f"/apps/{site.app_id}/site", {"is_on": False})
    answer = client.get(f"/{place}/{site.code}")
    assert answer.status_code == 404 and b"<title>Atelier" in answer.content
    owner.request("patch", f"/apps/{site.app_id}/site", {"is_on": True})
    moved = owner.request("post", f"/apps/{site.app_id}/site/code").json()["code"]
    assert [client.get(f"/{place}/{code}").status_code for code in (site.code, moved)] == [404, 200]


def test_a_picture_is_an_image_by_its_bytes_and_leaves_when_it_is_replaced(owner: Person, client: Client) -> None:
    site = site_make(owner)
    path = f"/api/v1/apps/{site.app_id}/site/picture"

    def upload(name: str, content: bytes) -> Any:
        return owner.client.post(path, {"file": SimpleUploadedFile(name, content)})

    hostile = upload("a.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    assert (hostile.status_code, hostile.json()["code"]) == (415, "unsupported_file_type")
    assert upload("a.png", PNG + bytes(1024 * 1024)).status_code == 413
    assert upload("a.png", PNG).json()["has_picture"] and upload("b.png", PNG).status_code == 200
    assert StoredFile.objects.within(site.workspace_id).count() == 1
    shown = client.get(f"/api/v1/published/{site.code}/picture")
    assert shown["Content-Type"] == "image/png" and shown["X-Content-Type-Options"] == "nosniff"
    assert shown.content == PNG
    assert owner.client.delete(path).json()["has_picture"] is False
    assert client.get(f"/api/v1/published/{site.code}/picture").status_code == 404


def test_the_page_goes_with_its_app(owner: Person, client: Client) -> None:
    site = site_make(owner)
    owner.client.post(f"/api/v1/apps/{site.app_id}/site/picture", {"file": SimpleUploadedFile("a.png", PNG)})
    assert owner.request("delete", f"/apps/{app_of(site).id}").status_code == 204
    assert not Site.unscoped.exists() and not StoredFile.unscoped.exists()
    assert client.get(f"/api/v1/published/{site.code}").status_code == 404
