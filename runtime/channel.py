"""Messages over a socket: eight bytes of length, then a pickled tuple.

`Channel` is the parent's end: it never blocks, so that no child, however it hangs or dies, can stop the
parent. `send_message` and `receive_message` are the child's end: they block, which holds a child back when
its parent is slow to collect.
"""

from __future__ import annotations

import pickle
import socket
import struct
from collections import deque
from itertools import islice
from typing import Any, Final

_HEADER: Final = struct.Struct("<Q")
_PIECE: Final = 1 << 18
_BUFFERS: Final = 16  # handed to the system at once


def encode(*content: Any) -> bytes:
    return pickle.dumps(content, protocol=5)


def decode(payload: bytes) -> Any:
    """Unpickles what our own parent or child pickled; nothing else ever comes here."""
    return pickle.loads(payload)  # noqa: S301


def frame(payload: bytes) -> bytes:
    return _HEADER.pack(len(payload)) + payload


def send_message(connection: socket.socket, payload: bytes) -> None:
    connection.sendall(frame(payload))


def receive_message(connection: socket.socket) -> bytes:
    """The next message; raises EOFError when the other side has gone."""
    (length,) = _HEADER.unpack(_receive_exactly(connection, _HEADER.size))
    return _receive_exactly(connection, length)


def _receive_exactly(connection: socket.socket, length: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < length:
        piece = connection.recv(min(length - len(pieces), _PIECE))
        if not piece:
            raise EOFError
        pieces += piece
    return bytes(pieces)


class Channel:
    """The parent's end of a socket pair.

    Attributes:
        ended: the other side has closed; everything it sent has been returned by `receive`.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._incoming = bytearray()
        self._outgoing: deque[memoryview] = deque()
        self.ended = False

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def is_mid_message(self) -> bool:
        """Part of a message has arrived: the sender had finished its work and is handing it over."""
        return bool(self._incoming)

    @property
    def has_unsent(self) -> bool:
        return bool(self._outgoing)

    def send(self, payload: bytes) -> None:
        self._outgoing += (memoryview(_HEADER.pack(len(payload))), memoryview(payload))
        self.flush()

    def flush(self) -> None:
        try:
            while self._outgoing:
                sent = self._socket.sendmsg(islice(self._outgoing, _BUFFERS))
                while self._outgoing and sent >= len(self._outgoing[0]):
                    sent -= len(self._outgoing.popleft())
                if sent:
                    self._outgoing[0] = self._outgoing[0][sent:]
        except BlockingIOError:
            pass
        except OSError:  # the other side has gone: `receive` will find the end
            self._outgoing.clear()

    def receive(self) -> list[bytes]:
        """Every complete message that has arrived so far."""
        self._fill()
        messages = []
        start = 0
        while (end := self._end_of_message(start)) is not None:
            messages.append(bytes(self._incoming[start + _HEADER.size : end]))
            start = end
        del self._incoming[:start]
        return messages

    def close(self) -> None:
        self._socket.close()

    def _fill(self) -> None:
        try:
            while piece := self._socket.recv(_PIECE):
                self._incoming += piece
                if len(piece) < _PIECE:
                    return  # nothing more for now, most likely; the selector will say
            self.ended = True
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True

    def _end_of_message(self, start: int) -> int | None:
        if len(self._incoming) < start + _HEADER.size:
            return None
        (length,) = _HEADER.unpack_from(self._incoming, start)
        end = start + _HEADER.size + int(length)
        return end if end <= len(self._incoming) else None
