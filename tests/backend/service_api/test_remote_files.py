"""Files that a request names by an address: fetched once, kept as the end user's own, and never from inside."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from backend.apps.inputs import MAX_FILES
from backend.common.database import in_database
from backend.common.redis import redis_async_close
from backend.config.run_files import OwnedFiles
from backend.files.models import StoredFile
from backend.runs.models import Run
from backend.runs.ports import RUN_PORTS
from inference.types import ModelInfo
from tests.agents.fakes import ports_of
from tests.backend.apps.running import LIVE, MODEL, KeyClient, World, published
from tests.backend.conftest import Person
from tests.backend.web import Web, loopback_allowed, web
from tests.backend.world import PNG

__all__ = ["loopback_allowed", "web"]
pytestmark = LIVE
WORDS = "Korvala's lighthouse was built in 1871."
REPORT = {"name": "report", "type": "file", "required": True}
PAGES = {"name": "pages", "type": "file-list"}


@pytest.fixture(autouse=True)
async def _own_files(world: World, settings: Any, tmp_path: Any) -> AsyncIterator[None]:
    settings.FILES_ROOT = tmp_path / "files"
    world.model.info = ModelInfo(id=MODEL, kind="chat", context_tokens=8192, supports_images=True)
    RUN_PORTS.fill(lambda spec: replace(ports_of(world.model, knowledge=world.knowledge), files=OwnedFiles(spec)))
    yield
    await redis_async_close()


@pytest.fixture
async def reader(owner: Person, web: Web) -> KeyClient:
    """An app that reads a file that its client names."""
    web.pages["/report.txt"] = (200, {"Content-Type": "text/plain"}, WORDS.encode())
    web.pages["/cat.png"] = (200, {"Content-Type": "image/png"}, PNG)
    return await published(owner, prompt="Read <{{ report }}> <{{ pages }}>", variables=[{**REPORT}, {**PAGES}])


def remote(url: str) -> dict[str, str]:
    return {"type": "document", "transfer_method": "remote_url", "url": url}


async def asked(reader: KeyClient, report: Any, *, files: list[Any] | None = None, **inputs: Any) -> Any:
    body = {"inputs": {"report": report, **inputs}, "query": "When?", "user": "ann", "files": files or []}
    return await reader.post("/chat-messages", body)


@pytest.mark.usefixtures("loopback_allowed")
async def test_a_named_file_is_read_and_is_the_end_users_own(reader: KeyClient, world: World, web: Web) -> None:
    there = remote(f"{web.url}/report.txt")
    response = await asked(reader, there, pages=[there], files=[remote(f"{web.url}/cat.png")])
    assert response.status_code == 200, response.json()
    prompt = "\n".join(str(message.content) for message in world.model.last_messages)
    assert f"Read <{WORDS}> <report.txt:\n{WORDS}>" in prompt
    assert sorted(web.asked) == ["/cat.png", "/report.txt"], "what is named twice is fetched once"
    kept = {one.name: one for one in await in_database(lambda: list(StoredFile.unscoped.all()))}
    assert {(name, one.end_user) for name, one in kept.items()} == {("report.txt", "ann"), ("cat.png", "ann")}
    preview = f"/files/{kept['report.txt'].id}/preview"
    assert (await reader.get(f"{preview}?user=ann")).status_code == 200
    assert (await reader.get(f"{preview}?user=eve")).status_code == 404


async def refused(reader: KeyClient, report: Any, status: int, words: str, **inputs: Any) -> None:
    response = await asked(reader, report, **inputs)
    assert response.status_code == status and words in response.json()["message"], response.json()
    assert not await in_database(Run.unscoped.exists)
    assert not await in_database(StoredFile.unscoped.exists)


async def test_nothing_is_fetched_from_inside(reader: KeyClient, web: Web) -> None:
    await refused(reader, remote(f"{web.url}/report.txt"), 400, "127.0.0.1")
    await refused(reader, remote("http://169.254.169.254/latest/meta-data"), 400, "169.254.169.254")
    await refused(reader, remote("file:///etc/passwd"), 400, "file")
    assert web.asked == []


@pytest.mark.usefixtures("loopback_allowed")
async def test_a_file_that_cannot_be_had_is_named_before_anything_is_stored(reader: KeyClient, web: Web) -> None:
    web.pages["/setup.exe"] = (200, {"Content-Type": "application/octet-stream"}, b"MZ\x90\0\3\0\0\0\4")
    await refused(reader, remote(f"{web.url}/gone.txt?key=secret"), 400, "/gone.txt' answered with status 404")
    await refused(reader, remote(f"{web.url}/setup.exe"), 415, "setup.exe")
    await refused(reader, {"transfer_method": "remote_url"}, 400, "needs its 'url'")
    many = [remote(f"{web.url}/{number}.txt") for number in range(MAX_FILES)]
    await refused(reader, remote(f"{web.url}/report.txt"), 400, "at most 10 files", pages=many)
