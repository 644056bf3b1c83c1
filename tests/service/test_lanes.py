"""The exact solvers of a process, and whose costs count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from graphs.instance import Instance
from service.choices import Policy
from service.costs import Costs, Curve
from service.effort import Effort
from service.lanes import Lanes, own_costs
from service.settings import Settings
from solvers.linear.exact.solution import SolveStatus

EFFORT = Effort(policy=Policy.SOLVE)


@pytest.fixture
def lanes(settings: Settings) -> Iterator[Lanes]:
    with Lanes(settings, workers=1) as made:
        yield made


def some_costs(seconds: float) -> Costs:
    each = {step: [seconds] for step in ("certify", "polish", "solve")}
    curve = Curve([1.0], each, {"certify": [0.5], "polish": [0.5]})
    return Costs(curve, curve, {})


def test_results_stand_in_order_whatever_the_limits(lanes: Lanes, instance: Instance) -> None:
    impossible = replace(instance, constraint_lower_bound=np.array([9.0]))
    given = [instance, impossible, instance]
    for limits in ([5.0] * 3, [5.0, 6.0, 7.0]):
        found = lanes.solve(given, [None] * 3, EFFORT, limits)
        assert [result.status for result in found] == [
            SolveStatus.OPTIMAL,
            SolveStatus.INFEASIBLE,
            SolveStatus.OPTIMAL,
        ]
        assert all(result.accepted for result in found)


def test_no_process_before_it_is_needed_and_none_after(settings: Settings, instance: Instance) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}

    def more() -> set[int]:
        return {child.pid for child in psutil.Process().children(recursive=True)} - before

    with Lanes(settings, workers=1) as lanes:
        assert more() == set()
        lanes.solve([instance], [None], EFFORT, [5.0])
        assert more() != set()
    assert more() == set()
    lanes.close()


def test_costs_measured_here_count_before_those_of_the_model(
    settings: Settings, fake: Any, make_checkpoint: Any
) -> None:
    bundled = Lanes(settings).costs(fake)
    assert bundled is not None  # nobody measured the fake's: the bundled model's stand in
    folder: Path = make_checkpoint("fake", "1", settings.models / "fake" / "1")
    other = settings.model_copy(update={"batch_size": 3})  # costs are kept by settings
    some_costs(2.0).save(folder / "costs.json")
    found = Lanes(other).costs(fake)
    assert found is not None
    assert found.lp.seconds["solve"] == [2.0]
    own = own_costs(settings, fake.sha256)
    own.parent.mkdir(parents=True)
    some_costs(3.0).save(own)
    found = Lanes(settings.model_copy(update={"batch_size": 5})).costs(fake)
    assert found is not None
    assert found.lp.seconds["solve"] == [3.0]


def test_costs_that_cannot_be_read_are_passed_over(settings: Settings, fake: Any) -> None:
    own = own_costs(settings, fake.sha256)
    own.parent.mkdir(parents=True)
    own.write_text("{}")
    found = Lanes(settings).costs(fake)
    assert found is not None
    assert len(found.lp.sizes) > 1
