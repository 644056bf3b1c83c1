"""The parent's view of one child process of `runtime.isolation.Pool`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import IO, Final

from runtime.channel import Channel, encode

_TAIL: Final = 4096
_ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


@dataclass(slots=True, eq=False)
class Task:
    """An item on its way: its place in the input, its pickle, how often a child died before beginning it."""

    index: int
    item: bytes
    losses: int = 0


class State(Enum):
    LOADING = auto()  # the child starts up and imports the function
    IDLE = auto()
    SENT = auto()  # items are on their way, none has begun
    RUNNING = auto()  # the first of `tasks` is being worked on


class Worker:
    """A child, what it has been given, and when to lose patience with it.

    Attributes:
        state: see State.
        tasks: items given to the child and not reported yet, in order; while RUNNING the first is in work.
        deadline: `time.monotonic()` after which the child is to be killed; meaningless while IDLE.
        items_left: items it may still be given in its life.
        function: pickle of the function it has been told to load.
    """

    def __init__(self, process: subprocess.Popen[bytes], channel: Channel, items_left: int) -> None:
        self.process = process
        self.channel = channel
        self.state = State.LOADING
        self.tasks: deque[Task] = deque()
        self.deadline = 0.0
        self.items_left = items_left
        self.function: bytes | None = None
        self._tail = b""

    @classmethod
    def spawn(cls, memory_limit: int, items: int) -> Worker:
        """A fresh interpreter in a session of its own; what it prints is caught, never shown."""
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = [str(theirs.fileno()), str(os.getpid()), str(memory_limit)]
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "runtime.child", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **_ONE_THREAD, "PYTHONPATH": _module_path()},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        worker = cls(process, Channel(ours), items)
        os.set_blocking(worker.output.fileno(), False)
        return worker

    @property
    def output(self) -> IO[bytes]:
        """The pipe that carries the child's standard output and error."""
        assert self.process.stdout is not None
        return self.process.stdout

    @property
    def tail(self) -> str:
        """The last of what the child wrote."""
        return self._tail.decode(errors="replace").strip()

    def load(self, function: bytes, patience: float) -> None:
        self.function = function
        self.state = State.LOADING
        self.deadline = time.monotonic() + patience
        self.channel.send(encode("load", function))

    def give(self, tasks: list[Task], patience: float) -> None:
        self.tasks.extend(tasks)
        self.items_left -= len(tasks)
        self.state = State.SENT
        self.deadline = time.monotonic() + patience
        self.channel.send(encode("run", [task.item for task in tasks]))

    def read_output(self) -> bool:
        """Takes what the child has written, keeping its tail; False once it can write no more."""
        try:
            text = os.read(self.output.fileno(), 1 << 16)
        except BlockingIOError:
            return True
        self._tail = (self._tail + text)[-_TAIL:]
        return bool(text)

    def is_alive(self) -> bool:
        """Looks without reaping: a dead leader keeps its group's number from being given to others."""
        ended = os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return ended is None

    def stop(self) -> int:
        """Kills the child and its descendants; returns −signal or its exit code. What it sent can be read."""
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        status = self.process.wait()
        self.read_output()
        return status

    def close(self) -> None:
        self.channel.close()
        self.output.close()


def _module_path() -> str:
    """Children import what the parent can import; an empty entry of sys.path means the working directory."""
    return os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
