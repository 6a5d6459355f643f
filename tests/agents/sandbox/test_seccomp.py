"""The filter, interpreted as the kernel does: on both architectures, also the one that these tests do not run on."""

import errno
import struct

import pytest

from agents.sandbox.seccomp import CONDITIONAL, DENIED, GUARDS, program

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
ALLOWED, REFUSED, UNKNOWN, KILLED = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS, 0x80000000
THREAD = 0x3D0F00  # what the C library asks for when it starts a thread
NEW_USER = 0x10000000


def verdict(code: bytes, architecture: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """Run the filter on one system call."""
    data = struct.pack("<IIQ", number, architecture, 0) + struct.pack("<6Q", *(*arguments, *(0,) * 6)[:6])
    instructions = list(struct.iter_unpack("=HBBI", code))
    accumulator = at = 0
    while True:
        kind, when_true, when_false, operand = instructions[at]
        at += 1
        match kind:
            case 0x20:
                accumulator = struct.unpack_from("<I", data, operand)[0]
            case 0x15:
                at += when_true if accumulator == operand else when_false
            case 0x35:
                at += when_true if accumulator >= operand else when_false
            case 0x45:
                at += when_true if accumulator & operand else when_false
            case 0x06:
                return int(operand)
            case other:
                raise AssertionError(f"an instruction {other:#x} that the filter does not use")


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize("name", sorted(DENIED))
def test_a_denied_call_is_refused_and_only_because_it_is_listed(machine: str, name: str) -> None:
    column, architecture = ARCHITECTURES[machine]
    number = DENIED[name][column]
    if number is None:
        assert machine == "aarch64", "every call exists on x86_64"
        return
    assert verdict(program(machine), architecture, number) == REFUSED
    assert verdict(program(machine, GUARDS - {name}), architecture, number) == ALLOWED


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_a_clone_makes_threads_and_neither_processes_nor_namespaces(machine: str) -> None:
    column, architecture = ARCHITECTURES[machine]
    clone, clone3 = CONDITIONAL["clone"][column], CONDITIONAL["clone3"][column]
    assert clone is not None and clone3 is not None
    code = program(machine)
    assert verdict(code, architecture, clone, (THREAD,)) == ALLOWED
    assert verdict(code, architecture, clone, (17,)) == REFUSED
    assert verdict(code, architecture, clone, (THREAD | NEW_USER,)) == REFUSED
    assert verdict(code, architecture, clone3, (0, 88)) == UNKNOWN, "the C library then takes clone"


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_a_terminal_is_not_typed_into_and_other_controls_work(machine: str) -> None:
    column, architecture = ARCHITECTURES[machine]
    ioctl = CONDITIONAL["ioctl"][column]
    assert ioctl is not None
    assert verdict(program(machine), architecture, ioctl, (0, 0x5412)) == REFUSED
    assert verdict(program(machine), architecture, ioctl, (0, 0x541C)) == REFUSED
    assert verdict(program(machine), architecture, ioctl, (0, 0x5401)) == ALLOWED


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_calls_of_another_architecture_end_the_process(machine: str) -> None:
    other = next(architecture for name, (_, architecture) in ARCHITECTURES.items() if name != machine)
    assert verdict(program(machine), other, 1) == KILLED
    assert verdict(program(machine), ARCHITECTURES[machine][1], 0x40000000 | 41) == REFUSED


def test_a_machine_whose_numbers_are_not_known_has_no_filter() -> None:
    with pytest.raises(OSError, match="'riscv64'"):
        program("riscv64")
