from __future__ import annotations

import pytest
import torch

from solvers.sparse.dictionary import Dictionary
from solvers.sparse.ista import FISTA
from solvers.sparse.problem import SparseProblem
from solvers.sparse.recovery_options import BUNDLED_NUMBERS
from tests.training.sparse.small_setting import M, N, small_dictionary, small_stream
from training.sparse.nmse import nmse_by_layer
from training.sparse.sampling import BernoulliGaussian, Purpose, Sample, Stream
from training.sparse.untrained_figures import untrained_figures


def test_they_are_of_the_codes_held_out_and_fista_s_penalty_is_a_good_one() -> None:
    stream = small_stream(torch.float64)
    found = untrained_figures(small_dictionary(), stream, 8, 300)
    assert found["hyperlista"].told["numbers"]["threshold"] == BUNDLED_NUMBERS.on(M, N).threshold
    assert [len(other.by_layer) for other in found.values()] == [8, 8]

    sample, solver = stream.sample(300, Purpose.TEST), FISTA(small_dictionary_curvature())
    problem = sample.problem

    def reached(penalty: float) -> float:
        lasso = SparseProblem(problem.matrix, problem.measurements, torch.full((300,), penalty).double())
        return nmse_by_layer(solver, Sample(sample.codes, lasso), 8)[-1]

    told = found["fista"].to_json()
    assert told["nmse_db"] == pytest.approx(reached(told["lambda"]), abs=1e-3)
    assert told["nmse_db"] < min(reached(10.0 * told["lambda"]), reached(0.01 * told["lambda"]))


def small_dictionary_curvature() -> float:
    return float(torch.linalg.matrix_norm(small_dictionary().unit, 2)) ** 2


@pytest.mark.parametrize(("rows", "atoms", "rank"), [(9, 4, 4), (6, 8, 2), (1, 3, 1)])
def test_dictionaries_of_any_shape_and_rank(rows: int, atoms: int, rank: int) -> None:
    generator = torch.Generator().manual_seed(1)
    matrix = torch.randn(rows, rank, generator=generator) @ torch.randn(rank, atoms, generator=generator)
    dictionary = Dictionary.of(matrix)
    stream = Stream(dictionary.unit, BernoulliGaussian(atoms, 0.3), None, 1)
    found = untrained_figures(dictionary, stream, 3, 50)
    assert all(value is not None for other in found.values() for value in other.by_layer)
