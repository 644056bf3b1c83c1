"""The network: equivariance, units, sizes, and that its margins mean what they say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs.bipartite import build_graph, build_graphs
from graphs.instance import Instance
from graphs.network.batch import BipartiteBatch
from graphs.network.channels import ChannelCounts
from graphs.network.gnn import CandidateNetwork, NetworkConfig, NetworkOutput
from tests.graphs.test_bipartite import permuted
from tests.graphs.test_scaling import random_instance, rescaled

CONFIG = NetworkConfig(hidden=16, rounds=3, steps=2, channels=ChannelCounts(2, 2, 2))


@pytest.fixture(scope="module")
def network() -> CandidateNetwork:
    torch.manual_seed(0)
    return CandidateNetwork(CONFIG).eval()


@torch.no_grad()
def run(network: CandidateNetwork, instance: Instance) -> NetworkOutput:
    output: NetworkOutput = network(BipartiteBatch.of([build_graph(instance)]))
    return output


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_permutation_equivariance(network: CandidateNetwork, seed: int) -> None:
    instance = random_instance(seed, integers=True)
    generator = np.random.default_rng(seed)
    rows = generator.permutation(instance.rows).tolist()
    columns = generator.permutation(instance.columns).tolist()
    output, other = run(network, instance), run(network, permuted(instance, rows, columns))
    torch.testing.assert_close(output.verdict, other.verdict, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(output.solution[columns], other.solution, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(output.dual[rows], other.dual, rtol=1e-3, atol=1e-3)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_units_do_not_matter(network: CandidateNetwork, seed: int) -> None:
    instance = random_instance(seed)
    generator = np.random.default_rng(seed)
    row = np.exp(generator.normal(0, 2, instance.rows))
    column = np.exp(generator.normal(0, 2, instance.columns))
    output, other = run(network, instance), run(network, rescaled(instance, row, column, 7.0))
    torch.testing.assert_close(output.verdict, other.verdict, rtol=5e-3, atol=5e-3)
    torch.testing.assert_close(output.solution, other.solution, rtol=5e-3, atol=5e-3)


def test_batching_changes_nothing(network: CandidateNetwork) -> None:
    instances = [random_instance(seed, integers=seed % 2 == 0) for seed in range(8)]
    together: NetworkOutput = network(BipartiteBatch.of(build_graphs(instances)))
    alone = [run(network, instance) for instance in instances]
    torch.testing.assert_close(
        together.verdict, torch.cat([part.verdict for part in alone]), rtol=1e-4, atol=1e-4
    )
    torch.testing.assert_close(
        together.primal, torch.cat([part.primal for part in alone]), rtol=1e-4, atol=1e-4
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_candidates_respect_boxes_and_signs(network: CandidateNetwork, seed: int) -> None:
    instance = random_instance(seed)
    batch = BipartiteBatch.of([build_graph(instance)])
    with torch.no_grad():
        output = network(batch)
    slack = 1e-4 * (1 + output.solution.abs())
    assert (output.solution >= batch.variable_lower - slack).all()
    assert (output.solution <= batch.variable_upper + slack).all()
    assert (output.dual[torch.isinf(batch.constraint_lower)] <= 0).all()
    assert (output.dual[torch.isinf(batch.constraint_upper)] >= 0).all()


def test_margins_are_those_of_the_candidates(network: CandidateNetwork) -> None:
    """The violation the verdict head sees is the violation that numpy computes from the same points."""
    instance = random_instance(43)
    batch = BipartiteBatch.of([build_graph(instance)])
    with torch.no_grad():
        output = network(batch)
    matrix = np.zeros((instance.rows, instance.columns))
    row = np.repeat(np.arange(instance.rows), np.diff(batch.structure.row_start.numpy()))
    matrix[row, batch.structure.column.numpy()] = batch.edge_value.numpy()
    width = (batch.variable_upper - batch.variable_lower).numpy()
    assert np.isfinite(width).all()  # then the natural units are the widths
    unit = np.abs(matrix) @ np.clip(width, 1e-3, 1e3)
    for channel in range(4):
        activity = matrix @ output.primal[:, channel].numpy()
        clipped = np.clip(activity, batch.constraint_lower.numpy(), batch.constraint_upper.numpy())
        expected = (np.abs(activity - clipped) / np.where(unit > 0, unit, 1)).sum()
        assert output.margins.violation[0, channel].item() == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_depth_can_be_raised_and_gradients_stay_moderate(network: CandidateNetwork) -> None:
    batch = BipartiteBatch.of(build_graphs([random_instance(seed) for seed in range(8)]))
    output = network(batch, rounds=12)
    output.verdict.logsumexp(1).sum().backward()
    norms = [parameter.grad.norm() for parameter in network.parameters() if parameter.grad is not None]
    network.zero_grad()
    assert torch.isfinite(torch.stack(norms)).all()
    assert float(torch.stack(norms).max()) < 1e4


@pytest.mark.parametrize("rate", [-300.0, 300.0])
def test_gradients_stay_finite_where_the_rates_saturate(rate: float) -> None:
    """Rates that fell to zero once made y / σ overflow and every gradient NaN."""
    torch.manual_seed(1)
    network = CandidateNetwork(CONFIG)
    for layer in (network.round.move_primal, network.round.move_dual):
        torch.nn.init.constant_(layer.bias, rate)
    torch.nn.init.constant_(network.round.primal_weight, -rate)
    batch = BipartiteBatch.of(build_graphs([random_instance(seed) for seed in range(20)]))
    output = network(batch)
    (output.verdict.logsumexp(1).sum() + output.solution.sum() + output.dual.sum()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all(), name


def test_config_survives_json() -> None:
    assert NetworkConfig.from_json(CONFIG.to_json()) == CONFIG
