"""Read instances: MPS, CPLEX-LP and farkas's own JSON, plain or gzip.

MPS and JSON are read in process and without a solver; of a CPLEX-LP text HiGHS has the second opinion, in a
child process.

`read_instance` takes bytes, `read_file` a path. What is read, and every decision, is in `docs/formats.md`.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Literal

from graphs.errors import MalformedFile
from graphs.instance import Instance
from graphs.readers.archive import gunzip, is_gzip, refuse_other_compression
from graphs.readers.json_format import read_json
from graphs.readers.limits import DEFAULT_LIMITS, ReadLimits
from graphs.readers.mps import read_mps

Format = Literal["mps", "json", "lp"]

_LEADING_BLANKS = re.compile(rb"(?:\xef\xbb\xbf)?\s*")
_LP_COMMENTS = re.compile(rb"(?:\s*\\[^\n]*\n)*\s*")
_LP_START = re.compile(rb"(?:min|max)(?:imi[sz]e|imum)?\s*(?:\s|:|$)", re.IGNORECASE)

__all__ = ["DEFAULT_LIMITS", "Format", "ReadLimits", "read_file", "read_instance"]


def read_instance(
    data: bytes, *, name: str, limits: ReadLimits = DEFAULT_LIMITS, format: Format | None = None
) -> Instance:
    """Read an instance from bytes, compressed by gzip or not.

    Args:
        data: the bytes of a file or of a request's body.
        name: what errors call it, and the instance's name where the data states none.
        limits: sizes beyond which it is refused.
        format: "mps", "json" or "lp" where it is known; None tells them apart by name and first word.

    Raises:
        InstanceError: MalformedFile, UnsupportedSection, InvalidBounds or InstanceTooLarge.
    """
    refuse_other_compression(data, name=name)
    text = gunzip(data, name=name, limits=limits) if is_gzip(data) else data
    limits.check("inflated_bytes", len(text), file=name)
    first = _LEADING_BLANKS.match(text)
    start = first.end() if first else 0
    if start == len(text):
        raise MalformedFile("the data is empty", file=name, hint="send an MPS, CPLEX-LP or JSON file")
    read = {"mps": read_mps, "json": read_json, "lp": _read_lp}[format or _format(text, start, name)]
    return read(text, name=name, limits=limits)


def read_file(path: str | Path, limits: ReadLimits = DEFAULT_LIMITS) -> Instance:
    """Read an instance from a file, which its errors call by its name without the folder.

    Raises:
        OSError: the file cannot be read.
        InstanceError: as `read_instance`.
    """
    path = Path(path)
    most = max(limits.compressed_bytes, limits.inflated_bytes)
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        known = stat.S_ISREG(status.st_mode)  # of a pipe the size is not known
        data = file.read((min(status.st_size, most) if known else most) + 1)
    if len(data) > most:
        limits.check("inflated_bytes", len(data), file=path.name)
    return read_instance(data, name=path.name, limits=limits)


def _format(text: bytes, start: int, name: str) -> Format:
    """CPLEX-LP is told by its name, or by starting with the sense of its objective; JSON by its brace."""
    comments = _LP_COMMENTS.match(text, start)
    word = comments.end() if comments else start
    if name.lower().endswith((".lp", ".lp.gz")) or _LP_START.match(text, word):
        return "lp"
    return "json" if text[start : start + 1] == b"{" else "mps"


def _read_lp(text: bytes, *, name: str, limits: ReadLimits) -> Instance:
    from graphs.readers.lp import read_lp  # child processes are the business of who reads LP

    return read_lp(text, name=name, limits=limits)
