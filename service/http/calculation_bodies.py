"""In the worker: what the bodies of calculations, whatever is calculated, are read with."""

from __future__ import annotations

import numpy as np

from graphs.readers.archive import gunzip, is_gzip
from service.arrays import Matrix
from service.http.calculations import Calculation
from service.settings import Settings


def plain_body(calculation: Calculation, settings: Settings) -> bytes:
    """The body, inflated where it is gzipped.

    Raises:
        MalformedFile, InstanceTooLarge
    """
    body = calculation.body
    return gunzip(body, name="the body", limits=settings.limits) if is_gzip(body) else body


def one_row_or_many(rows: list[float | list[float]]) -> Matrix | None:
    """Rows of numbers as (B, d), one row as (1, d); None where they are not all of one length, or empty."""
    lists = [row for row in rows if isinstance(row, list)]
    widths = {len(row) for row in lists}
    if not rows or len(lists) not in (0, len(rows)) or len(widths) > 1 or 0 in widths:
        return None
    return np.atleast_2d(np.array(rows, dtype=np.float64))
