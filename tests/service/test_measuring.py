"""Curves of costs from samples, and a measurement of the real thing, small."""

from __future__ import annotations

from pathlib import Path

import pytest

from service import measuring
from service.costs import load_costs
from service.lanes import Lanes
from service.loading import load_predictor
from service.measuring import Sample, curve, instances_in_all, measure
from service.settings import BUNDLED_MODELS, Settings


def sample(
    size: int, *, proved: bool = True, polish: float | None = None, polished: bool | None = None
) -> Sample:
    return Sample(
        size, certify=size * 1e-6, polish=polish, solve=size * 1e-5, proved=proved, polished=polished
    )


def test_sizes_rise_and_every_sample_counts_once() -> None:
    samples = [sample(size) for size in (10, 10, 10, 20, 20, 40, 80, 80, 160, 320, 320, 640)]
    found = curve(samples)
    found.check()
    assert found.sizes[0] == pytest.approx(10.0)
    assert found.sizes[-1] <= 640.0
    weights = sum(found.seconds["solve"])
    assert weights > 0.0


def test_shares_of_the_polish_are_of_what_was_open() -> None:
    found = curve(
        [
            sample(10, proved=True),
            sample(10, proved=False, polish=0.2, polished=True),
            sample(10, proved=False, polish=0.4, polished=False),
        ]
    )
    assert found.proved == {"certify": [pytest.approx(1 / 3)], "polish": [0.5]}
    assert found.seconds["polish"] == [pytest.approx(0.3)]


def test_where_nothing_was_open_a_polish_is_never_worth_it() -> None:
    found = curve([sample(10), sample(1000)])
    assert set(found.proved["polish"]) == {0.0}


def test_a_small_measurement(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings) -> None:
    monkeypatch.setattr(measuring, "LPS", (("random-lp", {}), ("transportation", {"sources": 3, "sinks": 4})))
    monkeypatch.setattr(measuring, "MIPS", (("random-milp", {}),))
    predictor = load_predictor(BUNDLED_MODELS / "bundled" / "2", settings)
    done: list[int] = []
    with Lanes(settings, workers=1) as lanes:
        costs = measure(predictor, lanes, each=2, advance=done.append)
    assert sum(done) == instances_in_all(2) == 6
    costs.save(tmp_path / "costs.json")
    assert load_costs(tmp_path / "costs.json").lp == costs.lp
    assert costs.measured["model"] == "bundled@2"


def test_the_bundled_model_brings_its_costs() -> None:
    costs = load_costs(BUNDLED_MODELS / "bundled" / "2" / "costs.json")
    assert len(costs.lp.sizes) >= 4
    assert len(costs.mip.sizes) >= 4
