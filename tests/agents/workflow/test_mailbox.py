"""The bounded queue between the nodes of a run and its reader."""

import asyncio

import pytest

from agents.workflow.mailbox import Mailbox


def mailbox(capacity: int = 2, wait_s: float = 10.0) -> Mailbox[int]:
    return Mailbox(capacity, asyncio.get_running_loop().time() + wait_s)


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_many_put_comes_in_the_order_in_which_it_got_in() -> None:
    box = mailbox()
    senders = [asyncio.create_task(box.put(number)) for number in range(20)]
    assert [await box.take() for _ in senders] == list(range(20))
    assert box.take_waiting() is None
    await asyncio.gather(*senders)


async def test_who_puts_waits_while_it_is_full() -> None:
    box = mailbox(capacity=1)
    await box.put(1)
    sender = asyncio.create_task(box.put(2))
    await turns()
    assert not sender.done()
    assert box.take_waiting() == 1
    await sender


async def test_a_sender_that_gives_up_takes_nobodys_place() -> None:
    box = mailbox(capacity=1)
    await box.put(1)
    first, second = asyncio.create_task(box.put(2)), asyncio.create_task(box.put(3))
    await turns()
    assert box.take_waiting() == 1, "from here on there is room for the first"
    first.cancel()
    await asyncio.wait([first, second], timeout=1)
    assert first.cancelled() and second.done() and box.take_waiting() == 3


async def test_waiting_ends_at_the_deadline_and_so_does_reading_what_is_there() -> None:
    box = mailbox(wait_s=0.01)
    with pytest.raises(TimeoutError):
        await box.take()
    await box.put(1)
    with pytest.raises(TimeoutError):
        await box.take()
