"""`farkas serve`: the API's process, from its first check to its clean end."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

import typer
import uvicorn

from service.fatal import fatal_in_one_line
from service.http.app import create_app
from service.http.engine import Engine
from service.http.protocol import ConnectionLimits, Protocol
from service.settings import Settings

_BACKSTOP_SECONDS = 2  # after the grace: for those who do not read their answer
_OTHER_FILES = 256


def serve(settings: Settings, engine: Engine | None = None) -> None:
    """Run the server until SIGTERM or SIGINT; `engine` is its inside, where it is not the usual one."""
    with fatal_in_one_line(), ending_when_asked():
        listener = bound(settings.host, settings.port)
        engine = engine or Engine(settings)
        engine.start()
    host, port = listener.getsockname()[:2]
    where = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    model = engine.default
    typer.echo(f"{model.name}@{model.version} on {where}, documentation on {where}/docs", err=True)
    allow_connections(settings.connections)
    try:
        Server(configuration(settings, engine), engine).run([listener])
    finally:
        engine.stop()


@contextmanager
def ending_when_asked() -> Iterator[None]:
    """SIGTERM ends the block and the process, which as a container's first process would ignore it."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    former = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def bound(host: str, port: int) -> socket.socket:
    """A socket at the address, which does not listen yet: a taken one is found before anything is loaded.

    Raises:
        OSError: it is taken, or not of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise OSError(
            f"cannot serve on {host} port {port}: {error.strerror} (choose another --port)"
        ) from error
    return listener


def configuration(settings: Settings, engine: Engine) -> uvicorn.Config:
    """uvicorn's, with our protocol."""
    limits = ConnectionLimits(settings.connections, settings.head_seconds, settings.idle_seconds)
    return uvicorn.Config(
        create_app(settings, engine),
        http=partial(Protocol, limits),  # type: ignore[arg-type]  # called as a class would be
        ws="none",
        timeout_keep_alive=settings.idle_seconds,  # type: ignore[arg-type]  # any number of seconds will do
        timeout_graceful_shutdown=settings.grace_seconds + _BACKSTOP_SECONDS,
        server_header=False,
    )


def allow_connections(number: int) -> None:
    """Raise this process's limit on open files to what so many connections need, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * number + _OTHER_FILES
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class Server(uvicorn.Server):
    """Ends cleanly: no new connections, what was asked is answered, and after the grace the rest is cut."""

    def __init__(self, config: uvicorn.Config, engine: Engine) -> None:
        super().__init__(config)
        self._engine = engine
        self._grace = engine.settings.grace_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal asks for the end, a second one for haste; neither is the process's own end."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._engine.drain()
        cut = asyncio.get_running_loop().call_later(self._grace, self._engine.cut)
        try:
            await super().shutdown(sockets)
        finally:
            cut.cancel()
