"""Memory that is freed stays with the process.

A pass of the network allocates and frees hundreds of arrays of some hundred kilobytes. The C library gives
such blocks back to the system and takes them again, a page fault for every four kilobytes: a sixth of the
time of a pass. After `keep_freed_memory` it keeps them.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # glibc's malloc.h
_KEPT = 1 << 30
_STEP = 16 << 20
_OWN_MAPPING = 256 << 20  # larger blocks are still mapped and unmapped by themselves


def keep_freed_memory() -> bool:
    """Tell the C library to keep up to 1 GiB; False where it is not one that can be told."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    told = ((_MMAP_THRESHOLD, _OWN_MAPPING), (_TRIM_THRESHOLD, _KEPT), (_TOP_PAD, _STEP))
    return all(mallopt(*option) == 1 for option in told)
