"""Takes guards of the sandbox away, one by one."""

import os
import platform
from collections.abc import Callable
from dataclasses import replace

from agents.sandbox import seccomp
from agents.sandbox.recipe import Launch

Weaken = Callable[[Launch], Launch]
CANARY = "CANARY-4c1f09"


def unfiltered(*names: str) -> Weaken:
    """Let these system calls through."""
    guards = seccomp.GUARDS - frozenset(names)
    return lambda launch: replace(launch, filter=seccomp.program(platform.machine(), guards))


def without(*options: str) -> Weaken:
    """Leave out options of bubblewrap that take no argument, and limits."""

    def weaken(launch: Launch) -> Launch:
        kept = tuple(part for part in launch.bwrap if part not in options)
        program = tuple(part for part in launch.program if part.split("=")[0] not in options)
        assert len(kept) + len(program) < len(launch.bwrap) + len(launch.program), "an option that was not there"
        return replace(launch, bwrap=kept, program=program)

    return weaken


def without_pair(option: str, argument: str) -> Weaken:
    """Leave out an option of bubblewrap with its argument."""

    def weaken(launch: Launch) -> Launch:
        at = next(i for i, part in enumerate(launch.bwrap) if launch.bwrap[i : i + 2] == (option, argument))
        return replace(launch, bwrap=launch.bwrap[:at] + launch.bwrap[at + 2 :])

    return weaken


def showing(*options: str) -> Weaken:
    """Show the sandbox something of the host."""

    def weaken(launch: Launch) -> Launch:
        at = next(i for i in range(len(launch.bwrap)) if launch.bwrap[i : i + 2] == ("--remount-ro", "/"))
        return replace(launch, bwrap=(*launch.bwrap[:at], *options, *launch.bwrap[at:]))

    return weaken


def all_of(*parts: Weaken) -> Weaken:
    """Take several guards away that hold the same."""

    def weaken(launch: Launch) -> Launch:
        for part in parts:
            launch = part(launch)
        return launch

    return weaken


def as_mighty(launch: Launch) -> Launch:
    """Keep every right that bubblewrap could leave."""
    at = next((i for i, part in enumerate(launch.program) if part.endswith("prlimit")), 0)
    return replace(launch, bwrap=(*launch.bwrap, "--cap-add", "ALL"), program=launch.program[at:])


def nested(launch: Launch) -> Launch:
    """Let user namespaces be made inside, as the kernel does."""
    return without("--disable-userns")(launch) if "--disable-userns" in launch.bwrap else launch


def with_our_environment(launch: Launch) -> Launch:
    """Start bubblewrap as anything else is started."""
    return replace(launch, environment={**os.environ, "ATELIER_SECRET": CANARY})


def bigger(option: str, value: str) -> Weaken:
    """Raise a limit."""

    def weaken(launch: Launch) -> Launch:
        program = tuple(f"{option}={value}" if part.startswith(f"{option}=") else part for part in launch.program)
        assert program != launch.program, "a limit that was not there"
        return replace(launch, program=program)

    return weaken


def unwatched(launch: Launch) -> Launch:
    """Load a filter that allows everything, on every architecture."""
    return replace(launch, filter=(0x06).to_bytes(2, "little") + bytes(2) + (0x7FFF0000).to_bytes(4, "little"))


def larger_box(launch: Launch) -> Launch:
    """Give the folder inside a gigabyte."""
    at = launch.bwrap.index("--size") + 1
    return replace(launch, bwrap=(*launch.bwrap[:at], str(1 << 30), *launch.bwrap[at + 1 :]))
