"""Uploads: whole or not at all, for their owner alone, and never run by a browser."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError

from backend.accounts.models import Role
from backend.apps.models import App
from backend.common.errors import FileTooLarge, Invalid, NotFound
from backend.files.models import StoredFile
from backend.files.selectors import file_get
from backend.files.services import file_delete, file_open, file_path, file_store
from tests.backend.conftest import JsonClient, Person

Member = Callable[[Role], Person]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> Path:
    """A folder for the bytes, with a limit that is quick to reach."""
    settings.FILES_ROOT = tmp_path / "files"
    settings.MAX_UPLOAD_BYTES = 1024 * 1024
    return settings.FILES_ROOT


def files_in(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def upload(client: JsonClient, name: str = "a.txt", content: bytes = b"hello") -> Any:
    return client.post("/api/v1/files", {"file": SimpleUploadedFile(name, content)})


def test_an_upload_comes_back_as_it_was(owner: Person, root: Path) -> None:
    made = upload(owner.client, "notes.md", b"# hi")
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["name"], body["size_bytes"], body["kind"], body["mime_type"]) == (
        "notes.md",
        4,
        "document",
        "text/markdown",
    )
    assert len(files_in(root)) == 1
    got = owner.request("GET", f"/files/{body['id']}")
    assert b"".join(got.streaming_content) == b"# hi"
    got.close()


def test_r36_a_download_is_an_attachment_that_no_browser_runs(owner: Person) -> None:
    made = upload(owner.client, "page.html", b"<script>alert(1)</script>").json()
    got = owner.request("GET", f"/files/{made['id']}")
    assert got["Content-Disposition"].startswith("attachment")
    assert got["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got["Content-Security-Policy"] and "'none'" in got["Content-Security-Policy"]
    assert got["Content-Type"] == "application/octet-stream"
    got.close()


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..\\..\\windows\\system32\\x.txt",
        "/etc/passwd",
        "C:\\temp\\x.txt",
        "notes.txt::$DATA",
        "a.txt:evil.exe",
        "nul\x00byte.txt",
        "\u202egpj.exe",
        "x" * 300 + ".txt",
        "é" * 300,
        "..",
        ".",
        " . ",
        "a\r\nSet-Cookie: x=1",
        "con.txt",
        '"quoted".txt',
    ],
)
def test_r36_a_hostile_name_is_only_ever_shown(owner: Person, root: Path, name: str) -> None:
    stored = file_store(workspace_id=owner.workspace.id, upload=_named(name), user=owner.user)
    assert stored.name and len(stored.name) <= 255
    assert not set(stored.name) & set('/\\:\x00\r\n\u202e"')
    assert file_path(stored).parent.parent.parent == root and uuid.UUID(file_path(stored).name)
    assert files_in(root) == [file_path(stored)]
    over_http = owner.request("GET", f"/files/{stored.id}")
    assert over_http.status_code == 200 and "\n" not in over_http["Content-Disposition"]
    over_http.close()


def _named(name: str) -> SimpleUploadedFile:
    upload = SimpleUploadedFile("x", b"content")
    upload._name = name
    return upload


def test_r36_the_same_names_over_http_are_harmless_too(owner: Person, root: Path) -> None:
    boundary = "border"
    for name in ("../../x.txt", "..%2f..%2fx.txt", "x.txt\x00.png", "a" * 300 + ".txt"):
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: text/html\r\n\r\nhi\r\n--{boundary}--\r\n"
        ).encode()
        answer = owner.client.generic("POST", "/api/v1/files", body, f"multipart/form-data; boundary={boundary}")
        assert answer.status_code == 201, answer.content
        assert "/" not in answer.json()["name"] and answer.json()["mime_type"] != "text/html"
    assert all(path.is_relative_to(root) for path in files_in(root.parent))


def test_r36_bytes_lie_outside_what_is_served_and_are_the_owners_alone(
    owner: Person, root: Path, settings: Any
) -> None:
    stored = file_store(workspace_id=owner.workspace.id, upload=_named("a.txt"), user=owner.user)
    assert file_path(stored).stat().st_mode & 0o077 == 0
    assert file_path(stored).parent.stat().st_mode & 0o077 == 0
    assert not settings.FRONTEND_DIST.is_relative_to(root) and not root.is_relative_to(settings.FRONTEND_DIST)


@pytest.mark.parametrize(
    ("content", "name", "mime_type", "kind"),
    [
        (PNG, "a.png", "image/png", "image"),
        (PNG, "renamed.pdf", "image/png", "image"),
        (b"\xff\xd8\xff\xe0rest", "a.jpg", "image/jpeg", "image"),
        (b"GIF89a....", "a.gif", "image/gif", "image"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "a.webp", "image/webp", "image"),
        (b"%PDF-1.7\n", "a.txt", "application/pdf", "document"),
        (b"a,b\n1,2", "t.csv", "text/csv", "document"),
        ("привет".encode("cp1251"), "a.txt", "text/plain", "document"),
        (b"<svg onload=alert(1)>", "a.svg", "image/svg+xml", "other"),
        (b"\x7fELF\x02\x01\x01\0", "a.txt", "application/octet-stream", "other"),
        (b"MZ\x90\0\x03\0", "a.pdf", "application/octet-stream", "other"),
        (
            b"PK\x03\x04....",
            "a.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "document",
        ),
        (b"PK\x03\x04....", "a.zip", "application/octet-stream", "other"),
    ],
)
def test_a_file_is_what_its_bytes_say(owner: Person, content: bytes, name: str, mime_type: str, kind: str) -> None:
    body = upload(owner.client, name, content).json()
    assert (body["mime_type"], body["kind"]) == (mime_type, kind)


def test_an_empty_file_and_a_missing_one_are_refused(owner: Person, root: Path) -> None:
    assert upload(owner.client, "a.txt", b"").status_code == 400
    missing = owner.client.post("/api/v1/files", {"other": "x"})
    assert missing.status_code == 400 and "file" in missing.json()["extra"]["fields"]
    two = owner.client.post("/api/v1/files", {"file": [SimpleUploadedFile("a", b"1"), SimpleUploadedFile("b", b"2")]})
    assert two.status_code == 400
    as_json = owner.client.post("/api/v1/files", {"file": "x"}, content_type="application/json")
    assert as_json.status_code == 415
    with pytest.raises(Invalid, match="empty"):
        file_store(workspace_id=owner.workspace.id, upload=SimpleUploadedFile("a", b""), user=owner.user)
    assert files_in(root) == [] and not StoredFile.unscoped.exists()


def test_a_file_over_the_limit_leaves_nothing_and_names_the_setting(owner: Person, root: Path) -> None:
    for size in (1024 * 1024 + 1, 3 * 1024 * 1024):
        answer = upload(owner.client, "big.bin", b"x" * size)
        assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
        assert "1 MB" in answer.json()["message"] and "ATELIER_MAX_UPLOAD_MB" in answer.json()["message"]
    with pytest.raises(FileTooLarge):
        file_store(workspace_id=owner.workspace.id, upload=SimpleUploadedFile("a", b"x" * 1024 * 1025), user=owner.user)
    assert files_in(root) == [] and not StoredFile.unscoped.exists()
    assert upload(owner.client, "fits.bin", b"x" * 1024 * 1024).status_code == 201


def test_a_row_that_cannot_be_written_takes_the_bytes_with_it(
    owner: Person, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise DatabaseError("the disk of the database is full")

    monkeypatch.setattr(StoredFile.objects, "create", fail)
    with pytest.raises(DatabaseError):
        file_store(workspace_id=owner.workspace.id, upload=SimpleUploadedFile("a", b"1"), user=owner.user)
    assert files_in(root) == []


def test_a_write_that_breaks_off_leaves_nothing(owner: Person, root: Path) -> None:
    broken = SimpleUploadedFile("a", b"1" * 100)

    def chunks(_size: int) -> Any:
        yield b"1" * 50
        raise OSError("the client's disk went away")

    broken.chunks = chunks  # type: ignore[method-assign]
    with pytest.raises(OSError, match="went away"):
        file_store(workspace_id=owner.workspace.id, upload=broken, user=owner.user)
    assert files_in(root) == [] and not StoredFile.unscoped.exists()


def test_colleagues_and_strangers_do_not_find_a_file(owner: Person, member: Member, stranger: Person) -> None:
    made = upload(owner.client).json()
    for person in (member(Role.ADMIN), stranger):
        assert person.request("GET", f"/files/{made['id']}").status_code == 404


def test_an_end_users_file_is_theirs_in_their_app_alone(owner: Person) -> None:
    apps = [App.objects.create(workspace=owner.workspace, name=name, slug=name, mode="chat") for name in ("one", "two")]
    stored = file_store(workspace_id=owner.workspace.id, upload=_named("a.txt"), app_id=apps[0].id, end_user="ann")
    where = {"workspace_id": owner.workspace.id, "file_id": str(stored.id)}
    assert file_get(**where, app_id=apps[0].id, end_user="ann") == stored
    for wrong in (
        {"app_id": apps[0].id, "end_user": "bob"},
        {"app_id": apps[1].id, "end_user": "ann"},
        {"user": owner.user},
    ):
        with pytest.raises(NotFound):
            file_get(**where, **wrong)
    with pytest.raises(NotFound):
        file_get(workspace_id=owner.workspace.id, file_id="not-an-id", user=owner.user)


def test_bytes_that_are_gone_are_said_to_be_gone(owner: Person, root: Path) -> None:
    made = upload(owner.client).json()
    files_in(root)[0].unlink()
    answer = owner.request("GET", f"/files/{made['id']}")
    assert answer.status_code == 404 and "upload it again" in answer.json()["message"]


def test_a_deleted_file_is_gone_with_the_transaction(
    owner: Person, root: Path, django_capture_on_commit_callbacks: Any
) -> None:
    stored = file_store(workspace_id=owner.workspace.id, upload=_named("a.txt"), user=owner.user)
    with file_open(stored) as file:
        assert file.read() == b"content"
    with django_capture_on_commit_callbacks(execute=True):
        file_delete(stored=stored)
        assert len(files_in(root)) == 1
    assert files_in(root) == []
