"""The bundled dictionary: overcomplete cosines for image patches, the same on every machine.

In one dimension atom k of K has the samples cos(πik / K), i = 0, …, S − 1, less its mean where k > 0, divided
by its length; the atoms of a patch of S × S pixels are the products of two of them (Elad and Aharon 2006).
A measurement is a patch row by row, the code's entry k₁K + k₂ belongs to k₁ down the rows and k₂ across.

    python -m service.overcomplete_dct SIDE WAVES FILE.npy
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from service.arrays import Matrix, write_npy


def overcomplete_dct(side: int, waves: int) -> Matrix:
    """Shape (side², waves²), atoms of length one."""
    samples, frequencies = np.arange(side)[:, None], np.arange(waves)[None, :]
    line = np.cos(np.pi * samples * frequencies / waves)
    line[:, 1:] -= line[:, 1:].mean(axis=0)
    line /= np.linalg.norm(line, axis=0)
    return np.asarray(np.kron(line, line), dtype=np.float64).round(15)


if __name__ == "__main__":
    Path(sys.argv[3]).write_bytes(write_npy(overcomplete_dct(int(sys.argv[1]), int(sys.argv[2]))))
