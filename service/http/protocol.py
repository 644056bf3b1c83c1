"""uvicorn's HTTP/1.1 with what it lacks: deadlines for clients, a limit on connections, our errors."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple
from uuid import uuid4

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.errors import Problem, RequestTooSlow, problem_of, problem_of_status
from service.http.handlers import ID_HEADER, PROBLEM_TYPE
from service.http.overload import CROWDED
from service.output import dumps


class ConnectionLimits(NamedTuple):
    """What a connection may take.

    Attributes:
        connections: on more than these only health and metrics are served; on twice as many, nothing.
        head_seconds: from the first byte of a request (or the opening of the connection) to the end of its
            head; likewise for what is left of a body after its answer.
        stall_seconds: in which a client must take some of the answer that waits for it.
    """

    connections: int
    head_seconds: float
    stall_seconds: float


class Protocol(H11Protocol):
    """One connection.

    Args:
        limits: see ConnectionLimits.
        rest: as H11Protocol.
    """

    def __init__(self, limits: ConnectionLimits, **rest: Any) -> None:
        super().__init__(**rest)
        self._limits = limits
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > 2 * self._limits.connections:
            transport.abort()
            return
        if len(self.connections) > self._limits.connections:
            self.app_state = {**self.app_state, CROWDED: True}
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        self._clear_stall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._waits_for_client and not self.transport.is_closing():
            self._set_deadline()
        else:
            self._clear_deadline()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        self._clear_stall()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP is answered like everything else."""
        self._refuse(problem_of_status(400, "this is not HTTP/1.1 as farkas reads it"))

    @property
    def _waits_for_client(self) -> bool:
        """A head has begun and is not complete, or what is left of a body nobody wants still comes in."""
        if self.conn.their_state is h11.IDLE:
            return bool(self.conn.trailing_data[0])
        is_answered = self.cycle is not None and self.cycle.response_complete
        return is_answered and self.conn.their_state is h11.SEND_BODY

    def _set_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._limits.head_seconds, self._end_of_patience)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _watch_writing(self) -> None:
        size = self.transport.get_write_buffer_size()
        self._stall = self.loop.call_later(self._limits.stall_seconds, self._end_stall, size)

    def _end_stall(self, size: int) -> None:
        """Nothing of the answer was taken for so long, or else look again later."""
        if self.transport.get_write_buffer_size() >= size:
            self.transport.abort()
        else:
            self._watch_writing()

    def _clear_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _end_of_patience(self) -> None:
        if self.transport.is_closing():
            return
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._refuse(problem_of(RequestTooSlow("the head of the request was not complete in time")))
        else:
            self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        """Answer with a problem document where no answer has begun, and close."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        request_id = uuid4().hex
        body = dumps(problem.to_json(request_id))
        headers = {
            "Content-Type": PROBLEM_TYPE,
            "Content-Length": str(len(body)),
            "Connection": "close",
            ID_HEADER: request_id,
        }
        response = h11.Response(status_code=problem.status, headers=list(headers.items()))
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
