"""The folder of installed models: a model appears in it whole or not at all.

<home>/models/store/<name>/      manifest.json and the model's files: installed
<home>/models/staging/<name>/    what is being copied or downloaded; a later attempt goes on from it
"""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from inference.config import CHAT_MODEL, EMBEDDING_MODEL, ModelConfig
from inference.errors import (
    BadModelFileError,
    DiskFullError,
    InferenceError,
    ModelExistsError,
    StoreError,
    UnknownModelError,
)
from inference.store.describe import FOLDER_FILES, Origin, describe_folder, describe_gguf, pickle_refuse
from inference.store.engines import environment_python
from inference.store.manifest import MANIFEST, Manifest, manifest_read, model_config, name_check, name_of, served_with

GGUF = "model.gguf"
BUILT_IN = frozenset({CHAT_MODEL, EMBEDDING_MODEL})
_SPARE_BYTES = 64 * 2**20  # what a download leaves free: databases that cannot write stop
_CHUNK = 4 * 2**20

Progress = Callable[[int, int], None]
"""(bytes done, bytes in all) → None; it may raise to end the work."""


def _ignored(_done: int, _total: int) -> None:
    return


class ModelStore:
    """The installed models of one home. Several processes may use it at once."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.folder = home / "models" / "store"
        self.staging = home / "models" / "staging"

    def list(self) -> list[Manifest]:
        """Return what is installed, by name; a damaged entry is left out (`get` says what is wrong with it)."""
        if not self.folder.is_dir():
            return []
        found = []
        for path in sorted(self.folder.glob(f"*/{MANIFEST}")):
            with contextlib.suppress(StoreError):
                found.append(manifest_read(path))
        return found

    def get(self, model: str) -> Manifest:
        """Return the manifest. Raises UnknownModelError, or StoreError when it is damaged."""
        path = self.folder / name_check(model) / MANIFEST
        if not path.is_file():
            raise UnknownModelError.of(model, tuple(one.id for one in self.list()))
        return manifest_read(path)

    def path(self, model: str) -> Path:
        """Return the GGUF, or the folder of a model in safetensors. Raises as `get` does."""
        manifest = self.get(model)
        return self.folder / model / manifest.file if manifest.file else self.folder / model

    def config(self, model: str, context_tokens: int | None = None) -> ModelConfig:
        """Return how the model is served. Raises as `get` does, StoreError for one that no engine here opens."""
        manifest = self.get(model)
        if not manifest.is_servable:
            raise StoreError(
                f"{model!r} is kept as safetensors, which no engine here runs: convert it to GGUF "
                f"(`./atelier models quantize {model} --types f16`), or serve it with another engine "
                f"(`./atelier models serve {model} --engine vllm`; transformers and ctranslate2 do, too)."
            )
        python = environment_python(self._home, manifest.served_by.name)
        return model_config(manifest, self.folder / model, context_tokens, python)

    def engine_set(self, model: str, engine: str) -> Manifest:
        """Have a model served by an engine, from its next loading on. Raises as `get` does, and StoreError."""
        changed = served_with(self.get(model), engine)
        written = self.folder / model / f".{MANIFEST}.{os.getpid()}"
        written.write_text(changed.to_json(), encoding="utf-8")
        written.replace(self.folder / model / MANIFEST)
        return changed

    def check_free(self, model: str) -> str:
        """Return the name when a model may be added under it. Raises StoreError or ModelExistsError."""
        name_check(model)
        if model in BUILT_IN or (self.folder / model).exists():
            raise ModelExistsError(f"There is a model {model!r} already: remove it first, or choose another name.")
        return model

    def add(
        self,
        path: Path,
        *,
        model: str = "",
        source: str = "",
        licence: str = "",
        engine: str = "",
        progress: Progress = _ignored,
    ) -> Manifest:
        """Install a GGUF or a folder of safetensors from this machine, linked where the disk allows it.

        `engine` shall serve it, where that is not the usual one.

        Raises BadModelFileError, StoreError, ModelExistsError or DiskFullError; then nothing stays behind.
        """
        pickle_refuse(path.name)
        try:
            given = path.resolve(strict=True)
        except (OSError, RuntimeError):
            raise StoreError(
                f"{str(path)!r} is not there: give the full path on the machine Atelier runs on."
            ) from None
        pickle_refuse(given.name)
        name = self.check_free(model or name_of(given.stem if given.is_file() else given.name))
        origin = Origin(name, source or f"file:{given.name}", "", licence, engine=engine)
        with self.staged(name) as staged, _plain_failures(staged):
            if given.is_dir():
                served_with(describe_folder(given, origin), engine)  # said before gigabytes are copied
                _take_folder(given, staged)
            elif given.is_file():
                served_with(describe_gguf(given, origin), engine)
                _take(given, staged / GGUF)
            else:
                raise StoreError(f"{given.name!r} is neither a file nor a folder: give a GGUF or a model's folder.")
            return self.install(staged, origin, progress=progress)

    @contextlib.contextmanager
    def staged(self, model: str, *, is_kept: Callable[[BaseException], bool] | None = None) -> Iterator[Path]:
        """Give a folder to put a model's files in; what is left of it at the end is removed.

        After an error for which `is_kept` holds it stays: the next attempt finds it.
        """
        folder = self.staging / name_check(model)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            yield folder
        except BaseException as problem:
            if is_kept is None or not is_kept(problem):
                shutil.rmtree(folder, ignore_errors=True)
            raise
        else:
            shutil.rmtree(folder, ignore_errors=True)

    def install(
        self,
        staged: Path,
        origin: Origin,
        *,
        known: Mapping[str, str] | None = None,
        progress: Progress = _ignored,
    ) -> Manifest:
        """Check, describe and move the files of a staged folder: `model.gguf`, or safetensors with their config.

        `known` are SHA-256 sums that were computed while the files came, by name.
        """
        self.check_free(origin.id)
        files = sorted(item for item in staged.iterdir() if item.is_file())
        for item in files:
            pickle_refuse(item.name)
        total = sum(item.stat().st_size for item in files)
        digests: dict[str, str] = dict(known or {})
        done = 0
        for item in files:
            if item.name not in digests:
                digests[item.name] = _digest(item, shifted(progress, done, total))
            done += item.stat().st_size
            progress(done, total)
        gguf = staged / GGUF
        digest = digests[GGUF] if gguf.is_file() else hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()
        origin = replace(origin, sha256=digest, added_at=datetime.now(UTC).isoformat(timespec="seconds"))
        described = describe_gguf(gguf, origin) if gguf.is_file() else describe_folder(staged, origin)
        manifest = served_with(described, origin.engine)
        with (staged / MANIFEST).open("w", encoding="utf-8") as written:
            written.write(manifest.to_json())
            written.flush()
            os.fsync(written.fileno())
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            staged.rename(self.folder / origin.id)
        except OSError:
            self.check_free(origin.id)  # somebody else was faster
            raise
        return manifest

    def remove(self, model: str) -> None:
        """Remove a model's files. Raises UnknownModelError. Whoever has it open keeps it until they close it."""
        name_check(model)
        if not (self.folder / model).is_dir():
            raise UnknownModelError.of(model, tuple(one.id for one in self.list()))
        # First out of sight, in one step: a half-removed folder must not be listed.
        grave = self.staging / f".{model}.{os.getpid()}.removed"
        self.staging.mkdir(parents=True, exist_ok=True)
        (self.folder / model).rename(grave)
        shutil.rmtree(grave)


def shifted(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    """Return what counts the bytes of one file among those of all."""
    return lambda done: progress(before + done, total)


def room_check(folder: Path, needed_bytes: int) -> None:
    """Raise DiskFullError that says how much is missing."""
    free = shutil.disk_usage(folder).free - _SPARE_BYTES
    if needed_bytes > free:
        missing, needed, rest = (needed_bytes - free) / 1e6, needed_bytes / 1e6, max(0, free) / 1e6
        raise DiskFullError(
            f"The disk lacks {missing:,.0f} MB: the model needs {needed:,.0f} MB, {rest:,.0f} MB are free. "
            "Remove models or files that you do not need, then try again."
        )


def disk_failure(problem: OSError) -> InferenceError:
    """Return what an error of the file system means to who adds a model."""
    if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFullError("The disk filled up before the model was complete: free some space, then try again.")
    return StoreError(f"The model's files cannot be read or written ({problem.strerror}): check their permissions.")


@contextlib.contextmanager
def _plain_failures(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise disk_failure(problem) from problem


def _take(source: Path, target: Path) -> None:
    """Link the file, or copy it where links do not reach."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError as problem:
        if problem.errno not in {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP}:
            raise
        room_check(target.parent, source.stat().st_size)
        shutil.copyfile(source, target)


def _take_folder(source: Path, target: Path) -> None:
    for item in sorted(source.iterdir()):
        if item.is_file() and item.suffix.lower() in FOLDER_FILES and item.name != MANIFEST:
            _take(item.resolve(), target / item.name)


def _digest(path: Path, progress: Callable[[int], None]) -> str:
    made, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            made.update(block)
            done += len(block)
            progress(done)
    return made.hexdigest()


def file_check(path: Path, sha256: str) -> None:
    """Raise BadModelFileError unless the file has this SHA-256."""
    found = _digest(path, lambda _: None)
    if found != sha256:
        raise BadModelFileError(f"{path.name!r} has the SHA-256 {found}, not {sha256}: download it again.")
