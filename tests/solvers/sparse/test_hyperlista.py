from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from solvers.iteration import TerminationReason, iterate
from solvers.sparse.alista import ALISTA
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.hyperlista import Geometry, HyperLISTA, Hyperparameters
from solvers.sparse.hyperlista_full import FullState, HyperLISTAFull
from solvers.sparse.problem import SparseProblem
from tests.solvers.sparse.planted import decibels, gaussian, planted

NUMBERS = Hyperparameters(0.06, 0.03, 0.4)


@pytest.fixture(params=["analytic", "symmetric"])
def geometry(request: pytest.FixtureRequest, unit: Tensor) -> Geometry:
    made: Geometry = getattr(Geometry, request.param)(unit)
    return made


def test_planted_codes_are_found(geometry: Geometry, problem: SparseProblem, codes: Tensor) -> None:
    found = iterate(HyperLISTA(geometry, NUMBERS), problem, None, max_iterations=40)
    assert decibels(found.value, codes) < -80.0


def test_the_inverse_norm_is_that_of_the_pseudo_inverse(geometry: Geometry, problem: SparseProblem) -> None:
    residual = geometry.measured(problem.measurements)
    expected = (residual @ torch.linalg.pinv(geometry.forward).T).abs().sum(1)
    assert torch.allclose(geometry.inverse_norm(residual, residual @ geometry.weight), expected)


def test_one_step_by_hand(problem: SparseProblem, unit: Tensor) -> None:
    geometry = Geometry.analytic(unit)
    solver = HyperLISTA(geometry, NUMBERS)
    state = solver.step(problem, solver.init(problem))
    item = 3
    inverse = torch.linalg.pinv(unit)
    for _ in range(2):
        x, before, b = state.x[item], state.previous[item], problem.measurements[item]
        residual = unit @ x - b
        norm = (inverse @ residual).abs().sum()
        z = x - geometry.weight.T @ residual + NUMBERS.momentum * (x != 0).sum() * (x - before)
        share = float((NUMBERS.support * torch.log((inverse @ b).abs().sum() / norm)).clamp(0.0, 1.0))
        theta = NUMBERS.threshold * norm
        largest = set(z.abs().argsort(descending=True)[: int(share * 120)].tolist())
        expected = [
            float(value) if place in largest and abs(value) > theta else
            float(torch.sign(value) * torch.clamp(abs(value) - theta, min=0.0))
            for place, value in enumerate(z)
        ]  # fmt: skip
        state = solver.step(problem, state)
        assert state.x[item].tolist() == pytest.approx(expected, abs=1e-12)


def test_it_is_scale_covariant(geometry: Geometry, problem: SparseProblem) -> None:
    solver = HyperLISTA(geometry, NUMBERS)
    found = iterate(solver, problem, None, max_iterations=12).value
    scaled = SparseProblem(problem.matrix, 1024.0 * problem.measurements)
    assert torch.equal(iterate(solver, scaled, None, max_iterations=12).value, 1024.0 * found)


def test_the_tolerance_ends_items_one_by_one(problem: SparseProblem, unit: Tensor) -> None:
    solver = HyperLISTA(Geometry.analytic(unit), NUMBERS, tolerance=1e-3)
    found = iterate(solver, problem, None, max_iterations=60)
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    assert int(found.iterations.min()) < int(found.iterations.max())
    reached = problem.residual(found.value).norm(dim=1) / problem.measurements.norm(dim=1)
    assert (reached <= 1e-3).all()


def test_zero_measurements_are_answered_by_zero(unit: Tensor) -> None:
    nothing = SparseProblem(unit, torch.zeros(2, 60, dtype=torch.float64))
    for method in (HyperLISTA, HyperLISTAFull):
        found = iterate(method(Geometry.analytic(unit), NUMBERS), nothing, None, max_iterations=5)
        assert not found.value.any()
        assert set(found.reasons) == {TerminationReason.CONVERGED}


def test_float32_agrees_with_float64(problem: SparseProblem, unit: Tensor, codes: Tensor) -> None:
    single = SparseProblem(unit.float(), problem.measurements.float())
    geometry = Geometry.analytic(unit).to(torch.float32)
    found = iterate(HyperLISTA(geometry, NUMBERS), single, None, max_iterations=40).value
    assert found.dtype == torch.float32
    assert decibels(found.double(), codes) < -80.0


def test_conjugate_gradients_end_faster(problem: SparseProblem, unit: Tensor, codes: Tensor) -> None:
    geometry = Geometry.analytic(unit)
    plain = iterate(HyperLISTA(geometry, NUMBERS), problem, None, max_iterations=60).value
    full = iterate(HyperLISTAFull(geometry, NUMBERS), problem, None, max_iterations=60).value
    assert decibels(full, codes) < min(decibels(plain, codes) - 20.0, -200.0)


def test_on_the_right_support_they_solve_least_squares(problem: SparseProblem, unit: Tensor) -> None:
    generator = torch.Generator().manual_seed(2)
    noise = 1e-3 * torch.randn(problem.measurements.shape, generator=generator, dtype=torch.float64)
    noisy = SparseProblem(unit, problem.measurements + noise)
    solver = HyperLISTAFull(Geometry.analytic(unit), NUMBERS, patience=2, burst=10_000)
    state = iterate(solver, noisy, None, max_iterations=80).state
    assert isinstance(state, FullState)
    solved = torch.nonzero(state.solved > 30).squeeze(1).tolist()
    assert len(solved) > 32
    for item in solved:
        support = torch.nonzero(state.x[item]).squeeze(1)
        expected = torch.linalg.lstsq(unit[:, support], noisy.measurements[item][:, None]).solution[:, 0]
        assert torch.allclose(state.x[item, support], expected, atol=1e-9)


def test_a_wrong_support_is_left_again(problem: SparseProblem, unit: Tensor, codes: Tensor) -> None:
    """With a threshold that lets supports settle too early, looks at the support mend them."""
    hasty = HyperLISTAFull(Geometry.analytic(unit), Hyperparameters(0.045, 0.01, 0.3), patience=1, burst=2)
    never = HyperLISTAFull(Geometry.analytic(unit), hasty.numbers, patience=1, burst=10_000)
    mended = decibels(iterate(hasty, problem, None, max_iterations=80).value, codes)
    stuck = decibels(iterate(never, problem, None, max_iterations=80).value, codes)
    assert mended < stuck - 10.0


def test_less_is_trained_than_in_alista(unit: Tensor) -> None:
    assert len(ALISTA.initial(unit, 16, 0.1).parameters()) == 32


def test_the_numbers_carry_over_to_other_sizes() -> None:
    """‖A⁺r‖₁ and ‖x‖₀ are sums over the atoms: tuned on 120 of them, used on 480."""
    dictionary = gaussian(240, 480)
    codes = planted(16, 480, 0.06)
    problem = SparseProblem(dictionary.unit, codes @ dictionary.unit.T)
    tuned = replace(NUMBERS, measurements=60, atoms=120)
    geometry = Geometry.analytic(dictionary.unit)
    carried = iterate(HyperLISTA(geometry, tuned.on(240, 480)), problem, None, max_iterations=20).value
    as_they_stand = iterate(HyperLISTA(geometry, tuned), problem, None, max_iterations=20).value
    assert decibels(carried, codes) < -80.0 < -10.0 < decibels(as_they_stand, codes)


@pytest.mark.parametrize(("rows", "columns", "share"), [(4, 8, 0.125), (12, 20, 0.1)])
def test_on_a_few_atoms_some_are_let_in(rows: int, columns: int, share: float) -> None:
    dictionary = gaussian(rows, columns)
    codes = planted(64, columns, share)
    codes = codes[codes.any(1)]
    problem = SparseProblem(dictionary.unit, codes @ dictionary.unit.T)
    numbers = Hyperparameters(0.014, 0.004, 0.4).on(rows, columns)
    found = iterate(HyperLISTA(Geometry.analytic(dictionary.unit), numbers), problem, None, max_iterations=16)
    assert found.value.any(1).all()


def test_nearly_parallel_atoms_do_not_make_iterates_grow() -> None:
    grid = torch.outer(torch.arange(8.0), torch.arange(12.0)).double()
    waves = torch.cos(grid * torch.pi / 12.0)
    unit = Dictionary.of(torch.kron(waves, waves)).unit
    codes = planted(64, 144, 0.04)
    problem = SparseProblem(unit, codes @ unit.T)
    numbers = Hyperparameters(0.014, 0.004, 0.4).on(64, 144)
    for method in (HyperLISTA, HyperLISTAFull):
        found = iterate(method(Geometry.analytic(unit), numbers), problem, None, max_iterations=40)
        left = problem.residual(found.value).norm(dim=1) / problem.measurements.norm(dim=1).clamp(min=1e-9)
        assert float(left.max()) < 1.2
        assert float(left.median()) < 0.2
