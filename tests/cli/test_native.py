"""The cache key of the compiled wheel: everything that the binary depends on is in it."""

from pathlib import Path

import pytest

from backend.cli import native


def test_the_lock_pins_one_version_by_hash() -> None:
    assert native.pinned_version().count(".") == 2
    assert "--hash=sha256:" in native.LOCK.read_text()


def test_another_processor_or_compiler_option_is_another_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CMAKE_ARGS", raising=False)
    keys = {native.cache_key()}
    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_CUDA=ON")
    keys.add(native.cache_key())
    monkeypatch.setattr(native, "cpu_flags", lambda: "sse2")
    keys.add(native.cache_key())
    assert len(keys) == 3


def test_a_wheel_of_another_machine_is_not_taken_for_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stamp = tmp_path / "stamp"
    monkeypatch.setattr(native, "STAMP", stamp)
    stamp.write_text(native.cache_key())
    assert native.is_installed()
    stamp.write_text("llama-cpp-python-0-elsewhere")
    assert not native.is_installed()


def test_progress_is_read_from_ninja_alone() -> None:
    found = native.NINJA_PROGRESS.match(b"  [37/140] /usr/bin/g++ -DGGML_BUILD")
    assert found is not None
    assert found.groups() == (b"37", b"140")
    assert native.NINJA_PROGRESS.match(b"  Collecting [3/4]") is None
