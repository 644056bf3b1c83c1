"""How much the server takes in: places for instances, bytes of bodies held in memory, time to send them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

from service.errors import ServerBusy

_HINT = "try again shortly"


class Places:
    """So many instances are being answered or wait for it.

    A single one is refused where there is no place; the items of a list wait for one, and a list holds at
    most half of the places, so that it does not shut out the others.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._free = asyncio.Semaphore(number)
        self.taken = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A place, at once.

        Raises:
            ServerBusy: there is none.
        """
        if self._free.locked():
            raise ServerBusy("as many instances as may wait are waiting", hint=_HINT)
        async with self._place():
            yield

    def for_list(self) -> Callable[[], AbstractAsyncContextManager[None]]:
        """What gives the items of one list their places, as they become free."""
        portion = asyncio.Semaphore(max(1, self._number // 2))

        @asynccontextmanager
        async def place() -> AsyncIterator[None]:
            async with portion, self._place():
                yield

        return place

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        async with self._free:
            self.taken += 1
            try:
                yield
            finally:
                self.taken -= 1


class HeldBytes:
    """So many bytes of request bodies are in memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    @contextmanager
    def of_one_request(self) -> Iterator[Callable[[int], None]]:
        """Call what it yields with each further number of bytes; all are given back at the end.

        Raises:
            ServerBusy: on that call, where they are too many.
        """
        own = 0

        def hold(size: int) -> None:
            nonlocal own
            if self.held + size > self._most:
                raise ServerBusy("the requests being answered take all the memory they may", hint=_HINT)
            self.held += size
            own += size

        try:
            yield hold
        finally:
            self.held -= own


class Deadlines:
    """The times by which clients must have sent their bodies, all of which can be ended at once."""

    def __init__(self) -> None:
        self._open: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """As `asyncio.timeout`.

        Raises:
            TimeoutError: the time is over, or all were ended.
        """
        async with asyncio.timeout(seconds) as deadline:
            self._open.add(deadline)
            try:
                yield
            finally:
                self._open.discard(deadline)

    def end_all(self) -> None:
        """From now on every open deadline is over."""
        for deadline in self._open:
            deadline.reschedule(asyncio.get_running_loop().time())
