"""ThreadChooser: all cores when they are free, one when they are not."""

from dataclasses import dataclass

from inference.engines.llama_threads import ThreadChooser, others_running


@dataclass
class Machine:
    """A pretend machine: how many others run, and what time it is."""

    others: int = 0
    now: float = 0.0

    def chooser(self, cores: int = 4) -> ThreadChooser:
        return ThreadChooser(cores, others=lambda: self.others, clock=lambda: self.now)


def test_a_quiet_machine_gives_prefill_all_cores_and_small_decode_one() -> None:
    chooser = Machine().chooser()
    assert chooser.choose(128) == 4
    assert chooser.choose(2) == 1


def test_a_busy_neighbour_means_one_thread() -> None:
    machine = Machine(others=1)
    assert machine.chooser().choose(128) == 1


def test_a_step_slower_than_one_thread_would_be_is_not_repeated_soon() -> None:
    machine = Machine()
    chooser = machine.chooser()
    chooser.record(128, 1, 0.5)
    chooser.record(128, 4, 2.0)
    assert chooser.choose(128) == 1
    machine.now = 0.6
    assert chooser.choose(128) == 4


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


def test_this_machine_can_be_asked() -> None:
    assert others_running() >= 0
