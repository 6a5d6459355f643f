"""The cache key of the compiled wheel: everything that the binary depends on is in it."""

import re
import shlex
import threading
from pathlib import Path

import pytest

from backend.cli import native
from backend.cli.errors import CommandError
from backend.cli.screen import Step


@pytest.fixture
def x86_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CMAKE_ARGS", raising=False)
    monkeypatch.setattr(native.sys, "platform", "linux")
    monkeypatch.setattr(native.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(native.platform, "libc_ver", lambda: ("glibc", "2.36"))


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
    monkeypatch.setattr(native.importlib.metadata, "version", lambda _package: native.pinned_version())
    assert not native.is_installed(), "without a stamp nobody knows for which processor it was compiled"
    stamp.write_text(native.cache_key())
    assert native.is_installed()
    stamp.write_text("llama-cpp-python-0-elsewhere")
    assert not native.is_installed()


def test_progress_is_read_from_ninja_alone() -> None:
    found = native.NINJA_PROGRESS.match(b"  [37/140] /usr/bin/g++ -DGGML_BUILD")
    assert found is not None
    assert found.groups() == (b"37", b"140")
    assert native.NINJA_PROGRESS.match(b"  Collecting [3/4]") is None


def test_a_built_wheel_enters_the_cache_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (native.cache_folder() / "build-interrupted").mkdir(parents=True)

    def build(folder: Path, log: Path, _progress: Step) -> int:
        assert native.cached_wheel() is None
        log.write_text("done")
        (folder / "wheel").mkdir()
        (folder / "wheel" / "llama_cpp_python-1-py3-none-any.whl").write_bytes(b"wheel")
        return 0

    wheel = native.compile_wheel(build)
    assert wheel.read_bytes() == b"wheel"
    assert native.cached_wheel() == wheel
    assert [path.name for path in native.cache_folder().iterdir()] == [native.cache_key()]


def test_a_failed_build_shows_its_end_and_caches_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def build(_folder: Path, log: Path, _progress: Step) -> int:
        log.write_text("compiling\nerror: no such instruction\n")
        return 1

    with pytest.raises(CommandError, match="no such instruction"):
        native.compile_wheel(build)
    assert native.cached_wheel() is None
    assert [path.name for path in native.cache_folder().iterdir()] == ["failed.log"]


def test_of_two_that_need_the_wheel_one_compiles_and_the_other_waits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    order: list[str] = []
    second = threading.Thread(target=lambda: enter_after(order))
    with native.alone_in_the_cache():
        second.start()
        second.join(timeout=0.2)
        assert second.is_alive()
        order.append("first")
    second.join()
    assert order == ["first", "second"]


def enter_after(order: list[str]) -> None:
    with native.alone_in_the_cache():
        order.append("second")


def test_openblas_is_pinned_by_hash() -> None:
    text = native.OPENBLAS_LOCK.read_text()
    assert text.count("==") == 1
    assert "--hash=sha256:" in text


@pytest.mark.usefixtures("x86_linux")
def test_openblas_is_used_where_it_was_measured_and_where_nobody_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    assert native.uses_openblas()
    with monkeypatch.context() as changed:
        changed.setenv("CMAKE_ARGS", "-DGGML_BLAS=OFF")
        assert not native.uses_openblas()
    with monkeypatch.context() as changed:
        changed.setattr(native.platform, "machine", lambda: "aarch64")
        assert not native.uses_openblas()
    with monkeypatch.context() as changed:
        changed.setattr(native.platform, "libc_ver", lambda: ("", ""))
        assert not native.uses_openblas()


@pytest.mark.usefixtures("x86_linux")
def test_a_changed_source_of_the_product_is_another_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(native, "KERNELS", tmp_path)
    keys = {native.cache_key()}
    for name in ("split_sgemm.c", "q4_1_gemm.c"):
        for text in ("one", "two"):
            (tmp_path / name).write_text(text)
            keys.add(native.cache_key())
    assert len(keys) == 5
    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_BLAS=OFF")
    without = native.cache_key()
    (tmp_path / "q4_1_gemm.c").write_text("three")
    assert native.cache_key() != without, "our own products are there without OpenBLAS, too"


def test_a_folder_with_a_space_reaches_cmake_in_one_piece() -> None:
    folder = Path("/home/a user/cache/scipy_openblas32")
    assert f"-DATELIER_OPENBLAS={folder}" in shlex.split(native.openblas_arguments(folder))


def test_the_build_gets_every_kernel_that_it_is_told_of() -> None:
    (hook,) = shlex.split(native.kernel_arguments())
    included = Path(hook.partition("=")[2])
    assert included.parent == native.KERNELS
    sources = re.findall(r"\$\{ATELIER_KERNELS\}/(\S+?)\"", included.read_text())
    assert sources
    assert all((native.KERNELS / source).is_file() for source in sources)


def test_openblas_that_cannot_be_fetched_names_the_way_without_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lock = tmp_path / "openblas.lock"
    lock.write_text(f"scipy-openblas32 @ file://{tmp_path}/missing.whl --hash=sha256:{'0' * 64}")
    monkeypatch.setattr(native, "OPENBLAS_LOCK", lock)
    with pytest.raises(CommandError, match="GGML_BLAS=OFF"):
        native.fetch_openblas(tmp_path / "openblas")


def test_without_openmp_there_is_no_openblas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    assert not native.has_openmp()
    monkeypatch.setenv("CC", "no-such-compiler")
    assert not native.has_openmp()
