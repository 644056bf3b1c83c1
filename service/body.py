"""A request's body: which formats are taken, how much of it, and in what time."""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath

from starlette.requests import ClientDisconnect, Request

from graphs.errors import MalformedFile
from graphs.readers import Format
from graphs.readers.archive import is_gzip
from service.errors import BodyTooLarge, BodyTooSlow, InvalidRequest, UnsupportedMedia

MEDIA_TYPES: dict[str, Format | None] = {
    "application/x-mps": "mps",
    "application/json": "json",
    "application/octet-stream": None,
    "application/gzip": None,
    "text/plain": None,
}
"""Content types that are read; None means that the bytes tell the format."""

_ENCODINGS = ("identity", "gzip", "x-gzip")
_LONGEST_NAME = 100
_DEFAULT_NAME = "request"


def format_of(request: Request) -> Format | None:
    """The body's format by its Content-Type; None (find out by looking) also where there is no such header.

    Raises:
        UnsupportedMedia: another content type, or a Content-Encoding other than gzip.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in _ENCODINGS:
        raise UnsupportedMedia("the Content-Encoding is not gzip", hint="send the body plain or gzipped")
    media = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
    if media not in MEDIA_TYPES:
        raise UnsupportedMedia(
            "the Content-Type is not one that farkas reads",
            hint=f"send one of: {', '.join(MEDIA_TYPES)} (curl: -H 'Content-Type: application/x-mps')",
        )
    return MEDIA_TYPES[media]


async def receive(request: Request, *, most_bytes: int, seconds: float) -> bytes:
    """The whole body, as it was sent (a gzipped one is inflated by the reader).

    Raises:
        BodyTooLarge: it has, or says it has, more than `most_bytes`.
        BodyTooSlow: it was not there after `seconds`.
        MalformedFile: it is empty, or not gzip although its Content-Encoding says so.
    """
    _refuse_announced_size(request, most_bytes)
    try:
        async with asyncio.timeout(seconds):
            body = await _collect(request, most_bytes)
    except TimeoutError as error:
        raise BodyTooSlow(f"the body was not complete after {seconds:g} seconds") from error
    except ClientDisconnect as error:
        raise InvalidRequest("the client went away before its body was complete") from error
    if not body:
        raise MalformedFile("the body is empty", hint="send the instance itself as the request body")
    if "gzip" in request.headers.get("content-encoding", "") and not is_gzip(body):
        raise MalformedFile("the Content-Encoding says gzip, but the body is not gzip")
    return body


def safe_name(name: str | None) -> str:
    """The last part of a file name a client gave, printable and short; it only ever appears in messages."""
    last = PurePosixPath((name or "").replace("\\", "/")).name
    kept = "".join(character for character in last if character.isprintable())
    return kept[:_LONGEST_NAME] or _DEFAULT_NAME


async def _collect(request: Request, most_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
    return bytes(body)


def _refuse_announced_size(request: Request, most_bytes: int) -> None:
    announced = request.headers.get("content-length", "0")
    if not (announced.isascii() and announced.isdigit()):
        raise InvalidRequest("the Content-Length is not a number")
    if int(announced) > most_bytes:
        raise _too_large(most_bytes)


def _too_large(most_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"the body has more than {most_bytes:,} bytes",
        hint="send it gzipped, or start the server with a higher FARKAS_MAX_BODY_BYTES",
    )
