"""Attempts to get out of the sandbox. Each says how its guard is taken away, and must then succeed.

An attempt is code whose `main` returns True when it got out.
"""

import platform
import signal
from dataclasses import dataclass

from agents.ports import CodeLimits, Language
from agents.sandbox import seccomp
from tests.agents.sandbox.weakening import (
    Weaken,
    all_of,
    as_mighty,
    bigger,
    larger_box,
    nested,
    showing,
    unfiltered,
    unwatched,
    with_our_environment,
    without,
    without_pair,
)

BOTH, ORDINARY = ("root", "ordinary"), ("ordinary",)
LIMITS = CodeLimits(wall_s=20)
KILLED_BY_FILTER = 128 + signal.SIGSYS
PREAMBLE = """
import ctypes, errno, os, platform, resource, socket, struct, sys, threading
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
def syscall(number, *arguments):
    return LIBC.syscall(ctypes.c_long(number), *(ctypes.c_long(item) for item in arguments))
def works(attempt):
    try:
        attempt()
        return True
    except (OSError, MemoryError, RuntimeError, ValueError):
        return False
"""


@dataclass(frozen=True)
class Attempt:
    """One way out; `weaken` takes the guard away. `users` are those for whom this guard, and not another, holds."""

    name: str
    code: str
    weaken: Weaken
    users: tuple[str, ...] = BOTH
    language: Language = "python3"


def _number(name: str) -> int | None:
    return {**seccomp.DENIED, **seccomp.CONDITIONAL}[name][0 if platform.machine() == "x86_64" else 1]


def _raw(name: str, *arguments: int) -> str:
    """Code that gets out when the kernel looks at a call: it answers anything but "not permitted"."""
    return f"""
def main(**found):
    result = syscall({_number(name)}, {", ".join(map(str, arguments)) or "-1, -1, -1, -1, -1"})
    return result >= 0 or ctypes.get_errno() != errno.EPERM
"""


_NETWORK = all_of(unfiltered("socket", "connect"), without("--unshare-net"))
_FORKS = unfiltered("fork", "vfork", "clone", "clone3")

ATTEMPTS = (
    Attempt(
        "reach a server on the host's loopback",
        "def main(port, **found):\n    return works(lambda: socket.create_connection(('127.0.0.1', port), 2).close())",
        _NETWORK,
    ),
    Attempt(
        "reach the host's abstract unix socket",
        "def main(abstract, **found):\n"
        "    return works(lambda: socket.socket(socket.AF_UNIX).connect(chr(0) + abstract))",
        _NETWORK,
    ),
    Attempt(
        "open a socket for datagrams",
        "def main(**found):\n    return works(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close())",
        unfiltered("socket"),
    ),
    Attempt(
        "open a netlink socket",
        "def main(**found):\n    return works(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close())",
        unfiltered("socket"),
    ),
    Attempt(
        "see the host's network interfaces",
        "def main(interfaces, **found):\n"
        "    seen = [line.split(':')[0].strip() for line in open('/proc/net/dev').readlines()[2:]]\n"
        "    return seen == interfaces and len(interfaces) > 1",
        without("--unshare-net"),
    ),
    Attempt(
        "reach a server on the host from JavaScript",
        "const main = ({port}) => new Promise((tell) => {\n"
        "  const link = require('net').connect(port, '127.0.0.1', () => { link.destroy(); tell(true); });\n"
        "  link.on('error', () => tell(false));\n"
        "});",
        _NETWORK,
        language="javascript",
    ),
    Attempt(
        "set up io_uring, which opens sockets by itself", _raw("io_uring_setup", 0, 0), unfiltered("io_uring_setup")
    ),
    Attempt(
        "read the host's accounts",
        "def main(**found):\n    return works(lambda: open('/etc/passwd').close())",
        showing("--ro-bind", "/etc", "/etc"),
    ),
    Attempt(
        "read the host's accounts through the root of another process",
        "def main(**found):\n    return works(lambda: open('/proc/self/root/etc/passwd').close())",
        showing("--ro-bind", "/etc", "/etc"),
    ),
    Attempt(
        "read the host's accounts from JavaScript",
        "const main = () => require('fs').existsSync('/etc/passwd');",
        showing("--ro-bind", "/etc", "/etc"),
        language="javascript",
    ),
    Attempt(
        "read a file of the host that everybody may read",
        "def main(secret, canary, **found):\n    return os.path.exists(secret) and canary in open(secret).read()",
        showing("--ro-bind", "/var", "/var"),
    ),
    Attempt(
        "find a secret in the environment of any process",
        "def main(canary, **found):\n"
        "    texts = [str(dict(os.environ))]\n"
        "    for name in os.listdir('/proc'):\n"
        "        if name.isdigit():\n"
        "            works(lambda: texts.append(open(f'/proc/{name}/environ').read()))\n"
        "    return any(canary in text for text in texts)",
        all_of(with_our_environment, without("--clearenv")),
    ),
    Attempt(
        "find a secret in the environment of bubblewrap, which shares the user",
        "def main(canary, **found):\n"
        "    texts = []\n"
        "    works(lambda: texts.append(open('/proc/1/environ').read()))\n"
        "    return any(canary in text for text in texts)",
        with_our_environment,
        ORDINARY,
    ),
    Attempt(
        "write beside the box",
        "def main(**found):\n    return works(lambda: open('/left-behind', 'w').close())",
        without_pair("--remount-ro", "/"),
        ORDINARY,
    ),
    Attempt(
        "fill the memory file system of the devices",
        "def main(**found):\n    return works(lambda: open('/dev/shm/left-behind', 'w').close())",
        without_pair("--remount-ro", "/dev"),
        ORDINARY,
    ),
    Attempt(
        "mount a file system",
        "def main(**found):\n"
        "    LIBC.unshare(0x10020000)\n"
        "    return LIBC.mount(b'none', b'/box', b'tmpfs', ctypes.c_ulong(0), None) == 0",
        all_of(unfiltered("mount", "unshare"), as_mighty, nested),
    ),
    Attempt(
        "change the root",
        "def main(**found):\n    return works(lambda: os.chroot('/box'))",
        all_of(unfiltered("chroot"), as_mighty),
    ),
    Attempt(
        "have rights of an administrator",
        "def main(**found):\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    return any(int(line.split()[1], 16) for line in lines if line.startswith(('CapEff', 'CapPrm', 'CapBnd')))",
        as_mighty,
    ),
    Attempt(
        "make a user namespace",
        "def main(**found):\n    return LIBC.unshare(0x10000000) == 0",
        all_of(unfiltered("unshare"), nested),
    ),
    Attempt(
        "make a mount namespace",
        "def main(**found):\n    return LIBC.unshare(0x00020000) == 0",
        all_of(unfiltered("unshare"), as_mighty),
    ),
    Attempt(
        "clone a process into a new user namespace",
        "def main(**found):\n"
        f"    child = syscall({_number('clone')}, 0x10000000 | 17, 0, 0, 0, 0)\n"
        "    if child == 0:\n        os._exit(0)\n"
        "    return child > 0",
        all_of(unfiltered("clone"), nested),
    ),
    Attempt(
        "make a process with clone3, whose arguments a filter cannot see",
        "def main(**found):\n"
        "    arguments = (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17, 0, 0, 0)\n"
        "    child = syscall(435, ctypes.addressof(arguments), 64)\n"
        "    if child == 0:\n        os._exit(0)\n"
        "    return child > 0",
        unfiltered("clone3"),
    ),
    Attempt("fork", "def main(**found):\n    return works(lambda: os.fork() or os._exit(0))", _FORKS),
    Attempt(
        "start a program",
        "import subprocess\n"
        "def main(**found):\n    return works(lambda: subprocess.run(['/usr/bin/true'], check=True))",
        _FORKS,
    ),
    Attempt(
        "start a program from JavaScript",
        "const main = () => require('child_process').spawnSync('/usr/bin/true').status === 0;",
        _FORKS,
        language="javascript",
    ),
    Attempt(
        "be traced by the process above",
        "def main(**found):\n    return LIBC.ptrace(0, 0, 0, 0) == 0",
        unfiltered("ptrace"),
    ),
    Attempt(
        "seize the process above",
        "def main(**found):\n    return LIBC.ptrace(0x4206, 1, 0, 0) == 0",
        unfiltered("ptrace"),
        ORDINARY,
    ),
    Attempt(
        "read the memory of a process",
        _raw("process_vm_readv", 1, 0, 0, 0, 0, 0),
        unfiltered("process_vm_readv"),
        ORDINARY,
    ),
    Attempt(
        "see the host's processes",
        "def main(pid, **found):\n"
        "    name = f'/proc/{pid}/cmdline'\n"
        "    return os.path.exists(name) and 'python' in open(name).read()",
        without("--unshare-pid"),
    ),
    Attempt(
        "signal the process that started it",
        "def main(pid, **found):\n    return works(lambda: os.kill(pid, 0))",
        without("--unshare-pid"),
        ORDINARY,
    ),
    Attempt(
        "learn the host's name",
        "def main(hostname, **found):\n    return os.uname().nodename == hostname",
        all_of(without_pair("--hostname", "sandbox"), without("--unshare-uts")),
    ),
    Attempt(
        "see the host's shared memory",
        "def main(segment, **found):\n"
        "    return any(line.split()[1] == str(segment) for line in open('/proc/sysvipc/shm').readlines()[1:])",
        without("--unshare-ipc"),
    ),
    Attempt(
        "keep memory that no limit counts: memfd",
        "def main(**found):\n    return works(lambda: os.close(os.memfd_create('kept')))",
        unfiltered("memfd_create"),
    ),
    Attempt(
        "keep memory that no limit counts: a shared segment",
        "def main(**found):\n    return LIBC.shmget(0, 1 << 26, 0o1600) >= 0",
        unfiltered("shmget"),
    ),
    Attempt("keep memory that no limit counts: a message queue", _raw("msgget", 0, 0o1600), unfiltered("msgget")),
    Attempt("see page faults of the kernel", _raw("userfaultfd", 1), unfiltered("userfaultfd")),
    Attempt("use the kernel's keys", _raw("keyctl", 0, -3, 0, 0, 0), unfiltered("keyctl")),
    Attempt("ask for a key", _raw("request_key"), unfiltered("request_key")),
    Attempt("load a program into the kernel", _raw("bpf", -1, 0, 0), unfiltered("bpf")),
    Attempt("count events of the processor", _raw("perf_event_open"), unfiltered("perf_event_open")),
    Attempt("turn off the randomness of addresses", _raw("personality", 0x0040000), unfiltered("personality")),
    Attempt("name a file by its handle", _raw("name_to_handle_at"), unfiltered("name_to_handle_at")),
    Attempt("type into a terminal", _raw("ioctl", 0, 0x5412, 0), unfiltered("ioctl")),
    Attempt(
        "use the numbers of another instruction set",
        "import mmap\n"
        "def main(**found):\n"
        "    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
        "    code.write(bytes.fromhex('b814000000cd80c3'))  # getpid by int 0x80, as 32-bit programs do\n"
        "    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))\n"
        "    return call() > 0",
        unwatched,
    ),
    Attempt(
        "have more threads than the limit",
        "def main(**found):\n"
        "    over = threading.Event()\n"
        "    threading.stack_size(1 << 16)\n"
        "    try:\n"
        "        for _ in range(90):\n            threading.Thread(target=over.wait, daemon=True).start()\n"
        "        return True\n"
        "    except RuntimeError:\n        return False\n"
        "    finally:\n        over.set()",
        all_of(bigger("--nproc", "1000"), bigger("--as", str(16 << 30))),
    ),
    Attempt(
        "have more files open than the limit",
        "def main(**found):\n    return works(lambda: [os.open('/dev/null', 0) for _ in range(500)])",
        bigger("--nofile", "1000"),
    ),
    Attempt(
        "write a file larger than the limit",
        "def main(**found):\n    return works(lambda: open('/box/big', 'wb').write(bytes(20 << 20)))",
        bigger("--fsize", str(1 << 30)),
    ),
    Attempt(
        "fill the disk",
        "def main(**found):\n"
        "    return works(lambda: [open(f'/box/{i}', 'wb').write(bytes(10 << 20)) for i in range(8)])",
        larger_box,
    ),
    Attempt(
        "take more memory than the limit",
        "def main(**found):\n    return works(lambda: bytearray(1200 << 20))",
        bigger("--as", str(3 << 30)),
    ),
    Attempt(
        "raise its own limits",
        "def main(**found):\n    return works(lambda: resource.setrlimit(resource.RLIMIT_NPROC, (900, 900)))",
        bigger("--nproc", "1000"),
    ),
)
