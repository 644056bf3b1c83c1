"""Targets in equilibrated units."""

from __future__ import annotations

import pytest
import torch

from graphs.network.message_passing import graph_sum
from tests.training.examples import dataset, labelled
from training.dataset import build_dataset


def test_targets_lead_back_to_the_labels() -> None:
    items = list(labelled(12))
    data = build_dataset(items)
    batch, targets = data.batch(torch.arange(12))
    solution = torch.split(targets.solution.double() * batch.column_scale, batch.variable_count.tolist())
    dual = torch.split(
        targets.dual.double() * batch.row_scale / batch.objective_scale[batch.constraint_graph],
        batch.constraint_count.tolist(),
    )
    names = {"optimal": 0, "infeasible": 1, "unbounded": 2}
    assert targets.verdict.tolist() == [names[item.status.value] for item in items]
    solved = [k for k, item in enumerate(items) if item.status.value == "optimal"]
    assert solved
    for k in solved:
        torch.testing.assert_close(solution[k], torch.from_numpy(items[k].primal), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(dual[k], torch.from_numpy(items[k].dual), rtol=1e-5, atol=1e-7)
        assert float(targets.objective[k] / batch.objective_scale[k]) == pytest.approx(
            items[k].objective, rel=1e-5, abs=1e-6
        )


def test_target_objective_is_the_cost_of_the_target_solution() -> None:
    data = dataset()
    batch, targets = data.batch(torch.arange(len(data)))
    cost = graph_sum((batch.objective * targets.solution)[:, None], batch.variable_graph, batch.count)
    torch.testing.assert_close(cost[:, 0], targets.objective, rtol=1e-3, atol=1e-4)
