"""The system-call filter of code that users wrote: what neither Python nor JavaScript needs to compute is refused.

bubblewrap loads it last, so it also holds for the small programs that set the limits and start the interpreter.
"""

import errno
import struct
from collections.abc import Mapping

_Numbers = Mapping[str, tuple[int, int | None]]
# By name: the number on x86_64 and on aarch64 (asm/unistd_64.h and asm-generic/unistd.h); None where there is none.
# What is not listed is allowed. `socketpair` stays: event loops wake themselves with it.
_NETWORK: _Numbers = {
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "io_uring_setup": (425, 425),  # would open sockets behind the filter's back
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
_PROCESSES: _Numbers = {
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "unshare": (272, 97),
    "setns": (308, 268),
}
_MOUNTS: _Numbers = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "quotactl": (179, 60),
    "fanotify_init": (300, 262),
}
# Memory that belongs to no process, which no limit of a process counts.
_SHARED_MEMORY: _Numbers = {
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
}
_KERNEL: _Numbers = {
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
    "personality": (135, 92),
    "syslog": (103, 116),
    "acct": (163, 89),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}
DENIED: _Numbers = {**_NETWORK, **_PROCESSES, **_MOUNTS, **_SHARED_MEMORY, **_KERNEL}
CLONE, CLONE3, IOCTL = "clone", "clone3", "ioctl"
# Refused for some arguments only: a clone that is no thread, clone3 (its arguments cannot be seen), typing into a tty.
CONDITIONAL: _Numbers = {CLONE: (56, 220), CLONE3: (435, 435), IOCTL: (16, 29)}
GUARDS = frozenset(DENIED) | frozenset(CONDITIONAL)

# linux/sched.h: CLONE_THREAD; all CLONE_NEW… that clone takes. asm-generic/ioctls.h: TIOCSTI, TIOCLINUX.
_THREAD = 0x00010000
_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_TYPING = (0x5412, 0x541C)

# linux/audit.h: AUDIT_ARCH_*, and the bit that marks the calls of the x32 ABI, which x86_64 kernels also take.
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32_BIT = 0x40000000

# linux/bpf_common.h: load a word of seccomp_data, jump when equal, at least or any bit is set, return.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # offsets in seccomp_data; an argument has 8 bytes, low first
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_REFUSE, _UNKNOWN = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS


def program(machine: str, guards: frozenset[str] = GUARDS) -> bytes:
    """Return the filter as struct sock_filter[]; raises `OSError` for a machine whose numbers are not known.

    `guards` exists for the tests, which show what each of them holds.
    """
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no system-call filter is known for {machine!r}")
    column, architecture = _ARCHITECTURES[machine]
    parts = [
        _instruction(_LOAD, _ARCHITECTURE_AT),
        _instruction(_IF_EQUAL, architecture, when_true=1),
        _instruction(_RETURN, _KILL_PROCESS),
        _instruction(_LOAD, _NUMBER_AT),
        _instruction(_IF_AT_LEAST, _X32_BIT, when_false=1),
        _instruction(_RETURN, _REFUSE),
    ]
    verdicts = {CLONE: _threads_only(), CLONE3: [_instruction(_RETURN, _UNKNOWN)], IOCTL: _no_typing()}
    for name, verdict in verdicts.items():
        if name in guards:
            parts += _when(CONDITIONAL[name][column], verdict)
    numbers = [pair[column] for name, pair in DENIED.items() if name in guards]
    known = [number for number in numbers if number is not None]
    # Each jumps over the comparisons after it and the ALLOW, to the last instruction.
    parts += [_instruction(_IF_EQUAL, number, when_true=len(known) - i) for i, number in enumerate(known)]
    return b"".join((*parts, _instruction(_RETURN, _ALLOW), _instruction(_RETURN, _REFUSE)))


def _threads_only() -> list[bytes]:
    """Allow what makes a thread of this process in its own namespaces, and nothing else."""
    return [
        _instruction(_LOAD, _ARGUMENTS_AT),
        _instruction(_IF_ANY_BIT, _THREAD, when_false=2),
        _instruction(_IF_ANY_BIT, _NAMESPACES, when_true=1),
        _instruction(_RETURN, _ALLOW),
        _instruction(_RETURN, _REFUSE),
    ]


def _no_typing() -> list[bytes]:
    """Refuse to put characters into a terminal's input."""
    return [
        _instruction(_LOAD, _ARGUMENTS_AT + 8),
        _instruction(_IF_EQUAL, _TYPING[0], when_true=2),
        _instruction(_IF_EQUAL, _TYPING[1], when_true=1),
        _instruction(_RETURN, _ALLOW),
        _instruction(_RETURN, _REFUSE),
    ]


def _when(number: int | None, verdict: list[bytes]) -> list[bytes]:
    """Do `verdict`, which returns in every case, for this call alone."""
    return [] if number is None else [_instruction(_IF_EQUAL, number, when_false=len(verdict)), *verdict]


def _instruction(code: int, operand: int, *, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, operand)
