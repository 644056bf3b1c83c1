"""Random features: what no message passing tells apart is told apart, and answers are repeatable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from graphs.bipartite import build_graph, build_graphs
from graphs.instance import Instance
from graphs.network.batch import BipartiteBatch
from graphs.network.channels import ChannelCounts
from graphs.network.draws import answer
from graphs.network.gnn import CandidateNetwork, NetworkConfig, NetworkOutput
from graphs.network.noise import ambiguous_graphs, fresh_noise, seeded_noise
from graphs.packed import PackedGraphs
from tests.graphs.test_refinement import cycles
from tests.graphs.test_scaling import random_instance

PLAIN = NetworkConfig(hidden=16, rounds=3, steps=2, channels=ChannelCounts(2, 2, 2))
CYCLE, TRIANGLES = cycles(6), cycles(3, 3)


@pytest.fixture(scope="module")
def network() -> CandidateNetwork:
    torch.manual_seed(0)
    return CandidateNetwork(replace(PLAIN, random_features=3)).eval()


def packed(*instances: Instance) -> PackedGraphs:
    return PackedGraphs.of(build_graphs(instances))


def ask(network: CandidateNetwork, *instances: Instance, draws: int = 4) -> NetworkOutput:
    return answer(network, packed(*instances), draws=draws)[1]


def test_the_classical_pair_looks_alike_without_random_features() -> None:
    torch.manual_seed(0)
    plain = CandidateNetwork(PLAIN).eval()
    output = ask(plain, CYCLE, TRIANGLES)
    torch.testing.assert_close(output.verdict[0], output.verdict[1], rtol=0, atol=1e-6)
    torch.testing.assert_close(output.solution[:6], output.solution[6:], rtol=0, atol=1e-6)


def test_the_classical_pair_looks_different_with_them(network: CandidateNetwork) -> None:
    output = ask(network, CYCLE, TRIANGLES)
    assert (output.verdict[0] - output.verdict[1]).abs().max() > 1e-4
    assert (output.solution[:6] - output.solution[6:]).abs().max() > 1e-4


def test_answers_are_repeatable_and_depend_on_the_content(network: CandidateNetwork) -> None:
    first, again = ask(network, CYCLE), ask(network, replace(CYCLE, name="another name"))
    assert torch.equal(first.verdict, again.verdict)
    alone, beside = ask(network, TRIANGLES), ask(network, random_instance(1), CYCLE, TRIANGLES)
    torch.testing.assert_close(beside.verdict[2], alone.verdict[0], rtol=1e-5, atol=1e-5)
    cheaper = replace(CYCLE, objective_vector=2 * CYCLE.objective_vector)
    assert not torch.equal(ask(network, cheaper).verdict, first.verdict)


def test_an_answer_is_the_mean_of_its_draws(network: CandidateNetwork) -> None:
    graphs = packed(CYCLE, TRIANGLES)
    batch = BipartiteBatch.all_of(graphs)
    with torch.no_grad():
        outputs = [network(batch, noise=seeded_noise(batch, 3, draw)) for draw in range(3)]
    output = answer(network, graphs, draws=3)[1]
    probabilities = torch.stack([one.verdict.softmax(1) for one in outputs]).mean(0)
    torch.testing.assert_close(output.verdict.softmax(1), probabilities, rtol=1e-4, atol=1e-6)
    for name in ("objective", "solution", "dual"):
        mean = torch.stack([getattr(one, name) for one in outputs]).mean(0)
        torch.testing.assert_close(getattr(output, name), mean, rtol=1e-4, atol=1e-6)
    assert torch.equal(output.primal, outputs[0].primal)


def test_the_mean_of_the_draws_stays_in_the_box(network: CandidateNetwork) -> None:
    solution = ask(network, CYCLE, TRIANGLES).solution
    assert ((solution >= 0) & (solution <= 1)).all()


def test_only_ambiguous_nodes_of_milps_have_noise(network: CandidateNetwork) -> None:
    continuous = replace(CYCLE, integrality=np.zeros(6, dtype=np.bool_))
    distinct = replace(CYCLE, objective_vector=np.arange(1.0, 7.0))
    batch = BipartiteBatch.all_of(packed(CYCLE, continuous, distinct))
    assert ambiguous_graphs(batch).tolist() == [True, False, False]
    for noise in (seeded_noise(batch, 3, 0), fresh_noise(batch, 3, torch.Generator().manual_seed(0))):
        assert noise is not None
        assert (noise.variables[:6] != 0).all()
        assert (noise.constraints[:6] != 0).all()
        assert not noise.variables[6:].any()
        assert not noise.constraints[6:].any()
    with torch.no_grad():
        one_pass = network(BipartiteBatch.of([build_graph(distinct)]))
    assert torch.equal(ask(network, distinct).verdict, one_pass.verdict)


def test_a_column_apart_gets_no_noise() -> None:
    """Ambiguity is of nodes, not of instances."""
    costs = np.array([1.0, 2.0, 1.0, 2.0, 1.0, 2.0])
    lopsided = replace(CYCLE, objective_vector=np.where(np.arange(6) == 0, 9.0, costs))
    batch = BipartiteBatch.all_of(packed(lopsided))
    assert batch.variable_ambiguous.tolist() == [False, True, True, False, True, True]


def test_a_network_without_random_features_ignores_ambiguity() -> None:
    batch = BipartiteBatch.all_of(packed(CYCLE))
    assert seeded_noise(batch, 0, 0) is None
    assert fresh_noise(batch, 0, torch.Generator()) is None


def test_fresh_noise_is_fresh_and_reproducible() -> None:
    batch = BipartiteBatch.all_of(packed(CYCLE))
    generator = torch.Generator().manual_seed(1)
    first, second = fresh_noise(batch, 2, generator), fresh_noise(batch, 2, generator)
    again = fresh_noise(batch, 2, torch.Generator().manual_seed(1))
    assert first is not None
    assert second is not None
    assert again is not None
    assert torch.equal(first.variables, again.variables)
    assert not torch.equal(first.variables, second.variables)
