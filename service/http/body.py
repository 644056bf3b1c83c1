"""A request's body: which formats are taken, in what time, and for how long its client is waited on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from graphs.readers import Format
from graphs.readers.limits import ReadLimits
from service.errors import BodyTooSlow, InvalidRequest, UnsupportedMedia
from service.http.intake import BodyForm, Intake, Received, too_large

MEDIA_TYPES: dict[str, Format | None] = {
    "application/x-mps": "mps",
    "application/x-lp": "lp",
    "application/json": "json",
    "application/octet-stream": None,
    "application/gzip": None,
    "text/plain": None,
}
"""Content types that are read; None means that the bytes tell the format."""

_ENCODINGS = ("identity", "gzip", "x-gzip")

Made = TypeVar("Made")


@dataclass(frozen=True)
class Reception:
    """How a body is received.

    Attributes:
        limits: the caps, on what arrives (`compressed_bytes`, gzipped or not) and on what it inflates to.
        seconds: time until it is complete.
        hold: told by how many bytes what is in memory grows or shrinks; raises where it is too much.
        within: bounds the time, as `asyncio.timeout` does.
    """

    limits: ReadLimits
    seconds: float
    hold: Callable[[int], None] = lambda size: None
    within: Callable[[float], AbstractAsyncContextManager[object]] = field(default=asyncio.timeout)


def format_of(request: Request) -> Format | None:
    """The body's format by its Content-Type; None (find out by looking) also where there is no such header.

    Raises:
        UnsupportedMedia: another content type, or a Content-Encoding other than gzip.
    """
    return MEDIA_TYPES[media_of(request, MEDIA_TYPES, usual="application/octet-stream")]


def media_of(request: Request, known: Iterable[str], usual: str | None = None) -> str:
    """The body's content type, one of those known.

    Args:
        usual: what it is where the request does not say; the first by default.

    Raises:
        UnsupportedMedia: it is another, or there is a Content-Encoding other than gzip.
    """
    known = tuple(known)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in _ENCODINGS:
        raise UnsupportedMedia("the Content-Encoding is not gzip", hint="send the body plain or gzipped")
    said = request.headers.get("content-type", usual or known[0])
    media = said.partition(";")[0].strip().lower()
    if media not in known:
        raise UnsupportedMedia(
            "the Content-Type is not one that farkas reads",
            hint=f"send one of: {', '.join(known)} (curl: -H 'Content-Type: {known[0]}')",
        )
    return media


def refuse_parameters(request: Request) -> None:
    """Of a request that says all in its JSON body.

    Raises:
        InvalidRequest: there are query parameters beside it.
    """
    if request.query_params:
        raise InvalidRequest(
            "a JSON body goes without query parameters",
            hint="put them into the body, as members of the same names",
        )


async def receive(request: Request, reception: Reception, form: BodyForm | None = None) -> Received:
    """The whole body; `form` as `format_of` has it, or "other" of what is no instance.

    Raises:
        BodyTooLarge: it has, or says it has, more bytes than may arrive.
        InstanceTooLarge: it inflates to more than it may.
        BodyTooSlow: it was not there in time.
        MalformedFile: it is empty, or damaged gzip, or not gzip although its Content-Encoding says so.
        ServerBusy: there is too much in memory.
        InvalidRequest: the client went away, or its Content-Length is not a number.
    """
    _refuse_announced_size(request, reception.limits.compressed_bytes)
    try:
        async with reception.within(reception.seconds):
            return await _collect(request, reception, form)
    except TimeoutError as error:
        raise BodyTooSlow("the body was not complete in time", hint="send it faster, or gzipped") from error
    except ClientDisconnect as error:
        raise InvalidRequest("the client went away before its body was complete") from error


async def _collect(request: Request, reception: Reception, form: BodyForm | None) -> Received:
    is_said_to_be_gzip = "gzip" in request.headers.get("content-encoding", "").lower()
    intake = Intake(reception.limits, form, is_said_to_be_gzip=is_said_to_be_gzip)
    async for chunk in request.stream():
        for growth in intake.feed(chunk):
            reception.hold(growth)
            await asyncio.sleep(0)  # inflating takes the event loop's time: others have their turn
    return intake.finish()


async def unless_gone(request: Request, work: Coroutine[Any, Any, Made]) -> Made | None:
    """What `work` comes to; None where the client went away first, and then `work` is cancelled."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_departure(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()


async def _departure(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _refuse_announced_size(request: Request, most_bytes: int) -> None:
    announced = request.headers.get("content-length", "0")
    if not (announced.isascii() and announced.isdigit()):
        raise InvalidRequest("the Content-Length is not a number")
    if int(announced) > most_bytes:
        raise too_large(most_bytes)
