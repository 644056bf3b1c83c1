"""Budgets count work and time; shares are told to the whole."""

from __future__ import annotations

import math
import time

import pytest

from solvers.linear.integral.budget import ROUND, Meter, RepairBudget


@pytest.mark.parametrize(
    ("operations", "seconds"), [(0, None), (-1, None), (math.nan, None), (1, 0), (1, -2)]
)
def test_a_budget_must_be_positive(operations: float, seconds: float | None) -> None:
    with pytest.raises(ValueError, match="positive"):
        RepairBudget(operations, seconds)


def test_work_exhausts_a_meter() -> None:
    meter = RepairBudget(2 * ROUND + 10).meter()
    meter.spend(4)
    assert not meter.exhausted
    assert meter.seconds_left == math.inf
    meter.spend(6)
    assert meter.exhausted
    assert meter.spent == 2 * ROUND + 10


def test_a_share_is_part_of_the_whole() -> None:
    meter = Meter(10 * ROUND)
    part = meter.share(0.2)
    part.spend(0)
    assert not part.exhausted
    part.spend(0)
    assert part.exhausted
    assert not meter.exhausted
    assert meter.spent == 2 * ROUND
    other = meter.share(0.5)
    for _ in range(8):
        meter.spend(0)
    assert other.exhausted


def test_time_exhausts_a_meter_and_its_shares() -> None:
    meter = RepairBudget(1e9, seconds=0.05).meter()
    part = meter.share(0.4)
    assert 0 < part.seconds_left <= 0.02
    assert not meter.exhausted
    time.sleep(0.03)
    assert part.exhausted
    assert not meter.exhausted
    time.sleep(0.03)
    assert meter.exhausted
    assert meter.seconds_left == 0
