"""The items of a list of instances: each in farkas's JSON form, or an object that carries a text.

    {"text": "NAME …", "format": "mps", "name": "a.mps"}

`format` ("mps", "lp" or "json") and `name` may be left out. The list is split without looking into its items,
in the server's process; the items are read by its workers.
"""

from __future__ import annotations

import re
from time import perf_counter

import msgspec

from graphs.errors import MalformedFile
from graphs.readers import Format, read_instance
from graphs.readers.limits import ReadLimits
from service.errors import BodyTooLarge
from service.names import safe_name
from service.reading import Reading

_HINT = 'an item is an instance in the JSON form, or {"text": …, "format": …, "name": …}'
_LIST = re.compile(rb"\s*\[")
_MARKS = ("text", "format")


class TextItem(msgspec.Struct, forbid_unknown_fields=True):
    """An instance as the text of a file."""

    text: str
    format: Format | None = None
    name: str = ""


def is_list(body: bytes) -> bool:
    """Whether a document begins as a JSON list does: no other format begins like that."""
    return _LIST.match(body) is not None


def split(body: bytes, most: int) -> list[msgspec.Raw]:
    """The items of the list, not decoded.

    Raises:
        MalformedFile: it is not JSON.
        BodyTooLarge: it has more than `most` items.
    """
    try:
        items: list[msgspec.Raw] = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedFile(
            "the list is not JSON, or too deeply nested", hint="send a JSON list of instances"
        ) from error
    if len(items) > most:
        raise BodyTooLarge(f"the list has more than {most:,} items", hint="send it in several requests")
    return items


def read_item(item: bytes, name: str, limits: ReadLimits) -> Reading:
    """Read one item; `name` is what messages call it where the item says no name.

    Raises:
        InstanceError: it cannot be accepted.
    """
    started = perf_counter()
    text, name, form = _opened(item, name)
    instance = read_instance(text, name=name, limits=limits, format=form)
    return Reading(instance, perf_counter() - started)


def _opened(item: bytes, name: str) -> tuple[bytes, str, Format | None]:
    """Text, name and format of the instance that an item is or carries."""
    try:
        members = msgspec.json.decode(item, type=dict[str, msgspec.Raw])
        if not any(mark in members for mark in _MARKS):
            return item, name, "json"
        found = msgspec.json.decode(item, type=TextItem)
        return found.text.encode(), safe_name(found.name) if found.name else name, found.format
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise MalformedFile("the item has none of the forms of an item", file=name, hint=_HINT) from error
