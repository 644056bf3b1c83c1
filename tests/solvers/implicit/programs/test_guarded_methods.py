"""Both guarded methods: as quick as the unguarded where these do well, and not led astray where they are."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from solvers.implicit.broyden import inverse_from_right
from solvers.implicit.fixed_point import FixedPointMethod, Picard
from solvers.implicit.programs.guarded_anderson import GuardedAnderson
from solvers.implicit.programs.guarded_broyden import GuardedBroyden
from solvers.iteration import TerminationReason, iterate

METHODS = (GuardedAnderson(1e-10), GuardedBroyden(1e-10))
WIDTH = 8


def affine(z: Tensor) -> Tensor:
    """A map of norm 0.98 for each of two items."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(WIDTH, WIDTH, generator=generator, dtype=torch.float64)
    weight = 0.98 * weight / torch.linalg.matrix_norm(weight, ord=2)
    return z @ weight.T + torch.tensor([[1.0], [-2.0]], dtype=torch.float64)


def clipped(z: Tensor) -> Tensor:
    """Averaged, affine in many pieces: half of a rotation that is clipped."""
    generator = torch.Generator().manual_seed(1)
    turn, _ = torch.linalg.qr(torch.randn(WIDTH, WIDTH, generator=generator, dtype=torch.float64))
    return 0.5 * z + 0.5 * torch.clamp(z @ turn.T + torch.arange(WIDTH), -1.0, 4.0)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
@pytest.mark.parametrize("f", [affine, clipped], ids=lambda f: f.__name__)
def test_fixed_points_are_found(f: object, method: FixedPointMethod[object]) -> None:
    start = 10.0 * torch.ones(2, WIDTH, dtype=torch.float64)
    found = iterate(method, f, start, max_iterations=500)  # type: ignore[misc]
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    assert torch.allclose(f(found.value), found.value, atol=1e-8)  # type: ignore[operator]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_an_affine_map_takes_about_as_many_steps_as_it_has_dimensions(
    method: FixedPointMethod[object],
) -> None:
    start = torch.zeros(2, WIDTH, dtype=torch.float64)
    found = iterate(method, affine, start, max_iterations=500)  # type: ignore[misc]
    plain = iterate(Picard(1e-10), affine, start, max_iterations=5000)
    assert int(found.iterations.max()) <= 4 * WIDTH < int(plain.iterations.min())


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_without_slack_every_step_is_the_maps_own(method: FixedPointMethod[object]) -> None:
    strict = type(method)(0.0, slack=0.0)  # type: ignore[call-arg]
    start = torch.ones(2, WIDTH, dtype=torch.float64)
    found = iterate(strict, affine, start, max_iterations=7)  # type: ignore[misc]
    plain = iterate(Picard(0.0), affine, start, max_iterations=7)
    assert torch.allclose(found.value, plain.value)


def test_items_that_end_sooner_are_joined_with_the_rest() -> None:
    def uneven(z: Tensor) -> Tensor:
        return torch.cat([torch.ones_like(z[:1]), affine(z)[1:]])

    for method in METHODS:
        start = torch.zeros(2, WIDTH, dtype=torch.float64)
        found = iterate(method, uneven, start, max_iterations=500)  # type: ignore[misc]
        assert int(found.iterations[0]) < int(found.iterations[1])
        assert torch.allclose(uneven(found.value), found.value, atol=1e-8)


def test_broydens_inverse_takes_the_last_change_to_the_last_move_and_begins_again_when_full() -> None:
    start = torch.zeros(2, WIDTH, dtype=torch.float64)
    before, after = (
        iterate(GuardedBroyden(0.0), affine, start, max_iterations=steps).state for steps in (6, 7)
    )
    change = (after.image - after.z) - (before.image - before.z)
    assert torch.allclose(inverse_from_right(after, change), after.z - before.z)
    assert not torch.allclose(inverse_from_right(before, change), after.z - before.z, rtol=0.1)
    small = GuardedBroyden(0.0, memory=3)
    for steps, kept in ((2, 2), (3, 3), (4, 0), (5, 1)):
        assert iterate(small, affine, start, max_iterations=steps).state.left.shape[1] == kept
