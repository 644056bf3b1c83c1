"""The child's side of `runtime.isolation`: `python -m runtime.child FD PARENT_PID MEMORY_LIMIT`.

Messages are pickled tuples. From the parent: ("load", function) and ("run", [pickled item, ...]). To the
parent: ("ready",) or ("unloadable", text) after a load; ("started",) when a chunk is taken up; then for each
item, in order, ("value", value, seconds) or ("failed", type, message, traceback, seconds).
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, Final

from runtime.channel import decode, encode, receive_message, send_message

_PR_SET_PDEATHSIG: Final = 1


def main(arguments: list[str]) -> None:
    descriptor, parent, memory_limit = (int(argument) for argument in arguments)
    die_with_parent(parent)
    limit_resources(memory_limit)
    faulthandler.enable()
    os.set_inheritable(descriptor, False)
    connection = socket.socket(fileno=descriptor)
    with contextlib.suppress(EOFError, ConnectionError):
        serve(connection)


def die_with_parent(parent: int) -> None:
    """Linux sends SIGKILL when the parent ends; elsewhere an idle child ends with its socket."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the signal was asked for
        os._exit(0)


def limit_resources(memory_limit: int) -> None:
    """Bounds the address space (0: unbounded), never beyond the bound in force, and writes no core files."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_limit:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = memory_limit if hard == resource.RLIM_INFINITY else min(memory_limit, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def serve(connection: socket.socket) -> None:
    function: Callable[[Any], Any] | None = None
    while True:
        kind, content = decode(receive_message(connection))
        if kind == "load":
            function = _load(connection, content)
        else:
            assert function is not None
            _run(connection, function, content)


def _load(connection: socket.socket, pickled: bytes) -> Callable[[Any], Any] | None:
    try:
        function: Callable[[Any], Any] = decode(pickled)
    except Exception:
        send_message(connection, encode("unloadable", traceback.format_exc()))
        return None
    send_message(connection, encode("ready"))
    return function


def _run(connection: socket.socket, function: Callable[[Any], Any], items: list[bytes]) -> None:
    send_message(connection, encode("started"))
    for item in items:
        send_message(connection, _outcome(function, item))


def _outcome(function: Callable[[Any], Any], item: bytes) -> bytes:
    started = time.perf_counter()
    try:
        value = function(decode(item))
        return encode("value", value, time.perf_counter() - started)
    except BaseException as error:  # SystemExit too is a failed item, not the end of the child
        failure = (type(error).__qualname__, str(error), traceback.format_exc())
        return encode("failed", *failure, time.perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1:])
