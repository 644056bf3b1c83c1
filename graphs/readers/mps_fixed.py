"""The fixed form of MPS, where names may hold blanks because each field has its columns.

    field      1      2      3       4       5       6
    columns    2–3    5–12   15–22   25–36   40–47   50–61

Blanks inside a name are replaced by a byte that is no blank, in place; everything else is then read as in the
free form, and errors point at the right columns.
"""

from __future__ import annotations

import numpy as np

from graphs.readers.mps_tokens import BLANK_LIMIT, JOINER, Bytes, Index, Mask, Tokens, where

_WIDTH = 61
_NAMES = ((4, 12), (14, 22), (39, 47))
_GAPS = np.array([0, 3, 12, 13, 22, 23, 36, 37, 38, 47, 48])
_LINES_AT_ONCE = 1 << 15


def join_names(tokens: Tokens) -> bytes | None:
    """The text with the blanks inside names joined, or None where that does not make sense.

    It does where every data line keeps to the columns of the fixed form, without tabs, and some name holds a
    blank.
    """
    if JOINER in tokens.text or b"\t" in tokens.text:
        return None
    lines = where(tokens.counts)
    lines = lines[tokens.buffer[tokens.line_starts[lines]] <= BLANK_LIMIT]
    joined, found = tokens.buffer.copy(), False
    for at in range(0, len(lines), _LINES_AT_ONCE):
        blanks = _inner_blanks(tokens, lines[at : at + _LINES_AT_ONCE])
        if blanks is None:
            return None
        joined[blanks] = JOINER
        found = found or len(blanks) > 0
    return joined.tobytes() if found else None


def _inner_blanks(tokens: Tokens, lines: Index) -> Index | None:
    """Offsets of the blanks inside names; None where a line does not keep to the columns."""
    starts = tokens.line_starts[lines]
    last = tokens.ends[tokens.first[lines] + tokens.counts[lines] - 1]
    if (last - starts > _WIDTH).any():
        return None
    offsets = starts[:, np.newaxis] + np.arange(_WIDTH)
    text = tokens.buffer[np.minimum(offsets, last[:, np.newaxis])]  # the byte after the last token is blank
    if (text[:, _GAPS] > BLANK_LIMIT).any():
        return None
    return np.concatenate([offsets[:, a:b][_inside(text[:, a:b])] for a, b in _NAMES])


def _inside(field: Bytes) -> Mask:
    """Where a field of shape (lines, width) is blank with text before and after."""
    letters = field > BLANK_LIMIT
    before = np.logical_or.accumulate(letters, axis=1)
    after = np.logical_or.accumulate(letters[:, ::-1], axis=1)[:, ::-1]
    result: Mask = ~letters & before & after
    return result
