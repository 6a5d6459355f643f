"""The bench of the inference server: its figures, its loads, its gates, and its client against a real socket."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.cli.bench import bench_run
from backend.cli.benches.serve import gates
from backend.cli.benches.serve.figures import Timing, gaps, paired_ratio, percentile, rate
from backend.cli.benches.serve.jobs import Outcome, outcome
from backend.cli.benches.serve.loads import Shape, closed_loop, mixed, open_loop, poisson
from backend.cli.benches.serve.prompts import Prompts
from backend.cli.benches.serve.rig import candidates, risen
from backend.cli.benches.serve.run import chosen_workloads
from backend.cli.benches.serve.servers import Threads
from backend.cli.benches.serve.tools import call_asks, free_asks, is_valid_call
from backend.cli.benches.serve.wire import Ask, Target, read_events, timed
from backend.cli.errors import CommandError
from backend.embedded.home import home_resolve

SHAPE = Shape(30, 4)
ASK = Ask("/v1/completions", {"prompt": "x", "max_tokens": 3})
Answer = Callable[[dict[str, object]], Sequence[bytes]]


def answer(at: float, *arrivals: float, tokens: int = 0, status: int = 200, **more: object) -> Timing:
    return Timing(
        at,
        arrivals[-1] if arrivals else at,
        status,
        arrivals,
        tokens or len(arrivals),
        finish_reason="length" if status == 200 else "",
        **more,
    )


# Figures


def test_percentiles_are_values_that_were_measured() -> None:
    assert [percentile([4, 1, 3, 2], share) for share in (0.25, 0.5, 0.99, 1.0)] == [1, 2, 4, 4]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_leaves_its_share_at_or_below_it(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) <= share * len(values)


def test_the_rate_runs_from_the_first_request_to_the_last_token_of_all() -> None:
    assert rate([answer(10.0, 11.0, 12.0), answer(10.5, 13.0, 14.0, tokens=6)]) == pytest.approx(8 / 4)


def test_requests_that_brought_nothing_do_not_make_a_rate() -> None:
    assert rate([answer(1.0, status=429)]) == 0.0


def test_a_gap_counts_where_it_overlaps_the_window() -> None:
    stream = answer(0.0, 1.0, 2.0, 5.0, 6.0)
    assert gaps(stream) == [1.0, 3.0, 1.0]
    assert gaps(stream, since=2.5, until=4.0) == [3.0]
    assert gaps(stream, since=5.5) == [1.0]


def test_the_first_token_of_an_answer_without_tokens_never_came() -> None:
    assert math.isinf(answer(1.0, status=429).first_s)


def test_a_slow_moment_of_the_machine_leaves_the_ratio_of_the_pairs_alone() -> None:
    assert paired_ratio([100.0, 10.0, 100.0], [50.0, 5.0, 50.0]) == 2.0


# Loads


@given(st.integers(0, 2**32), st.floats(0.1, 100), st.integers(1, 50))
def test_a_trace_is_ordered_complete_and_repeatable(seed: int, per_s: float, count: int) -> None:
    trace = poisson(seed, per_s=per_s, shapes=[SHAPE] * count)
    moments = [arrival.at_s for arrival in trace]
    assert moments == sorted(moments)
    assert len(trace) == count
    assert trace == poisson(seed, per_s=per_s, shapes=[SHAPE] * count)


def test_a_long_trace_has_the_rate_that_was_asked_for() -> None:
    trace = poisson(3, per_s=5.0, shapes=[SHAPE] * 5000)
    assert 5000 / trace[-1].at_s == pytest.approx(5.0, rel=0.05)


@given(st.integers(0, 2**32), st.integers(0, 200), st.floats(0, 1))
def test_a_mix_has_exactly_its_share_of_long_requests(seed: int, count: int, share: float) -> None:
    long = Shape(500, 500)
    shapes = mixed(seed, short=SHAPE, long=long, count=count, long_share=share)
    assert len(shapes) == count
    assert shapes.count(long) == round(count * share)


def test_prompts_have_their_length_and_differ() -> None:
    words = [f"w{number}" for number in range(100)]
    prompts = Prompts(words, 1)
    drawn = [prompts.draw(30) for _ in range(50)]
    assert {len(prompt.split()) for prompt in drawn} == {30}
    assert len(set(drawn)) == 50
    assert Prompts(words, 1).draw(30) == drawn[0]
    assert Prompts(words, 2).draw(30) != drawn[0]


# Gates


def test_a_gate_of_speed_is_met_by_the_pairs() -> None:
    assert gates.faster("m", [100.0, 90.0], [100.0, 90.0], 1.0).is_met
    assert not gates.faster("m", [99.0, 89.0], [100.0, 90.0], 1.0).is_met
    assert gates.faster("m", [1.0], [100.0], None).is_met


def test_a_stall_is_judged_by_its_99th_percentile() -> None:
    assert gates.stall([0.1] * 99 + [0.9], [9.0]).is_met
    assert not gates.stall([0.1] * 98 + [0.9] * 2, [9.0]).is_met


def test_no_gaps_at_all_are_no_success() -> None:
    assert not gates.stall([], [9.0]).is_met


def test_a_warm_start_is_compared_with_a_cold_one() -> None:
    assert gates.warm([0.25], [1.0]).is_met
    assert not gates.warm([0.26], [1.0]).is_met


def test_jobs_must_all_come_whole() -> None:
    quick, slow = answer(0.0, 1.0), answer(0.0, 2.0)
    assert gates.jobs([quick, quick], [slow, slow]).is_met
    assert not gates.jobs([quick, slow], [slow, slow]).is_met
    assert not gates.jobs([quick, answer(0.0, status=0)], [slow, slow]).is_met


def test_one_invalid_call_misses_the_gate() -> None:
    assert gates.calls(40, 40).is_met
    assert not gates.calls(39, 40).is_met


def test_an_overload_may_end_in_answers_and_refusals_that_say_when() -> None:
    good = [answer(0.0, 1.0), answer(0.0, status=429, retry_after_s=2.0)]
    assert outcome(good) == Outcome(1, 1, 0)
    assert outcome([*good, answer(0.0, status=429), answer(0.0, status=500), answer(0.0, status=0)]) == Outcome(1, 1, 3)


def test_an_overload_misses_its_gates_by_an_error_a_crash_or_a_late_token() -> None:
    def met(found: Outcome, first_s: list[float], *, survived: bool) -> bool:
        return all(row.is_met for row in gates.overloaded(found, first_s, 30.0, survived=survived))

    assert met(Outcome(1, 1, 0), [29.0], survived=True)
    assert not met(Outcome(1, 1, 1), [29.0], survived=True)
    assert not met(Outcome(1, 1, 0), [29.0], survived=False)
    assert not met(Outcome(1, 1, 0), [31.0], survived=True)
    assert not met(Outcome(0, 2, 0), [], survived=True)


# Calls


def call(name: str, **arguments: object) -> Timing:
    return Timing(0, 1, 200, (1.0,), 5, finish_reason="tool_calls", calls=((name, json.dumps(arguments)),))


def test_a_call_is_valid_when_it_obeys_the_schema_of_its_tool() -> None:
    assert is_valid_call(call("search_documents", query="x", limit=3, is_exact=True))
    assert not is_valid_call(call("search_documents", query="x", limit=300, is_exact=True))
    assert not is_valid_call(call("search_documents", query="x"))
    assert not is_valid_call(call("delete_documents", query="x", limit=3, is_exact=True))
    assert not is_valid_call(Timing(0, 1, 200, (1.0,), 5, finish_reason="tool_calls"))
    assert not is_valid_call(replace(call("search_documents", query="x", limit=3, is_exact=True), status=0))
    cut = Timing(0, 1, 200, (1.0,), 5, finish_reason="tool_calls", calls=(("search_documents", '{"query": "'),))
    assert not is_valid_call(cut)


def test_the_twin_without_a_grammar_has_the_same_tools_and_lengths() -> None:
    words = [f"w{number}" for number in range(90)]
    free = free_asks(Prompts(words, 1), [17, 0, 40])
    bound = call_asks(Prompts(words, 1), 3)
    assert [ask.body["tools"] for ask in free] == [ask.body["tools"] for ask in bound]
    assert {ask.body["tool_choice"] for ask in free} == {"none"}
    assert [ask.body["max_tokens"] for ask in free] == [17, 1, 40]


# Choices


def test_workloads_are_chosen_by_name_in_their_order() -> None:
    assert chosen_workloads("w6, W1") == ["W1", "W6"]
    assert chosen_workloads("") == ["W1", "W2", "W3", "W4", "W5", "W6"]
    with pytest.raises(CommandError, match="'W9'"):
        chosen_workloads("W1,W9")


def test_options_of_serve_are_refused_for_other_benches(tmp_path: object) -> None:
    with pytest.raises(CommandError, match="overhead"):
        bench_run(home_resolve(str(tmp_path)), "overhead", None, only="W1")


def test_a_machine_with_one_core_has_one_setting() -> None:
    assert candidates(1) == (Threads(1, 1),)
    assert candidates(2) == (Threads(1, 2), Threads(2, 2), Threads(1, 1))


def test_counters_are_compared_with_what_they_were() -> None:
    assert risen({"steps": 3.0}, {"steps": 10.0, "new": 2.0}) == {"steps": 7.0, "new": 2.0}


# The client


def event(**choice: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, **choice}]}).encode() + b"\n\n"


USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}\n\n'


def test_events_are_timed_by_their_last_byte_wherever_they_are_cut() -> None:
    whole = event(text="a") + event(text="b", finish_reason="length") + USAGE + b"data: [DONE]\n\n"
    for cut in range(1, len(whole) - 1):
        read = read_events([(1.0, whole[:cut]), (2.0, whole[cut:])], 0.0, 3.0)
        assert (read.text, read.tokens, read.prompt_tokens, read.finish_reason) == ("ab", 3, 7, "length")
        assert len(read.arrivals) == 2
        assert read.arrivals[-1] == (1.0 if cut >= whole.index(USAGE) - 1 else 2.0)


def test_calls_are_put_together_from_their_pieces() -> None:
    first = {"index": 0, "id": "1", "function": {"name": "look", "arguments": '{"a"'}}
    second = {"index": 0, "function": {"arguments": ": 1}"}}
    pieces = [event(delta={"tool_calls": [first]}), event(delta={"tool_calls": [second]}, finish_reason="tool_calls")]
    read = read_events([(float(moment), piece) for moment, piece in enumerate(pieces)], 0.0, 2.0)
    assert read.calls == (("look", '{"a": 1}'),)
    assert read.arrivals == (0.0, 1.0)


def test_an_error_inside_a_stream_is_no_answer() -> None:
    read = read_events([(1.0, event(text="a") + b'data: {"error": {"message": "no"}}\n\n')], 0.0, 2.0)
    assert not read.is_whole
    assert "no" in read.error


@asynccontextmanager
async def loopback(head: bytes, reply: Answer) -> AsyncIterator[Target]:
    """A server that answers each request with the pieces that `reply` makes of its body, and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(asked.lower().split("content-length: ")[1].split("\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        writer.write(head + b"\r\n\r\n")
        for piece in reply(body):
            writer.write(piece)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Target("loopback", server.sockets[0].getsockname()[1], {"model": "m"})


@asynccontextmanager
async def hanging(piece: bytes) -> AsyncIterator[Target]:
    """A server that sends one piece and then nothing until its client leaves."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED + b"\r\n\r\n" + chunk(piece))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Target("hanging", server.sockets[0].getsockname()[1])


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"


async def test_a_streamed_answer_is_read_to_its_end_and_asked_for_with_the_servers_extra() -> None:
    seen: list[dict[str, object]] = []

    def reply(body: dict[str, object]) -> list[bytes]:
        seen.append(body)
        return [chunk(event(text="a")), chunk(event(text="b", finish_reason="length")), chunk(USAGE), b"0\r\n\r\n"]

    async with loopback(CHUNKED, reply) as target:
        timings = await closed_loop(target, [ASK] * 5, 2)
    assert [(timing.text, timing.tokens, timing.is_whole) for timing in timings] == [("ab", 3, True)] * 5
    assert all(timing.sent_at <= timing.arrivals[0] <= timing.ended_at for timing in timings)
    assert seen[0] == {**ASK.body, "model": "m", "stream": True, "stream_options": {"include_usage": True}}


async def test_timings_come_in_the_order_of_the_requests_however_long_each_takes() -> None:
    def reply(body: dict[str, object]) -> list[bytes]:
        return [chunk(event(text=str(body["seed"]), finish_reason="length")), b"0\r\n\r\n"]

    numbered = [Ask("/v1/completions", {"seed": number}) for number in range(20)]
    async with loopback(CHUNKED, reply) as target:
        timings = await closed_loop(target, numbered, 8)
    assert [timing.text for timing in timings] == [str(number) for number in range(20)]


async def test_what_a_round_brought_until_its_end_counts() -> None:
    async with hanging(event(text="a") + event(text="b")) as target:
        timings = await closed_loop(target, [ASK] * 3, 1, limit_s=0.5)
    assert [(timing.tokens, timing.is_whole) for timing in timings] == [(2, False)]


async def test_a_refusal_says_when_to_come_again() -> None:
    head = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 2"
    async with loopback(head, lambda _body: [b"{}"]) as target:
        timing = await timed(target, ASK)
    assert (timing.status, timing.retry_after_s, timing.arrivals) == (429, 7.0, ())


async def test_a_stream_that_breaks_off_keeps_what_came_and_is_not_whole() -> None:
    async with loopback(CHUNKED, lambda _body: [chunk(event(text="a")), b"ff\r\nda"]) as target:
        timing = await timed(target, ASK)
    assert (timing.status, timing.tokens, timing.is_whole) == (0, 1, False)
    assert "IncompleteRead" in timing.error


async def test_a_server_that_is_gone_is_an_error_of_each_request() -> None:
    async with loopback(CHUNKED, lambda _body: []) as target:
        pass
    timings = await open_loop(target, [(0.0, ASK), (0.01, ASK)])
    assert [timing.status for timing in timings] == [0, 0]
    assert all("Connect" in timing.error for timing in timings)
