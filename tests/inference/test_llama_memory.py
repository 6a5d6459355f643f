"""Cleared pages go back to the system, written ones stay."""

import sys

import numpy as np
import pytest

from inference.engines.llama_memory import cleared_pages_returned

SIZE = 64 << 20
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the other systems keep their pages")


def resident_bytes(array: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> int:
    """Return how much of the array's own mapping is in memory."""
    address, inside, kib = array.ctypes.data, False, 0
    with open("/proc/self/smaps", encoding="ascii") as maps:
        for line in maps:
            head = line.split()[0]
            if "-" in head and not head.endswith(":"):
                start, end = (int(edge, 16) for edge in head.split("-"))
                inside = start <= address + SIZE // 2 < end
            elif inside and head == "Rss:":
                kib = int(line.split()[1])
    return kib << 10


def test_what_was_only_cleared_takes_no_memory_and_still_reads_as_zeros() -> None:
    with cleared_pages_returned():
        array = np.empty(SIZE, np.uint8)
        array.fill(0)
        assert resident_bytes(array) >= SIZE
    assert resident_bytes(array) < SIZE // 4
    assert not array.any()


def test_what_was_written_stays() -> None:
    with cleared_pages_returned():
        array = np.empty(SIZE, np.uint8)
        array.fill(0)
        array[:: 4 << 20] = 7
    assert array.sum() == 7 * 16


def test_what_was_there_before_is_not_touched() -> None:
    array = np.empty(SIZE, np.uint8)
    array.fill(0)
    with cleared_pages_returned():
        pass
    assert resident_bytes(array) >= SIZE
