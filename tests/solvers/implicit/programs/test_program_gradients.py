"""Derivatives beside finite differences, closed forms and a long unroll."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from solvers.implicit.adjoint import Adjoint, Implicit, JacobianFree, Neumann, Shine, Unrolled
from solvers.implicit.gmres import Gmres
from solvers.implicit.programs.convex_program import make_program
from solvers.implicit.programs.guarded_anderson import GuardedAnderson
from solvers.implicit.programs.program_layer import ProgramLayer
from tests.solvers.implicit.programs.drawn_programs import (
    ITEMS,
    Data,
    direction,
    gradients,
    quadratic,
    solved,
)

EXACT: tuple[Adjoint, ...] = (
    Implicit(Gmres(1e-12, memory=60)),
    Implicit(GuardedAnderson(1e-12), max_iterations=2000),
    Neumann(4000),
    Unrolled(),
)


def stacked(variants: list[Data]) -> Data:
    """All programs of some batches as one batch, what is shared given to every item."""
    whole: Data = {}
    for name, first in variants[0].items():
        axes = 3 if name in ("matrix", "factor", "hessian") else 2
        shape = (ITEMS, *first.shape[-axes + 1 :])
        whole[name] = torch.cat([variant[name].expand(shape) for variant in variants])
    return whole


def outer_values(variants: list[Data]) -> list[float]:
    """`outer` of each, solved all at once."""
    primal = solved(stacked(variants)).primal.detach().reshape(len(variants), ITEMS, -1)
    return [float((part * direction()).sum() + part.square().sum()) for part in primal]


@pytest.mark.parametrize("shared", [True, False])
def test_the_exact_gradient_is_that_of_finite_differences(shared: bool) -> None:
    data = quadratic(2, shared)
    exact = gradients(data)
    generator, step = np.random.default_rng(0), 1e-5
    variants, asked = [], []
    for name, value in data.items():
        places = [tuple(generator.integers(0, size) for size in value.shape) for _ in range(3)]
        if name in ("lower", "upper"):  # free ones and fixed ones have none of their own
            places = [place for place in places if place[1] > 1]
        if name in ("row_lower", "row_upper"):  # nor has the equality row
            places = [place for place in places if place[1] > 0]
        for place in (place for place in places if bool(torch.isfinite(value[place]))):
            for by in (step, -step):
                moved = _moved(value, place, by)
                variants.append(data | {name: 0.5 * (moved + moved.T) if name == "hessian" else moved})
            found = exact[name]
            asked.append((name, float((0.5 * (found + found.T) if name == "hessian" else found)[place])))
    values = outer_values(variants)
    assert len(asked) > 15
    for (name, slope), above, below in zip(asked, values[::2], values[1::2], strict=True):
        assert slope == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-5), name


def test_equality_rows_and_fixed_variables_move_both_their_sides_at_once() -> None:
    data = quadratic(2)
    exact, step = gradients(data), 1e-5
    for names, place in ((("row_lower", "row_upper"), (1, 0)), (("lower", "upper"), (2, 1))):
        above, below = outer_values(
            [data | {name: _moved(data[name], place, by) for name in names} for by in (step, -step)]
        )
        found = sum(float(exact[name][place]) for name in names)
        assert found == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-5)


def _moved(value: Tensor, place: tuple[int, ...], by: float) -> Tensor:
    moved = value.clone()
    moved[place] += by
    return moved


@pytest.mark.parametrize("adjoint", EXACT, ids=lambda adjoint: type(adjoint).__name__)
def test_exact_adjoints_agree(adjoint: Adjoint) -> None:
    expected = gradients(quadratic(3))
    for name, found in gradients(quadratic(3), adjoint).items():
        assert torch.allclose(found, expected[name], atol=1e-6), name


def test_a_projection_onto_a_hyperplane_has_its_closed_form() -> None:
    """min ½‖x − p‖² with a·x = b: x = p − a (a·p − b) / ‖a‖²."""
    generator = torch.Generator().manual_seed(0)
    point, normal = torch.randn(2, 6, generator=generator, dtype=torch.float64)
    side = torch.tensor([0.7], dtype=torch.float64)
    given = [tensor.requires_grad_() for tensor in (point, normal, side)]
    program = make_program(-point, normal[None], side, side, diagonal=1.0)
    x = ProgramLayer(tolerance=1e-13)(program).primal[0]
    expected = point - normal * (normal @ point - side) / (normal @ normal)
    assert torch.allclose(x, expected, atol=1e-9)
    weights = torch.arange(6, dtype=torch.float64)
    found, closed = (torch.autograd.grad(weights @ value, given) for value in (x, expected))
    for first, second in zip(found, closed, strict=True):
        assert torch.allclose(first, second, atol=1e-8)


def test_clipping_has_its_closed_form_without_rows() -> None:
    cost = torch.tensor([-2.0, -0.5, 3.0], dtype=torch.float64, requires_grad=True)
    layer = ProgramLayer(JacobianFree())
    x = layer(make_program(cost, np.zeros((0, 3)), lower=0.0, upper=1.0, regularization=1.0)).primal[0]
    assert x.tolist() == pytest.approx([1.0, 0.5, 0.0])
    (found,) = torch.autograd.grad(x.sum(), cost)
    # one application of the map, τ / (1 + τ) of the exact −1 at the inner entry
    assert found[0] == found[2] == 0.0
    assert -1.0 < float(found[1]) < -0.1


@pytest.mark.parametrize("adjoint", [JacobianFree(), Neumann(3), Shine(fallback=20.0)], ids=repr)
def test_cheap_gradients_see_every_datum_and_point_the_same_way(adjoint: Adjoint) -> None:
    exact, cheap = gradients(quadratic(4)), gradients(quadratic(4), adjoint)
    for name in ("cost", "matrix", "row_upper", "upper", "diagonal"):
        assert float((exact[name] * cheap[name]).sum()) > 0.0, name


def test_more_terms_come_nearer() -> None:
    exact = gradients(quadratic(4))["cost"]
    errors = [
        float((gradients(quadratic(4), Neumann(terms))["cost"] - exact).norm()) for terms in (0, 20, 300)
    ]
    assert errors == sorted(errors, reverse=True)
