"""Places, bytes and deadlines: taken, refused, given back."""

from __future__ import annotations

import asyncio

import pytest

from service.errors import ServerBusy
from service.http.admission import Deadlines, HeldBytes, Places


def test_single_ones_are_refused_where_lists_wait() -> None:
    async def crowd() -> None:
        places = Places(4)
        first, second = places.for_list(), places.for_list()
        release = asyncio.Event()
        most = 0

        async def item(place: object) -> None:
            nonlocal most
            async with place():  # type: ignore[operator]
                most = max(most, places.taken)
                await release.wait()

        one = [asyncio.create_task(item(first)) for _ in range(5)]
        await asyncio.sleep(0)
        assert places.taken == 2  # half of them
        async with places.one():
            assert places.taken == 3
            other = [asyncio.create_task(item(second)) for _ in range(5)]
            await asyncio.sleep(0)
            assert places.taken == 4
            with pytest.raises(ServerBusy):
                async with places.one():
                    pass
        release.set()
        await asyncio.gather(*one, *other)
        assert (places.taken, most) == (0, 4)
        async with places.one():
            assert places.taken == 1

    asyncio.run(crowd())


def test_bytes_are_given_back_whatever_happens() -> None:
    held = HeldBytes(10)
    with held.of_one_request() as first:
        first(6)
        with held.of_one_request() as second:
            second(4)
            with pytest.raises(ServerBusy):
                second(1)
        assert held.held == 6
        first(-3)
        first(7)
        assert held.held == 10
    assert held.held == 0


def test_deadlines_pass_and_can_be_ended() -> None:
    async def wait() -> None:
        deadlines = Deadlines()
        with pytest.raises(TimeoutError):
            async with deadlines.within(0.001):
                await asyncio.Event().wait()
        async with deadlines.within(60.0):
            pass
        asyncio.get_running_loop().call_soon(deadlines.end_all)
        with pytest.raises(TimeoutError):
            async with deadlines.within(60.0):
                await asyncio.Event().wait()

    asyncio.run(wait())
