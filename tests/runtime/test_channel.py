"""Messages over a socket pair: whole, in order, never blocking the parent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from runtime.channel import Channel, decode, encode, frame, receive_message, send_message


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    with theirs:
        yield channel, theirs
    channel.close()


def test_contents_survive() -> None:
    assert decode(encode("run", [b"a", b"b"])) == ("run", [b"a", b"b"])


def test_messages_arrive_whole_and_in_order(ends: tuple[Channel, socket.socket]) -> None:
    channel, child = ends
    stream = frame(b"one") + frame(b"") + frame(b"three")
    child.sendall(stream[:13])
    assert channel.receive() == [b"one"]
    assert channel.is_mid_message
    child.sendall(stream[13:])
    assert channel.receive() == [b"", b"three"]
    assert not channel.is_mid_message
    assert channel.receive() == []
    assert not channel.ended


def test_the_end_comes_after_the_last_message(ends: tuple[Channel, socket.socket]) -> None:
    channel, child = ends
    send_message(child, b"x" * 100_000)
    child.close()
    received: list[bytes] = []
    while not channel.ended:
        received += channel.receive()
    assert received == [b"x" * 100_000]


def test_a_child_that_does_not_read_blocks_nobody(ends: tuple[Channel, socket.socket]) -> None:
    channel, child = ends
    payload = bytes(range(256)) * 20_000
    channel.send(payload)
    channel.send(b"after")
    assert channel.has_unsent
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.extend(receive_message(child) for _ in range(2)))
    reader.start()
    while channel.has_unsent:
        channel.flush()
    reader.join(timeout=10)
    assert received == [payload, b"after"]


def test_sending_to_nobody_is_no_error(ends: tuple[Channel, socket.socket]) -> None:
    channel, child = ends
    child.close()
    channel.send(b"x" * 1_000_000)
    assert not channel.has_unsent
    assert channel.receive() == []
    assert channel.ended


def test_a_child_whose_parent_has_gone(ends: tuple[Channel, socket.socket]) -> None:
    channel, child = ends
    channel.close()
    with pytest.raises(EOFError):
        receive_message(child)
