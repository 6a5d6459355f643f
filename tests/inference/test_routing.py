"""Routing: least outstanding, the same prefix to the same replica, rest after failures, drain."""

from collections.abc import AsyncIterator

import pytest

from inference.errors import InferenceError, InvalidRequestError, OverloadedError, UpstreamUnreachableError
from inference.routing import Router, prefix_of, routed
from inference.types import Delta, GenerateRequest, Message, ModelInfo

NAMES = ("a", "b", "c")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Replica:
    def __init__(self, name: str, error: InferenceError | None = None, after: int = 0) -> None:
        self.name, self.error, self.after = name, error, after
        self.asked = self.probed = 0

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        self.asked += 1
        for at in range(2):
            if self.error is not None and at >= self.after:
                raise self.error
            yield Delta(text=self.name)
        yield Delta(finish_reason="stop")

    async def models(self) -> list[ModelInfo]:
        self.probed += 1
        if self.error is not None:
            raise self.error
        return []


def ask(text: str = "Why?") -> GenerateRequest:
    return GenerateRequest("m", (Message("system", "Be brief."), Message("user", text)))


async def answer(router: Router, replicas: dict[str, Replica], request: GenerateRequest | None = None) -> list[str]:
    return [name async for name, _ in routed(router, replicas, request or ask())]


def test_equal_prefixes_go_to_one_replica_and_others_are_spread() -> None:
    router = Router(NAMES)
    assert {router.choose("same") for _ in range(20)} == {router.choose("same")}
    assert {router.choose(f"prefix {at}") for at in range(50)} == set(NAMES)


def test_when_a_replica_goes_only_its_own_prompts_move() -> None:
    whole, smaller = Router(NAMES), Router(("a", "b"))
    for at in range(50):
        before = whole.choose(f"{at}")
        assert before == "c" or smaller.choose(f"{at}") == before


def test_a_busy_favourite_gives_way_to_the_least_busy() -> None:
    router = Router(NAMES)
    favourite = router.choose("p")
    assert favourite is not None
    for _ in range(3):
        router.begin(favourite)
    other = router.choose("p")
    assert other != favourite
    router.end(favourite, is_well=True)
    assert router.choose("p") == favourite


def test_a_replica_that_fails_again_rests_each_time_longer_and_comes_back() -> None:
    clock = Clock()
    router = Router(("a", "b"), clock)

    def fail() -> None:
        router.begin("a")
        router.end("a", is_well=False)

    fail()
    assert "a" in {router.choose(f"{at}") for at in range(20)}, "one failure happens to anybody"
    fail()
    assert {router.choose(f"{at}") for at in range(20)} == {"b"}
    clock.now = 5.1
    assert "a" in {router.choose(f"{at}") for at in range(20)} and router.wants_probe("a")
    fail()
    clock.now = 11.0
    assert {router.choose(f"{at}") for at in range(20)} == {"b"}, "the second rest is twice as long"
    clock.now = 16.0
    router.begin("a")
    router.end("a", is_well=True)
    assert not router.wants_probe("a")


def test_a_drained_replica_gets_nothing_new_and_a_resting_one_only_when_it_is_the_last() -> None:
    router = Router(("a", "b"), Clock())
    router.drain("a")
    assert {router.choose(f"{at}") for at in range(20)} == {"b"}
    for _ in range(2):
        router.begin("b")
        router.end("b", is_well=False)
    assert router.choose("x") == "b"
    router.drain("b")
    assert router.choose("x") is None
    router.drain("a", is_draining=False)
    assert router.choose("x") == "a"


async def test_a_replica_that_fails_at_once_is_replaced_and_the_count_returns_to_zero() -> None:
    router = Router(NAMES)
    gone = UpstreamUnreachableError("gone")
    replicas = {name: Replica(name, gone) for name in NAMES}
    favourite = router.choose(prefix_of(ask()))
    last = next(name for name in NAMES if name != favourite)
    replicas[last].error = None
    assert await answer(router, replicas) == [last] * 3
    assert favourite is not None and replicas[favourite].asked == 1
    assert [state.outstanding for state in router.states()] == [0, 0, 0]


@pytest.mark.parametrize(
    ("error", "after"), [(InvalidRequestError("wrong"), 0), (UpstreamUnreachableError("broke"), 1)]
)
async def test_what_another_could_not_do_better_is_raised(error: InferenceError, after: int) -> None:
    replicas = {name: Replica(name, error, after) for name in NAMES}
    with pytest.raises(type(error)):
        await answer(Router(NAMES), replicas)
    assert sum(replica.asked for replica in replicas.values()) == 1


async def test_a_replica_that_rested_is_probed_before_it_gets_a_request() -> None:
    clock = Clock()
    router = Router(("a",), clock)
    replica = Replica("a", UpstreamUnreachableError("gone"))
    for _ in range(2):
        with pytest.raises(UpstreamUnreachableError):
            await answer(router, {"a": replica})
    clock.now = 6.0
    with pytest.raises(UpstreamUnreachableError):
        await answer(router, {"a": replica})
    assert (replica.asked, replica.probed) == (2, 1)
    replica.error, clock.now = None, 60.0
    assert await answer(router, {"a": replica}) == ["a"] * 3


async def test_with_all_drained_it_says_so() -> None:
    router = Router(("a",))
    router.drain("a")
    with pytest.raises(OverloadedError, match="drained"):
        await answer(router, {"a": Replica("a")})


async def test_a_reader_who_leaves_is_no_failure() -> None:
    router = Router(("a",))
    for _ in range(3):
        stream = routed(router, {"a": Replica("a")}, ask())
        await anext(stream)
        await stream.aclose()
    (state,) = router.states()
    assert (state.outstanding, state.is_well) == (0, True)
    assert not router.wants_probe("a")
