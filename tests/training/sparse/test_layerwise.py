from __future__ import annotations

from pathlib import Path

import pytest
import torch

from runtime.checkpoints import CheckpointError
from solvers.sparse.networks import NETWORKS, initial_network, with_parameters
from tests.training.sparse.small_setting import SETTINGS, small_dictionary, small_stream
from training.sparse.layerwise import STAGES, Layerwise
from training.sparse.layerwise_state import LayerwiseState, StageResult
from training.sparse.nmse import nmse_by_layer
from training.sparse.sampling import Purpose


def trainer(variant: str) -> Layerwise:
    start = initial_network(variant, small_dictionary(), SETTINGS.layers, threshold=0.1, dtype=torch.float32)
    return Layerwise(start, small_stream(), SETTINGS)


class Stopped(Exception):
    pass


@pytest.mark.parametrize("variant", NETWORKS)
def test_is_better_than_ista_with_its_best_threshold(variant: str, tmp_path: Path) -> None:
    network, _ = trainer(variant).train(tmp_path)
    sample = small_stream(torch.float64).sample(500, Purpose.TEST)
    ista = min(
        nmse_by_layer(initial_network("lista-cp", small_dictionary(), 3, threshold=theta), sample, 3)[-1]
        for theta in (0.01, 0.02, 0.04, 0.08)
    )
    start = initial_network(variant, small_dictionary(), 3, threshold=0.1)
    trained = with_parameters(start, network.parameters(), torch.float64)
    assert nmse_by_layer(trained, sample, 3)[-1] < ista - 3.0


@pytest.mark.parametrize("stages", [1, 4, 8])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(stages: int, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    expected, _ = trainer("lista-cpss").train(whole)

    def stop(done: int, total: int, last: StageResult) -> None:
        if done == stages:
            raise Stopped

    with pytest.raises(Stopped):
        trainer("lista-cpss").train(parts, stop)
    assert len(LayerwiseState.resume(parts).history) == stages
    found, state = trainer("lista-cpss").train(parts)

    assert len(state.history) == STAGES * SETTINGS.layers
    for name, value in expected.parameters().items():
        assert torch.equal(found.parameters()[name], value), name


@pytest.mark.parametrize("lost", ["layers.1.step", "layers.0.threshold"])
def test_a_state_that_lacks_weights_is_told(lost: str, tmp_path: Path) -> None:
    _, state = trainer("alista").train(tmp_path)
    kept = {name: value for name, value in state.parameters.items() if name != lost}
    for parameters in (
        kept,
        {**state.parameters, lost: torch.ones(3)},
        {**state.parameters, "more": torch.ones(1)},
    ):
        LayerwiseState(parameters, state.history).save(tmp_path)
        with pytest.raises(CheckpointError, match="damaged"):
            trainer("alista").train(tmp_path)


def test_later_stages_are_never_worse_on_the_validation_problems(tmp_path: Path) -> None:
    _, state = trainer("alista").train(tmp_path)
    assert [(result.layer, result.stage) for result in state.history] == [
        (layer, stage) for layer in (1, 2, 3) for stage in (1, 2, 3)
    ]
    figures = [result.nmse for result in state.history]
    for first in range(0, len(figures), STAGES):
        one, two, three = figures[first : first + STAGES]
        assert one is not None
        assert two is not None
        assert three is not None
        assert three <= two <= one


def test_the_first_stage_changes_its_own_layer_alone(tmp_path: Path) -> None:
    seen: dict[int, dict[str, torch.Tensor]] = {}

    def keep(done: int, total: int, last: StageResult) -> None:
        seen[done] = LayerwiseState.resume(tmp_path).parameters

    trainer("lista-cp").train(tmp_path, keep)
    assert all(torch.equal(seen[4][name], value) for name, value in seen[3].items())
    assert not torch.equal(seen[5]["layers.0.weight"], seen[4]["layers.0.weight"])
