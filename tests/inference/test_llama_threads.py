"""ThreadChooser: all cores when they are free, one when they are not."""

from dataclasses import dataclass

import pytest

from inference.engines.llama_threads import Neighbours, ThreadChooser, machine_busy_s


@dataclass
class Machine:
    """A pretend machine: how many cores others use, and what time it is."""

    others: float = 0.0
    now: float = 0.0

    def chooser(self, cores: int = 4) -> ThreadChooser:
        return ThreadChooser(cores, others=lambda: self.others, clock=lambda: self.now)


def test_a_quiet_machine_gives_prefill_all_cores() -> None:
    assert Machine().chooser().choose(128) == 4


def test_a_busy_neighbour_takes_his_core_from_us() -> None:
    assert Machine(others=0.9).chooser().choose(128) == 3
    assert Machine(others=2.7).chooser().choose(128) == 1
    assert Machine(others=9.0).chooser().choose(128) == 1
    assert Machine(others=0.9).chooser(cores=2).choose(128) == 1


@pytest.mark.parametrize(("several_s", "expected"), [(0.8, 4), (1.1, 1)])
def test_few_rows_take_what_was_measured_to_be_cheaper(several_s: float, expected: int) -> None:
    chooser = Machine().chooser()
    chosen = []
    for _ in range(100):
        threads = chooser.choose(2)
        chosen.append(threads)
        chooser.record(2, threads, 1.0 if threads == 1 else several_s)
    assert set(chosen[:2]) == {1, 4}, "both are measured at first"
    assert chosen.count(expected) >= 97
    assert len(set(chosen[2:])) == 2, "the other one is tried again, because machines change"


def test_nothing_is_tried_while_others_work() -> None:
    machine = Machine(others=0.5)
    chooser = machine.chooser()
    for _ in range(200):
        threads = chooser.choose(2)
        assert threads == 1
        chooser.record(2, threads, 1.0)


def test_a_step_slower_than_one_thread_would_be_is_not_repeated_soon() -> None:
    machine = Machine()
    chooser = machine.chooser()
    chooser.record(128, 1, 0.5)
    chooser.record(128, 4, 2.0)
    assert chooser.choose(128) == 1
    machine.now = 0.6
    assert chooser.choose(128) == 4


def test_a_step_much_slower_than_usual_is_not_repeated_soon() -> None:
    """The first sign of a neighbour: on a quiet machine one thread is never measured for prompts."""
    machine = Machine()
    chooser = machine.chooser()
    for seconds in (0.2, 0.21, 0.19):
        chooser.record(128, 4, seconds)
    assert chooser.choose(128) == 4
    chooser.record(128, 4, 0.6)
    assert chooser.choose(128) == 1


def test_pauses_grow_while_it_happens_again_and_shrink_after_a_good_step() -> None:
    machine = Machine()
    chooser = machine.chooser()
    chooser.record(128, 1, 0.5)
    chooser.record(128, 4, 2.0)
    machine.now = 1.0
    chooser.record(128, 4, 2.0)
    machine.now = 1.6
    assert chooser.choose(128) == 1, "the second pause is longer than the first"
    machine.now = 2.1
    chooser.record(128, 4, 0.2)
    chooser.record(128, 4, 2.0)
    machine.now = 2.7
    assert chooser.choose(128) == 4


def test_sizes_are_judged_apart() -> None:
    machine = Machine()
    chooser = machine.chooser()
    chooser.record(8, 1, 0.01)
    chooser.record(128, 4, 1.0)
    assert chooser.choose(128) == 4


def test_one_core_is_one_thread() -> None:
    assert Machine().chooser(cores=1).choose(512) == 1


def test_a_neighbour_who_comes_and_goes_does_not_take_a_core() -> None:
    machine = Machine(others=0.2)
    assert machine.chooser().choose(128) == 4


@dataclass
class Clocks:
    """A pretend machine's clocks: the wall's, all cores' work and our own work, in seconds."""

    wall: float = 0.0
    machine: float = 0.0
    own: float = 0.0

    def neighbours(self) -> Neighbours:
        return Neighbours(machine=lambda: self.machine, own=lambda: self.own, clock=lambda: self.wall)


def test_our_own_work_is_not_the_neighbours() -> None:
    clocks = Clocks()
    neighbours = clocks.neighbours()
    clocks.wall, clocks.machine, clocks.own = 1.0, 2.0, 2.0
    assert neighbours.busy_cores() == 0


def test_neighbours_are_averaged_over_the_time_since_the_last_look() -> None:
    clocks = Clocks()
    neighbours = clocks.neighbours()
    clocks.wall, clocks.machine, clocks.own = 2.0, 3.0, 1.0
    assert neighbours.busy_cores() == 1.0
    clocks.wall, clocks.machine = 2.05, 9.0
    assert neighbours.busy_cores() == 1.0, "too soon for the kernel's clock: the last figure stands"
    clocks.wall, clocks.machine = 3.0, 3.0
    assert neighbours.busy_cores() == 0


def test_this_machine_can_be_asked() -> None:
    assert machine_busy_s() > 0
    assert Neighbours().busy_cores() == 0
