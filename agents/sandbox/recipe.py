"""How a sandbox is started on this machine: bubblewrap's command line, for root and for an ordinary user.

Root cannot be limited in its processes, so it becomes a user of its own inside; an ordinary user has no other user to
become, and gets a user namespace, in which it is nobody.
"""

import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agents.ports import CodeLimits, Language
from agents.sandbox import seccomp

OLDEST = (0, 8)
BOX_BYTES = 64 << 20
FILE_BYTES = 16 << 20
MAX_TASKS, MAX_OPEN_FILES = 64, 64
NODE_ADDRESS_BYTES = 1 << 30
"""What Node maps without using it."""
RUNNERS = {"python3": "runner.py", "javascript": "runner.js"}
_RUN = "/run"
_PYTHON_FLAGS = ("-I", "-S", "-X", "utf8", "-B")
# Users that no system gives out: above systemd's container ranges, below 2**31.
_FREE_USERS = (1_900_000_000, 2_100_000_000)
_FEW_USERS = (61_001, 61_183)
_CAP_SYS_ADMIN = 21


class Unavailable(Exception):
    """No sandbox can be started here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Host:
    """What this machine offers. `node` is empty where JavaScript is not run, `packages` where there are none.

    `users` are the ids that a sandbox of root takes one of; None: we are an ordinary user.
    """

    bwrap: str
    prlimit: str
    setpriv: str
    python: str
    python_home: str
    node: str = ""
    node_flags: tuple[str, ...] = ()
    node_off: str = "JavaScript needs Node: `apt-get install nodejs`"
    packages: str = ""
    users: tuple[int, int] | None = None
    machine: str = platform.machine()


@dataclass(frozen=True, slots=True)
class Launch:
    """One start of a sandbox: bubblewrap's options, the program inside them, and the system-call filter.

    `environment` is bubblewrap's own, which can be read from inside: there is nothing in it.
    """

    bwrap: tuple[str, ...]
    program: tuple[str, ...]
    filter: bytes
    environment: Mapping[str, str] = field(default_factory=dict)


def host_found(packages: Path | None = None) -> Host:
    """Return what is there; `packages` is a virtual environment of the sandbox's own. Raises `Unavailable`."""
    if sys.platform != "linux":
        raise Unavailable(f"code runs on Linux only, and this is {sys.platform}")
    try:
        seccomp.program(platform.machine())
    except OSError as error:
        raise Unavailable(error.strerror or str(error)) from error
    node = os.path.realpath(shutil.which("node") or "")
    return Host(
        bwrap=_bwrap(),
        prlimit=_program("prlimit"),
        setpriv=_program("setpriv"),
        python=_interpreter(),
        python_home=os.path.realpath(sys.base_prefix),
        node=node if os.path.isfile(node) else "",
        node_flags=_node_flags(node),
        packages=_site(packages),
        users=_users(),
    )


def launch_of(host: Host, language: Language, limits: CodeLimits) -> Launch:
    """Return how to start a sandbox that takes one job in `language`. Raises `Unavailable`."""
    if language == "javascript" and not host.node:
        raise Unavailable(host.node_off)
    return Launch(
        bwrap=(*_namespaces(host), *_files(host, language), *_surroundings()),
        program=(*_other_user(host), *_limits(host, language, limits), *_interpreted(host, language, limits)),
        filter=seccomp.program(host.machine),
    )


def _namespaces(host: Host) -> tuple[str, ...]:
    common = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    named = ("--hostname", "sandbox")
    ends = ("--die-with-parent", "--new-session", "--cap-drop", "ALL")
    if host.users is None:
        nobody = ("--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534")
        return (host.bwrap, *nobody, *common, *named, *ends)
    # What it takes to become another user, and not a bit more; setpriv drops them too.
    kept = ("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP")
    return (host.bwrap, *common, *named, *ends, *kept)


def _files(host: Host, language: Language) -> tuple[str, ...]:
    """Return what is seen inside: programs to read, one folder to write, and nothing else."""
    seen = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            seen += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            seen += ["--ro-bind", str(path), str(path)]
    seen += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--perms", "0755", "--dir", _RUN]
    runner = str(Path(__file__).parent / RUNNERS[language])
    seen += ["--ro-bind", runner, f"{_RUN}/{RUNNERS[language]}"]
    match language:
        case "python3":
            seen += _bound(host.python_home)
            if host.packages:
                seen += ["--ro-bind", host.packages, f"{_RUN}/packages"]
        case "javascript":
            seen += ["--ro-bind", host.node, f"{_RUN}/node"]
    box = ["--perms", "1777", "--size", str(BOX_BYTES), "--tmpfs", "/box", "--symlink", "box", "/tmp"]  # noqa: S108  # the sandbox's
    return (*seen, *box, "--remount-ro", "/", "--chdir", "/box")


def _bound(home: str) -> list[str]:
    """Show an interpreter that is not below /usr; its parents are made so that another user may pass through them."""
    if Path("/usr") in Path(home, "x").parents:
        return []
    parents = [str(parent) for parent in reversed(Path(home).parents) if parent != Path("/")]
    made = [part for parent in parents for part in ("--perms", "0755", "--dir", parent)]
    return [*made, "--ro-bind", home, home]


def _surroundings() -> tuple[str, ...]:
    """Return the environment: nothing of ours."""
    kept = {
        "PATH": "/usr/bin",
        "HOME": "/box",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "UV_THREADPOOL_SIZE": "2",
    }
    return ("--clearenv", *(part for name, value in kept.items() for part in ("--setenv", name, value)))


def _other_user(host: Host) -> tuple[str, ...]:
    """Become a user that nobody else is: limits count per user."""
    if host.users is None:
        return ()
    first, last = host.users
    user = first + secrets.randbelow(last - first + 1)
    nothing = ("--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs")
    return (host.setpriv, f"--reuid={user}", f"--regid={user}", *nothing)


def _limits(host: Host, language: Language, limits: CodeLimits) -> tuple[str, ...]:
    cpu_s = max(1, round(limits.cpu_s))
    memory: tuple[str, ...] = (f"--as={limits.memory_bytes}",)
    if language == "javascript":
        memory = (f"--as={limits.memory_bytes + NODE_ADDRESS_BYTES}", f"--data={limits.memory_bytes}")
    return (
        host.prlimit,
        *memory,
        f"--cpu={cpu_s}:{cpu_s + 1}",
        f"--nproc={MAX_TASKS}",
        f"--nofile={MAX_OPEN_FILES}",
        f"--fsize={FILE_BYTES}",
        "--core=0",
        "--memlock=0",
    )


def _interpreted(host: Host, language: Language, limits: CodeLimits) -> tuple[str, ...]:
    runner = f"{_RUN}/{RUNNERS[language]}"
    match language:
        case "python3":
            return (host.python, *_PYTHON_FLAGS, runner)
        case "javascript":
            heap_mb = max(16, limits.memory_bytes * 3 // 4 >> 20)
            return (f"{_RUN}/node", *host.node_flags, f"--max-old-space-size={heap_mb}", runner)


def _bwrap() -> str:
    path = shutil.which("bwrap")
    if path is None:
        raise Unavailable("bubblewrap is not installed: `apt-get install bubblewrap`")
    said = _said(path, "--version")
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if version < OLDEST:
        raise Unavailable(f"{said.strip() or path!r} is too old: bubblewrap 0.8 or later is needed")
    return path


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise Unavailable(f"{name} is not installed: `apt-get install util-linux`")
    return path


def _interpreter() -> str:
    """Return the interpreter itself, not the link to it in our virtual environment."""
    major, minor = sys.version_info[:2]
    home = Path(os.path.realpath(sys.base_prefix), "bin")
    for name in (f"python{major}.{minor}", "python3", "python"):
        if (home / name).exists():
            return str(home / name)
    raise Unavailable(f"there is no interpreter in {str(home)!r}")


def _node_flags(node: str) -> tuple[str, ...]:
    """Return flags for little memory: fewer threads, and no 10 GB of addresses for each WebAssembly memory."""
    known = _said(node, "--help") if node else ""
    wanted = {"--v8-pool-size=": "--v8-pool-size=1", "--disable-wasm-trap-handler": "--disable-wasm-trap-handler"}
    return tuple(flag for word, flag in wanted.items() if word in known)


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _site(packages: Path | None) -> str:
    """Return the folder of a virtual environment that Python imports from; empty when it is not there."""
    major, minor = sys.version_info[:2]
    site = packages / "lib" / f"python{major}.{minor}" / "site-packages" if packages else None
    return os.path.realpath(site) if site and site.is_dir() else ""


def _users() -> tuple[int, int] | None:
    """Return the free user ids when we may become another user; None for an ordinary user."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)", status, re.MULTILINE)
    may_mount = effective is not None and bool(int(effective[1], 16) >> _CAP_SYS_ADMIN & 1)
    if os.geteuid() != 0 or not may_mount:
        return None
    return users_of(Path("/proc/self/uid_map").read_text(encoding="ascii"))


def users_of(uid_map: str) -> tuple[int, int] | None:
    """Return the free users among those that there are here; None in a container that has too few."""
    lines = [[int(part) for part in line.split()] for line in uid_map.splitlines()]
    last = max(first + count - 1 for first, _, count in lines)
    if last >= _FREE_USERS[1]:
        return _FREE_USERS
    return _FEW_USERS if last >= _FEW_USERS[1] else None
