"""A system-call filter for whoever reads strangers' bytes: it lists what a parser needs, and the rest is refused.

The engine's process has a filter of its own (what it may not do); this one is shorter, as a parser needs little.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable

# By name: the number on x86_64 and on aarch64 (asm/unistd_64.h and asm-generic/unistd.h); None where there is none.
# Neither socket nor clone, kill, ioctl, ptrace, prlimit64, unlink or rename: what is not here fails with EPERM.
_READING = {
    "read": (0, 63),
    "pread64": (17, 67),
    "readv": (19, 65),
    "lseek": (8, 62),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "stat": (4, None),
    "lstat": (6, None),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "poll": (7, None),
    "ppoll": (271, 73),
    "write": (1, 64),  # to what is open: the pipe
    "writev": (20, 66),
}
_COMPUTING = {
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "membarrier": (324, 283),
    "rseq": (334, 293),
    "set_robust_list": (273, 99),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getrusage": (98, 165),
    "getrandom": (318, 278),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
# What a program that is started inside the filter needs beyond that; it still starts nothing else of its own.
_STARTING = {"execve": (59, 221), "arch_prctl": (158, None), "set_tid_address": (218, 96)}
_OPEN, _OPENAT, _FCNTL, _TGKILL = (2, None), (257, 56), (72, 25), (234, 131)

# asm-generic/fcntl.h: O_WRONLY | O_RDWR | O_CREAT | O_TRUNC.
_WRITING_FLAGS = 0x243
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC; F_SETOWN would let the kernel send signals to others.
_FCNTL_COMMANDS = (0, 1, 2, 3, 1030)

# linux/audit.h: AUDIT_ARCH_*, and the bit that marks the calls of the x32 ABI, which x86_64 kernels also take.
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32_BIT = 0x40000000

# linux/bpf_common.h: load a word of seccomp_data, jump when equal, at least or any bit is set, return.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # offsets in seccomp_data; an argument has 8 bytes, low first
_ALLOW, _KILL_PROCESS, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


class _Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def program(machine: str, *, pid: int, may_start_a_program: bool = False) -> bytes:
    """Return the filter as struct sock_filter[] for the process `pid`. Raises OSError for an unknown machine."""
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no system-call filter is known for {machine!r}")
    column, architecture = _ARCHITECTURES[machine]
    allowed = _READING | _COMPUTING | (_STARTING if may_start_a_program else {})
    parts = [
        _instruction(_LOAD, _ARCHITECTURE_AT),
        _instruction(_IF_EQUAL, architecture, when_true=1),
        _instruction(_RETURN, _KILL_PROCESS),
        _instruction(_LOAD, _NUMBER_AT),
        _instruction(_IF_AT_LEAST, _X32_BIT, when_false=1),
        _instruction(_RETURN, _FAIL),
    ]
    for numbers in allowed.values():
        parts += _when(numbers[column], [_instruction(_RETURN, _ALLOW)])
    parts += _when(_OPEN[column], _unless_any_bit(_WRITING_FLAGS, argument=1))
    parts += _when(_OPENAT[column], _unless_any_bit(_WRITING_FLAGS, argument=2))
    parts += _when(_FCNTL[column], _if_any_of(_FCNTL_COMMANDS, argument=1))
    # abort() signals itself.
    parts += _when(_TGKILL[column], _if_any_of((pid,), argument=0))
    return b"".join((*parts, _instruction(_RETURN, _FAIL)))


def install(*, may_start_a_program: bool = False) -> None:
    """Filter this thread and all that it starts, for ever; `no_new_privs` must be set. Raises OSError."""
    code = program(platform.machine(), pid=os.getpid(), may_start_a_program=may_start_a_program)
    filled = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(filled), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses a system-call filter")


def _when(number: int | None, verdict: list[bytes]) -> list[bytes]:
    """Do `verdict`, which returns in every case, for this call alone."""
    return [] if number is None else [_instruction(_IF_EQUAL, number, when_false=len(verdict)), *verdict]


def _unless_any_bit(mask: int, *, argument: int) -> list[bytes]:
    return [
        _instruction(_LOAD, _ARGUMENTS_AT + 8 * argument),
        _instruction(_IF_ANY_BIT, mask, when_true=1),
        _instruction(_RETURN, _ALLOW),
        _instruction(_RETURN, _FAIL),
    ]


def _if_any_of(values: Iterable[int], *, argument: int) -> list[bytes]:
    found = [
        part
        for value in values
        for part in (_instruction(_IF_EQUAL, value, when_false=1), _instruction(_RETURN, _ALLOW))
    ]
    return [_instruction(_LOAD, _ARGUMENTS_AT + 8 * argument), *found, _instruction(_RETURN, _FAIL)]


def _instruction(code: int, operand: int, *, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, operand)
