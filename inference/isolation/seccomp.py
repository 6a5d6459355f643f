"""A system-call filter for the engine's process: it opens no socket, starts no program, touches no other process."""

import ctypes
import errno
import platform
import struct

# By name: the number on x86_64 and on aarch64 (asm/unistd_64.h and asm-generic/unistd.h).
# `socketpair` stays: event loops wake themselves with it. `tgkill` stays: abort() needs it.
# io_uring would open sockets behind the filter's back; unix sockets lead to the database.
DENIED = {
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
}

# linux/audit.h: AUDIT_ARCH_*, and the bit that marks the calls of the x32 ABI, which x86_64 kernels also take.
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32_BIT = 0x40000000

# linux/bpf_common.h: load a word of seccomp_data, jump when equal or at least, return.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4  # offsets in seccomp_data
_ALLOW, _KILL_PROCESS, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


class _Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def program(machine: str) -> bytes:
    """Return the filter for a machine as struct sock_filter[]. Raises OSError for one whose numbers are not known."""
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no system-call filter is known for {machine!r}")
    column, architecture = _ARCHITECTURES[machine]
    numbers = [pair[column] for pair in DENIED.values()]
    checks = [
        _instruction(_LOAD, _ARCHITECTURE_AT),
        _instruction(_IF_EQUAL, architecture, when_true=1),
        _instruction(_RETURN, _KILL_PROCESS),
        _instruction(_LOAD, _NUMBER_AT),
        _instruction(_IF_AT_LEAST, _X32_BIT, when_true=len(numbers) + 1),
    ]
    # Each jumps over the comparisons after it and the ALLOW, to the last instruction.
    compared = [_instruction(_IF_EQUAL, number, when_true=len(numbers) - i) for i, number in enumerate(numbers)]
    return b"".join((*checks, *compared, _instruction(_RETURN, _ALLOW), _instruction(_RETURN, _FAIL)))


def install() -> None:
    """Filter this thread and all that it starts, for ever; `no_new_privs` must be set. Raises OSError."""
    code = program(platform.machine())
    filled = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(filled), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses a system-call filter")


def _instruction(code: int, operand: int, *, when_true: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, 0, operand)
