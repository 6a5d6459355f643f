"""Pulls a model from a hub that speaks Hugging Face's protocol, through a client that the caller made.

Resumes where an attempt broke off, and believes no file before its checksum.
"""

import asyncio
import contextlib
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from inference.errors import BadModelFileError, HubAuthError, HubError, HubUnreachableError, StoreError
from inference.store.describe import FOLDER_FILES, Origin, pickle_refuse
from inference.store.engines import engine_check
from inference.store.files import GGUF, ModelStore, Progress, disk_failure, room_check, shifted
from inference.store.manifest import Manifest, name_of

STOPPED = "stopped"
"""Whoever cancels the task of a pull with this message wants no part of it kept."""
_ATTEMPTS = 4
_FIRST_PAUSE_S = 0.5
_MAX_LIST_BYTES = 20 * 2**20
_CHUNK = 2**20
_PART = ".part"
# Which of several GGUFs is taken when none is named: what most people run on a machine of their own.
_PREFERRED = ("q4_k_m", "q5_k_m", "q4_0", "q4_k_s", "q4_1", "q5_0", "q6_k", "q8_0", "iq4_xs", "q3_k_m", "f16", "bf16")


@dataclass(frozen=True, slots=True)
class Hub:
    """Where the hub is; `client` reaches it and the hosts that it sends downloads to, and follows redirects."""

    client: httpx.AsyncClient
    endpoint: str
    token: str = ""
    pause_s: float = _FIRST_PAUSE_S

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository: `sha256` of large ones, `git_sha1` (of git's blob) of the others."""

    name: str
    size_bytes: int
    sha256: str = ""
    git_sha1: str = ""


@dataclass(frozen=True, slots=True)
class Repository:
    """A model on the hub, at one commit."""

    name: str
    commit: str
    licence: str
    files: tuple[HubFile, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to pull: all that is needed of `repository`, or its `file`; `model` is its name here, `engine` serves it."""

    repository: str
    file: str = ""
    revision: str = "main"
    model: str = ""
    engine: str = ""


async def pull(hub: Hub, store: ModelStore, wanted: Wanted, progress: Progress) -> Manifest:
    """Download, check and install a model.

    Raises HubError, HubAuthError, HubUnreachableError, DiskFullError, BadModelFileError, StoreError or
    ModelExistsError. After a broken connection the part that came stays in staging and the next pull goes on from it;
    after any other error nothing stays.
    """
    repository = await look_up(hub, wanted.repository, wanted.revision)
    files = choose(repository, wanted.file)
    is_gguf = files[0].name.lower().endswith(".gguf")
    default = name_of(Path(files[0].name).stem if is_gguf else wanted.repository.rpartition("/")[2])
    model = store.check_free(wanted.model or default)
    if wanted.engine:
        engine_check(model, "gguf" if is_gguf else "safetensors", wanted.engine)
    source = f"hub:{repository.name}@{repository.commit}" + (f"/{files[0].name}" if is_gguf else "")
    with store.staged(model, is_kept=_may_resume) as staged:
        _prepare(staged, source)
        done, total = 0, sum(file.size_bytes for file in files)
        known: dict[str, str] = {}
        try:
            room_check(staged, total - sum(item.stat().st_size for item in staged.iterdir()))
            for file in files:
                target = staged / (GGUF if is_gguf else Path(file.name).name)
                known[target.name] = await _fetch(hub, repository, file, target, shifted(progress, done, total))
                done += file.size_bytes
            (staged / "source").unlink()
            origin = Origin(model, source, "", repository.licence, engine=wanted.engine)
            return await asyncio.to_thread(store.install, staged, origin, known=known)
        except OSError as problem:
            raise disk_failure(problem) from problem


def _may_resume(problem: BaseException) -> bool:
    # Not an Exception: the process ends, or another worker took over and goes on.
    is_left = not isinstance(problem, Exception) and STOPPED not in problem.args
    return is_left or isinstance(problem, HubUnreachableError)


def _prepare(staged: Path, source: str) -> None:
    """Throw away what another version of the model left in the folder."""
    mark = staged / "source"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != source:
        for item in staged.iterdir():
            item.unlink()
        mark.write_text(source, encoding="utf-8")


async def look_up(hub: Hub, repository: str, revision: str = "main") -> Repository:
    """Return what the hub has under this name. Raises HubError and its kinds."""
    parts = repository.split("/")
    if len(parts) != 2 or not all(part and not part.startswith(".") for part in parts) or " " in repository:
        raise StoreError(f"{repository[:120]!r} is no model of a hub: write it as owner/name.")
    url = f"{hub.endpoint}/api/models/{quote(repository)}/revision/{quote(revision, safe='')}?blobs=true"
    async with _answers(hub, url, repository) as response:
        body = b""
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > _MAX_LIST_BYTES:
                raise HubError(f"The hub's answer about {repository!r} is larger than {_MAX_LIST_BYTES >> 20} MiB.")
    try:
        read = json.loads(body)
        files = tuple(_file(item) for item in read["siblings"])
        card = read.get("cardData") or {}
        return Repository(repository, str(read["sha"]), str(card.get("license") or ""), files)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HubError(f"{hub.endpoint} answered something that is not a hub's: check ATELIER_HUB_ENDPOINT.") from None


def _file(item: Mapping[str, object]) -> HubFile:
    lfs = item.get("lfs")
    large: Mapping[str, object] = lfs if isinstance(lfs, Mapping) else {}
    size = large.get("size", item.get("size"))
    if not isinstance(size, int):
        raise TypeError("a file without its size")
    sha1 = "" if large else str(item.get("blobId") or "")
    return HubFile(str(item["rfilename"]), size, str(large.get("sha256") or large.get("oid") or ""), sha1)


def choose(repository: Repository, file: str = "") -> tuple[HubFile, ...]:
    """Return the files to pull: one GGUF, or the safetensors with their configuration. Raises StoreError."""
    by_name = {one.name: one for one in repository.files}
    if file:
        pickle_refuse(file)
        if file not in by_name or not file.lower().endswith(".gguf"):
            listed = ", ".join(sorted(name for name in by_name if name.lower().endswith(".gguf"))[:20]) or "none"
            raise StoreError(f"{repository.name!r} has no GGUF {file[:120]!r}; it has: {listed}.")
        return (by_name[file],)
    whole = [one for one in repository.files if one.name.lower().endswith(".gguf") and "-of-0" not in one.name]
    models = [one for one in whole if "mmproj" not in one.name.lower()]
    if models:
        return (min(models, key=_preference),)
    if any(one.name.lower().endswith(".gguf") for one in repository.files):
        raise StoreError(
            f"{repository.name!r} has its GGUFs only in parts: choose a smaller one in another repository."
        )
    top = [one for one in repository.files if "/" not in one.name and Path(one.name).suffix in FOLDER_FILES]
    if not any(one.name.endswith(".safetensors") for one in top):
        for one in repository.files:
            pickle_refuse(one.name)
        raise StoreError(f"{repository.name!r} has neither GGUF nor safetensors: choose another repository.")
    return tuple(top)


def _preference(file: HubFile) -> tuple[int, int, str]:
    name = file.name.lower().replace("-", "_")
    rank = next((at for at, kind in enumerate(_PREFERRED) if kind in name), len(_PREFERRED))
    return rank, file.size_bytes, file.name


async def _fetch(hub: Hub, repository: Repository, file: HubFile, target: Path, progress: Callable[[int], None]) -> str:
    """Bring one file, in as many attempts as it takes, and return its SHA-256."""
    part = _part_of(target)
    url = f"{hub.endpoint}/{quote(repository.name)}/resolve/{quote(repository.commit)}/{quote(file.name)}"
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            await _download(hub, url, file, part, progress)
            break
        except HubUnreachableError:
            if attempt == _ATTEMPTS:
                raise
            await asyncio.sleep(hub.pause_s * 2 ** (attempt - 1))
    digest = await asyncio.to_thread(_check, part, file)
    part.replace(target)
    return digest


def _part_of(target: Path) -> Path:
    """Return where the bytes go; a file that a former attempt brought whole is checked like a new one."""
    return target if target.is_file() else target.with_name(target.name + _PART)


def _start_of(part: Path, file: HubFile) -> int:
    """Return how many bytes are there already; more than the file has are thrown away."""
    if not part.exists():
        return 0
    if part.stat().st_size > file.size_bytes:
        part.unlink()
        return 0
    return part.stat().st_size


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)


async def _download(hub: Hub, url: str, file: HubFile, part: Path, progress: Callable[[int], None]) -> None:
    """Append to the part until it has the file's size."""
    start = _start_of(part, file)
    progress(start)
    if start and start == file.size_bytes:
        return
    async with _answers(hub, url, file.name, start) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            _drop(part)
            raise HubUnreachableError(f"The hub no longer has {file.name!r} from byte {start}: it is fetched anew.")
        if response.status_code == httpx.codes.OK or not _continues(response, start):
            start = 0
        with part.open("ab" if start else "wb") as written:
            async for piece in response.aiter_bytes():
                start += len(piece)
                if start > file.size_bytes:
                    raise HubError(f"The hub sent more than the {file.size_bytes} bytes of {file.name!r}: try later.")
                written.write(piece)
                progress(start)
            written.flush()
            os.fsync(written.fileno())
    if start < file.size_bytes:
        raise HubUnreachableError(
            f"The hub sent {start} of {file.size_bytes} bytes of {file.name!r}. Pull it again: it goes on from there."
        )


def _continues(response: httpx.Response, start: int) -> bool:
    return str(response.headers.get("content-range", "")).startswith(f"bytes {start}-")


def _check(path: Path, file: HubFile) -> str:
    """Return the SHA-256. Raises BadModelFileError when the file is not what the hub listed."""
    sha256 = hashlib.sha256()
    git = hashlib.sha1(f"blob {file.size_bytes}\0".encode(), usedforsecurity=False)
    with path.open("rb") as read:
        while block := read.read(4 * _CHUNK):
            sha256.update(block)
            git.update(block)
    found, wanted = (sha256, file.sha256) if file.sha256 else (git, file.git_sha1)
    if wanted and found.hexdigest() != wanted.lower():
        raise BadModelFileError(
            f"{file.name!r} came with the checksum {found.hexdigest()}, not {wanted}: pull it again."
        )
    return sha256.hexdigest()


@contextlib.asynccontextmanager
async def _answers(hub: Hub, url: str, what: str, start: int = 0) -> AsyncIterator[httpx.Response]:
    """Ask the hub; only 200, 206 and 416 come back. Raises HubError and its kinds for all else."""
    # Compressed answers would not have the sizes that the hub lists.
    headers = hub.headers | {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        async with hub.client.stream("GET", url, headers=headers) as response:
            _refuse(hub, response, what)
            yield response
    except (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError) as problem:
        raise HubUnreachableError(
            f"The connection to {hub.endpoint} broke ({type(problem).__name__}). Pull it again: it goes on from there."
        ) from None
    except httpx.HTTPError as problem:
        raise HubUnreachableError(
            f"{hub.endpoint} cannot be reached ({type(problem).__name__}): check the network, or set "
            "ATELIER_HUB_ENDPOINT to a mirror. Without a network, copy the GGUF to this machine and add it by its path."
        ) from None


def _refuse(hub: Hub, response: httpx.Response, what: str) -> None:
    match response.status_code:
        case 200 | 206 | 416:
            return
        case 401 | 403:
            way = "its rights do not suffice: accept the model's terms on the hub, or use another token"
            raise HubAuthError(
                f"The hub does not hand out {what!r} ({response.status_code}): "
                + (way if hub.token else "it may be private or not exist; set ATELIER_HUB_TOKEN to a token of yours.")
            )
        case 404:
            raise HubError(f"The hub has no {what!r} (404): check the name and the revision.")
        case status if status == 429 or status >= 500:
            raise HubUnreachableError(f"The hub answers {status} for {what!r}: try again later; it goes on from there.")
        case status:
            raise HubError(f"The hub answers {status} for {what!r}: check ATELIER_HUB_ENDPOINT.")
