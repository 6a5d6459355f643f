"""Makes the peers that have to be built, once for each machine: llama-server from source, and a virtual environment."""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from backend.cli.errors import CommandError
from backend.cli.native import LOCK, PACKAGE, cached_wheel, cmake_arguments, compile_wheel, stock_key
from backend.cli.screen import Step, step

NINJA_PROGRESS = re.compile(rb"^\s*\[(\d+)/(\d+)\]")
# As the wheel is built, less what a server for this bench has no use for: downloads, a page, encryption.
_CMAKE = (
    "-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF "
    "-DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF"
)
_TARGET = "llama-server"


def llama_server_built(folder: Path) -> Path:
    """The binary of llama-server, from the very source of the installed wheel, without what we add to it."""
    kept = folder / f"llama-server-{stock_key()}"
    binary = kept / "bin" / _TARGET
    if binary.exists():
        return binary
    for tool in ("cmake", "c++"):
        if shutil.which(tool) is None:
            raise CommandError(f"{tool!r} is not installed, and llama-server is built from source: install it")
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("build-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="build-") as name:
        build = Path(name)
        with step("Fetching the source of llama.cpp"):
            source = _source(build)
        with step("Compiling llama-server") as progress:
            _compile(source, build, progress)
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        # The libraries lie beside the program, which finds them there ($ORIGIN): symbolic links stay links.
        shutil.copytree(build / "made" / "bin", kept / "bin", symlinks=True)
    return binary


def _source(build: Path) -> Path:
    """Fetch the package's source by the hash of the lock, and unpack its llama.cpp."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", PACKAGE, "--require-hashes"]
    done = subprocess.run([*command, "-r", str(LOCK), "-d", str(build)], capture_output=True, text=True, check=False)
    archive = next(build.glob("*.tar.gz"), None)
    if done.returncode != 0 or archive is None:
        raise CommandError(f"the source of {PACKAGE} could not be fetched: {done.stderr.strip()[-800:]}")
    with tarfile.open(archive) as packed:
        packed.extractall(build / "source", filter="data")
    return next((build / "source").glob("*/vendor/llama.cpp"))


def _compile(source: Path, build: Path, progress: Step) -> None:
    made, log = build / "made", build / "build.log"
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    configure = ["cmake", "-S", str(source), "-B", str(made), *generator, *_CMAKE.split(), *cmake_arguments().split()]
    # Where its libraries are looked for must not name the folder of the build, which goes away.
    configure += ["-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON", "-DCMAKE_INSTALL_RPATH=$ORIGIN"]
    cores = str(os.cpu_count() or 1)
    with open(log, "wb") as sink:
        code = subprocess.run(configure, stdout=sink, stderr=subprocess.STDOUT, check=False).returncode
        if code == 0:
            code = _make(["cmake", "--build", str(made), "--target", _TARGET, "-j", cores], sink, progress)
    if code != 0:
        shown = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise CommandError(f"compiling llama-server failed:\n{shown}")


def _make(command: list[str], sink: io.BufferedWriter, progress: Step) -> int:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            sink.write(line)
            if found := NINJA_PROGRESS.match(line):
                progress.note(f"{int(found[1])} of {int(found[2])} files, {progress.elapsed_s:.0f} s so far")
    except BaseException:
        # A session of its own, so that Ctrl-C ends the compilers below it as well.
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise
    return process.wait()


def server_python(folder: Path) -> Path:
    """The Python of a virtual environment with llama-cpp-python's server: packages that Atelier has no use for.

    Only the wheel's Python files are used: `servers.py` has it load the libraries that lie beside llama-server.
    """
    kept = folder / f"server-{stock_key()}"
    python = kept / "bin" / "python"
    done = kept / "complete"
    if done.exists():
        return python
    wheel = cached_wheel() or compile_wheel()
    shutil.rmtree(kept, ignore_errors=True)
    uv = [sys.executable, "-m", "uv", "--no-config"]
    with step("Installing llama_cpp.server"):
        for command in (
            [*uv, "venv", "-q", "--python", sys.executable, str(kept)],
            [*uv, "pip", "install", "-q", "--python", str(python), f"{PACKAGE}[server] @ {wheel.as_uri()}"],
        ):
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            if ran.returncode != 0:
                raise CommandError(f"llama_cpp.server could not be installed: {ran.stderr.strip()[-800:]}")
    done.touch()
    return python
