"""Newton steps on the support end exactly, and end by themselves where they lead nowhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from solvers.iteration import TerminationReason, iterate
from solvers.sparse.continuation import continued, no_worse_than_zero
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.ista import FISTA
from solvers.sparse.lasso import objective, relative_gap
from solvers.sparse.prepared import PreparedDictionary
from solvers.sparse.problem import SparseProblem, make_problem
from solvers.sparse.support_newton import SupportNewton, on_support


def planted(rows: int = 50, atoms: int = 90, items: int = 12, seed: int = 0) -> tuple[SparseProblem, Tensor]:
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((rows, atoms)) / np.sqrt(rows)
    codes = (rng.random((items, atoms)) < 0.08) * rng.standard_normal((items, atoms))
    return make_problem(torch.from_numpy(matrix), codes @ matrix.T, 0.02), torch.from_numpy(codes)


def newton(problem: SparseProblem, largest_support: int = 40, tolerance: float = 1e-12) -> SupportNewton:
    return SupportNewton(problem.matrix.T @ problem.matrix, largest_support, tolerance)


def test_from_the_true_support_it_ends_exactly_in_a_few_steps() -> None:
    problem, codes = planted()
    found = iterate(newton(problem), problem, codes, max_iterations=20)
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    assert int(found.iterations.max()) <= 8
    assert float(relative_gap(problem, found.value, problem.residual(found.value)).max()) <= 1e-12
    lipschitz = float(torch.linalg.matrix_norm(problem.matrix, 2)) ** 2
    slow = iterate(FISTA(lipschitz, 1e-13), problem, None, max_iterations=20_000)
    assert torch.allclose(found.value, slow.value, atol=1e-6)


def test_it_is_kept_as_good_as_its_start() -> None:
    problem, _ = planted(seed=3)
    start = torch.randn(len(problem), problem.atoms, dtype=torch.float64)
    found = iterate(newton(problem, 80), problem, start, max_iterations=3)
    before = objective(problem, start, problem.residual(start))
    after = objective(problem, found.value, problem.residual(found.value))
    assert (after <= before).all()


def test_a_large_support_is_left_to_others() -> None:
    problem, _ = planted()
    start = torch.ones(len(problem), problem.atoms, dtype=torch.float64)
    found = iterate(newton(problem, 20), problem, start, max_iterations=50)
    assert set(found.reasons) == {TerminationReason.STALLED}
    assert not found.iterations.any()
    assert torch.equal(found.value, start)


def test_equations_of_each_support_are_solved() -> None:
    problem, codes = planted()
    gram = problem.matrix.T @ problem.matrix
    signs, right = codes.sign(), torch.randn_like(codes)
    signs[4] = 0.0
    x = on_support(problem.matrix, gram, right, signs)
    assert torch.allclose(on_support(problem.matrix, None, right, signs), x, atol=1e-9)
    assert torch.equal(x != 0.0, signs != 0.0)
    assert torch.allclose((x @ gram)[signs != 0.0], right[signs != 0.0], atol=1e-9)


def test_a_support_without_rank_has_an_answer_too() -> None:
    problem, _ = planted()
    matrix = torch.hstack([problem.matrix[:, :3], problem.matrix[:, :3]])
    right = problem.measurements[:2] @ matrix
    x = on_support(matrix, matrix.T @ matrix, right, torch.ones(2, 6, dtype=torch.float64))
    assert torch.isfinite(x).all()
    assert torch.allclose(x @ matrix.T @ matrix, right, atol=1e-5)


@pytest.mark.parametrize("start", ["zero", "truth", "noise", "opposite"])
def test_the_gap_is_reached_from_any_start(start: str) -> None:
    problem, codes = planted(seed=7)
    prepared = PreparedDictionary(Dictionary.of(problem.matrix))
    scaled = SparseProblem(
        prepared.scaled,
        problem.measurements,
        problem.penalty * 2.0**-prepared.form.exponent,
    )
    starts = {
        "zero": torch.zeros_like(codes),
        "truth": codes,
        "noise": 10.0 * torch.randn_like(codes),
        "opposite": -codes,
    }
    x, steps = continued(prepared, scaled, starts[start], 1e-8, max_iterations=5000)
    assert float(relative_gap(scaled, x, scaled.residual(x)).max()) <= 1e-8
    assert steps.shape == (len(problem),)
    if start == "truth":
        assert int(steps.max()) <= 8


def test_items_whose_turn_comes_after_the_deadline_keep_their_code() -> None:
    problem, codes = planted()
    late = SupportNewton(None, 40, 1e-12, deadline=0.0)
    first = late.init(problem, 0.9 * codes)
    after = late.step(problem, first)
    assert torch.equal(after.x, first.x)
    assert torch.equal(after.gap, first.gap)
    in_time = SupportNewton(None, 40, 1e-12, deadline=float("inf")).step(problem, first)
    assert (in_time.objective < first.objective).all()


def test_a_start_worse_than_zero_is_dropped() -> None:
    problem, codes = planted()
    mixed = codes.clone()
    mixed[2] = 100.0
    kept = no_worse_than_zero(problem, mixed)
    assert not kept[2].any()
    assert torch.equal(kept[3:], codes[3:])
