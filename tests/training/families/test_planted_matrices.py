"""Each structure of the planted families is what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from training.families.planted_matrices import (
    STRUCTURES,
    block_angular,
    boxes,
    network,
    packing,
    point_in,
    sparse,
    staircase,
    structured_matrix,
)


def generators(count: int) -> list[np.random.Generator]:
    return [np.random.default_rng([11, k]) for k in range(count)]


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda structure: structure.__name__)
@pytest.mark.parametrize("shape", [(3, 3), (3, 40), (20, 5), (12, 18)], ids=str)
def test_no_row_and_no_column_is_empty(structure, shape: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    for generator in generators(20):
        matrix = structure(generator, *shape, 0.1)
        assert matrix.shape == shape
        assert matrix.any(axis=1).all()
        assert matrix.any(axis=0).all()
        assert np.array_equal(matrix * 64, np.round(matrix * 64))


def test_staircase_and_blocks() -> None:
    for generator in generators(20):
        stages = staircase(generator, 12, 24, 1.0) != 0
        assert not stages[0, -1]  # the first stage does not see the last one
        assert stages[-1, -1]
        blocks = block_angular(generator, 12, 24, 1.0) != 0
        assert blocks[0].all()  # a row that joins all blocks
        assert not blocks[-1, 0]
        assert blocks[-1, -1]


def test_packing_and_network() -> None:
    for generator in generators(20):
        assert set(packing(generator, 8, 12, 0.3).ravel()) == {0.0, 1.0}
        arcs = network(generator, 4, 30, 0.3)
        assert np.abs(arcs).sum(axis=0).max() <= 3
        assert (np.abs(arcs).sum(axis=0) == 2).mean() > 0.9


def test_density() -> None:
    assert np.mean([(sparse(g, 40, 60, 0.3) != 0).mean() for g in generators(10)]) == pytest.approx(
        0.32, abs=0.03
    )


def test_some_rows_and_columns_are_repeated() -> None:
    repeated = 0
    for generator in generators(200):
        rows = structured_matrix(generator, 12, 15, 0.4)
        unit = rows / np.maximum(np.linalg.norm(rows, axis=1), 1e-9)[:, None]
        repeated += int((np.abs(unit @ unit.T) > 1 - 1e-9).sum() > 12)
    assert 40 < repeated < 140


def test_points_lie_in_their_boxes() -> None:
    for generator in generators(50):
        integrality = generator.random(200) < 0.5
        lower, upper = boxes(generator, integrality, 1.0)
        point = point_in(generator, lower, upper, integrality, 0.5)
        assert ((lower <= point) & (point <= upper)).all()
        assert (point[integrality] % 1 == 0).all()
        assert (upper - lower >= 1).all()
        assert np.isfinite(np.concatenate(boxes(generator, integrality, 0.0))).all()


def test_points_stick_to_bounds_as_asked() -> None:
    (generator,) = generators(1)
    lower, upper = np.zeros(4000), np.full(4000, 10.0)
    for share in (0.0, 0.3, 1.0):
        point = point_in(generator, lower, upper, np.zeros(4000, dtype=np.bool_), share)
        assert np.isin(point, (0.0, 10.0)).mean() == pytest.approx(share, abs=0.03)
