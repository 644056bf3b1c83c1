"""Segments against loops over items."""

from __future__ import annotations

import torch

from solvers.linear.pdhg.segments import Segments, compressed, starts

SIZES = torch.tensor([3, 0, 1, 4])


def test_sums_and_spreads() -> None:
    segments = Segments.of(SIZES)
    values = torch.arange(8, dtype=torch.float64)
    assert segments.sum(values).tolist() == [3.0, 0.0, 3.0, 22.0]
    assert segments.spread(torch.tensor([1.0, 2.0, 3.0, 4.0])).tolist() == [1, 1, 1, 3, 4, 4, 4, 4]
    assert starts(SIZES).tolist() == [0, 3, 3, 4]


def test_places_of_chosen_segments() -> None:
    segments = Segments.of(SIZES)
    assert segments.places(torch.tensor([3, 1, 0])).tolist() == [4, 5, 6, 7, 0, 1, 2]
    assert segments.places(torch.tensor([], dtype=torch.int64)).tolist() == []


def test_no_segments_and_empty_ones() -> None:
    nothing = Segments.of(torch.zeros(0, dtype=torch.int64))
    assert nothing.sum(torch.zeros(0, dtype=torch.float64)).shape == (0,)
    empty = Segments.of(torch.zeros(3, dtype=torch.int64))
    assert empty.sum(torch.zeros(0, dtype=torch.float64)).tolist() == [0.0, 0.0, 0.0]


def test_compressed_rows() -> None:
    matrix = compressed(torch.tensor([2, 0, 1]), torch.tensor([0, 2, 1]), torch.tensor([5.0, 6.0, 7.0]), 3)
    assert matrix.to_dense().tolist() == [[5.0, 0.0, 6.0], [0.0, 0.0, 0.0], [0.0, 7.0, 0.0]]
