"""Leaves a process nothing of the file system but the interpreter, its packages and one document (Linux 5.13 on)."""

import contextlib
import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

import rag

# linux/landlock.h; the numbers are the same on x86_64 and aarch64.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
# What a ruleset of a version can govern: everything up to making links; then REFER; then TRUNCATE; then IOCTL_DEV.
_GOVERNED = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}

_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom")


def readable_paths() -> tuple[str, ...]:
    """Return what a parser may read: the interpreter, installed packages and this one, the system's libraries.

    The folder above this package is no part of it where it is a checkout, which holds the platform's own data.
    """
    root = Path(next(iter(rag.__path__)))
    packages = (entry for entry in sys.path if entry and Path(entry).is_absolute() and Path(entry) != root.parent)
    return tuple(dict.fromkeys((str(root), sys.prefix, sys.base_prefix, *packages, *_SYSTEM)))


def restrict(paths: Iterable[str], *, document: int | None, may_execute: bool = False) -> None:
    """Let this process open what lies beneath `paths` and the open `document`, for reading only. Raises OSError.

    `no_new_privs` must be set. What is open stays open.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        raise OSError(ctypes.get_errno(), "the kernel has no Landlock")
    governed = struct.pack("=Q", _GOVERNED[min(version, max(_GOVERNED))])
    ruleset = _checked(libc.syscall(_CREATE_RULESET, governed, ctypes.c_size_t(len(governed)), 0))
    try:
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                _allow(libc, ruleset, path, may_execute=may_execute)
        if document is not None:
            _add_rule(libc, ruleset, document, _READ_FILE)
        _checked(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, *, may_execute: bool) -> None:
    rights = _READ_FILE | (_EXECUTE if may_execute else 0)
    if Path(path).is_dir():
        rights |= _READ_DIR
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _add_rule(libc, ruleset, descriptor, rights)
    finally:
        os.close(descriptor)


def _add_rule(libc: ctypes.CDLL, ruleset: int, descriptor: int, rights: int) -> None:
    _checked(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0))


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses a Landlock rule")
    return int(result)
