"""Total variation: the loop, the proof, and that nothing false is proved."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from solvers.implicit.imaging.differences import SQUARED_NORM, gradient, gradient_adjoint
from solvers.implicit.imaging.forward_operator import ForwardOperator
from solvers.implicit.imaging.operators import make_operator
from solvers.implicit.imaging.total_variation import TotalVariation, TotalVariationProblem
from solvers.implicit.imaging.total_variation_gap import total_variation_bound, total_variation_objective
from solvers.iteration import TerminationReason, iterate

KINDS = [{"kind": "masked-fourier", "acceleration": 4}, {"kind": "inpainting"}, {"kind": "blur", "size": 3}]
WEIGHT = 0.01


def blocks(count: int, shape: tuple[int, int]) -> Tensor:
    torch.manual_seed(1)
    x = torch.zeros(count, 1, *shape, dtype=torch.float64)
    for item in range(count):
        x[item, 0, 2 + item : 8, 3:10] = 0.8
    return x


def measured(operator: ForwardOperator, x: Tensor) -> Tensor:
    y = operator.apply(x)
    return y + 0.02 * torch.randn(y.shape, dtype=y.dtype, generator=torch.Generator().manual_seed(2))


def test_the_gradient_has_its_adjoint_and_norm() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 1, 6, 7, dtype=torch.float64)
    p = torch.randn(1, 2, 6, 7, dtype=torch.float64)
    torch.testing.assert_close((gradient(x) * p).sum(), (x * gradient_adjoint(p)).sum())
    eye = torch.eye(42, dtype=torch.float64).reshape(42, 1, 6, 7)
    assert float(torch.linalg.matrix_norm(gradient(eye).flatten(1), ord=2)) ** 2 <= SQUARED_NORM


@pytest.mark.parametrize("description", KINDS, ids=lambda item: str(item["kind"]))
def test_every_item_is_proved_to_the_tolerance(description: dict[str, object]) -> None:
    operator = make_operator(description, (12, 16))
    x = blocks(3, (12, 16))
    y = measured(operator, x)
    problem = TotalVariationProblem(operator, y, WEIGHT)
    found = iterate(TotalVariation(1e-4), problem, operator.classical_inverse(y), max_iterations=20_000)
    assert found.reasons == (TerminationReason.CONVERGED,) * 3
    assert bool((found.state.gap <= 1e-4 * found.state.objective).all())
    # the truth and other pictures are not better than the bound says
    for other in (x, operator.classical_inverse(y).clamp(0, 1), 0.99 * found.value):
        objective = total_variation_objective(operator, y, WEIGHT, other)
        assert (objective >= (found.state.objective - found.state.gap).numpy()).all()


@pytest.mark.parametrize(("weight", "tolerance"), [(1e308, 1e-3), (0.01, 1e300), (1e308, 1e300)])
def test_a_gap_beyond_every_number_proves_nothing(weight: float, tolerance: float) -> None:
    operator = make_operator({"kind": "blur", "size": 3}, (12, 16))
    y = measured(operator, torch.rand(2, 1, 12, 16, dtype=torch.float64))
    problem = TotalVariationProblem(operator, y, weight)
    found = iterate(TotalVariation(tolerance), problem, operator.adjoint(y), max_iterations=1)
    is_proved = torch.isfinite(found.state.gap)
    assert [reason is TerminationReason.CONVERGED for reason in found.reasons] == is_proved.tolist()
    assert bool(is_proved.all()) == (weight < 1.0)


def test_the_objective_is_what_it_says() -> None:
    operator = make_operator({"kind": "inpainting"}, (12, 16))
    x = blocks(2, (12, 16))
    y = measured(operator, x)
    found = total_variation_objective(operator, y, WEIGHT, x)
    for item in range(2):
        picture = x[item, 0].numpy()
        down = np.diff(picture, axis=0, append=picture[-1:])
        right = np.diff(picture, axis=1, append=picture[:, -1:])
        residual = operator.apply(x)[item] - y[item]
        plain = 0.5 * float(residual.square().sum()) + WEIGHT * np.hypot(down, right).sum()
        assert plain <= found[item] <= plain * (1 + 1e-10)


def test_no_dual_is_a_bound_above_the_objective() -> None:
    operator = make_operator({"kind": "masked-fourier", "acceleration": 4}, (12, 16))
    x = blocks(2, (12, 16))
    y = measured(operator, x)
    for seed in range(20):
        torch.manual_seed(seed)
        scale = 10.0 ** (seed % 5 - 3)
        q = scale * torch.randn(y.shape, dtype=y.dtype)
        p = scale * torch.randn(2, 2, 12, 16, dtype=torch.float64)  # far outside |p| ≤ λ: brought inside
        bound = total_variation_bound(operator, y, WEIGHT, q, p)
        assert (bound <= total_variation_objective(operator, y, WEIGHT, x)).all()


def test_items_that_end_are_left_out_and_come_back_in_order() -> None:
    operator = make_operator({"kind": "inpainting"}, (12, 16))
    x = torch.cat([torch.zeros(1, 1, 12, 16, dtype=torch.float64), blocks(2, (12, 16))])
    y = measured(operator, x)
    together = iterate(
        TotalVariation(1e-3), TotalVariationProblem(operator, y, WEIGHT), x * 0, max_iterations=5000
    )
    assert len(set(together.iterations.tolist())) > 1
    for item in range(3):
        problem = TotalVariationProblem(operator, y[item : item + 1], WEIGHT)
        alone = iterate(TotalVariation(1e-3), problem, x[:1] * 0, max_iterations=5000)
        torch.testing.assert_close(alone.value[0], together.value[item])
        assert int(alone.iterations[0]) == int(together.iterations[item])


def test_the_clock_is_looked_at_after_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("solvers.iteration.time.monotonic", lambda: float(next(clock)))
    operator = make_operator({"kind": "inpainting"}, (12, 16))
    x = blocks(2, (12, 16))
    problem = TotalVariationProblem(operator, measured(operator, x), WEIGHT)
    found = iterate(TotalVariation(1e-9), problem, x * 0, max_iterations=100, deadline=3.0)
    assert found.reasons == (TerminationReason.TIME_LIMIT,) * 2
    assert found.iterations.tolist() == [3, 3]
    objective = total_variation_objective(operator, problem.measurements, WEIGHT, found.value.float())
    np.testing.assert_array_equal(found.state.objective.numpy(), objective)  # of the picture as it is
