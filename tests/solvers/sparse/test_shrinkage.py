from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from solvers.sparse.shrinkage import largest_counts, largest_share, shrink, shrink_outside


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), st.floats(0.0, 1e6))
def test_shrinkage_minimises_its_proximal_objective(values: list[float], threshold: float) -> None:
    z = torch.tensor([values], dtype=torch.float64)
    x = shrink(z, threshold)
    assert torch.equal(x, shrink(z, torch.tensor([[threshold]], dtype=torch.float64)))

    def objective(point: torch.Tensor) -> torch.Tensor:
        return 0.5 * (point - z).square() + threshold * point.abs()

    for other in (z, torch.zeros_like(z), x + 1e-3, x - 1e-3):
        assert (objective(x) <= objective(other) * (1 + 1e-9) + 1e-9).all()


def test_the_selected_pass_whole_if_above_the_threshold() -> None:
    z = torch.tensor([[3.0, -2.0, 0.5, -0.1]])
    selected = torch.tensor([[True, False, True, False]])
    assert shrink_outside(z, torch.tensor(1.0), selected).tolist() == [[3.0, -1.0, 0.0, 0.0]]


def test_largest_share_counts_downwards() -> None:
    magnitudes = torch.tensor([[1.0, 4.0, 2.0, 3.0]])
    assert largest_share(magnitudes, 0.5).tolist() == [[False, True, False, True]]
    assert largest_share(magnitudes, 0.7).sum() == 2
    assert not largest_share(magnitudes, 0.2).any()
    assert largest_share(magnitudes, 1.5).all()


def test_each_row_has_a_count_of_its_own() -> None:
    magnitudes = torch.tensor([[1.0, 4.0, 2.0, 3.0]]).repeat(4, 1)
    chosen = largest_counts(magnitudes, torch.tensor([0, 1, 3, 4]))
    assert chosen.sum(1).tolist() == [0, 1, 3, 4]
    assert chosen[1].tolist() == [False, True, False, False]
    assert chosen[2].tolist() == [False, True, True, True]
    assert not largest_counts(magnitudes, torch.zeros(4, dtype=torch.int64)).any()


def test_no_gradient_passes_through_the_choice() -> None:
    z = torch.tensor([[3.0, 2.0]], requires_grad=True)
    threshold = torch.tensor(1.0, requires_grad=True)
    shrink_outside(z, threshold, torch.tensor([[True, False]])).sum().backward()
    assert z.grad is not None
    assert threshold.grad is not None
    assert z.grad.tolist() == [[1.0, 1.0]]
    assert float(threshold.grad) == -1.0
