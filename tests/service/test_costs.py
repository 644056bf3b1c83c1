"""Cost curves: interpolated on logarithmic scales, checked when read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from service.costs import Costs, CostsError, Curve, load_costs, size_of

LP = Curve(
    sizes=[10.0, 1000.0],
    seconds={"certify": [1e-4, 1e-2], "polish": [1e-2, 1.0], "solve": [1e-3, 1e-1]},
    proved={"certify": [0.9, 0.5], "polish": [0.4, 0.2]},
)
MIP = Curve(
    sizes=[10.0],
    seconds={"certify": [1e-3], "polish": [1e-1], "solve": [1.0]},
    proved={"certify": [0.3], "polish": [0.6]},
)


def instance(columns: int, *, integer: bool = False) -> Instance:
    """No rows and no nonzeros: its size is its number of columns."""
    return Instance(
        name="i",
        objective_vector=np.zeros(columns),
        constraint_matrix=csr_array((0, columns)),
        constraint_lower_bound=np.zeros(0),
        constraint_upper_bound=np.zeros(0),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=np.ones(columns),
        integrality=np.full(columns, integer),
    )


@pytest.fixture
def costs() -> Costs:
    return Costs(LP, MIP, {"cores": 2})


@pytest.mark.parametrize(
    ("columns", "seconds"), [(1, 1e-3), (10, 1e-3), (100, 1e-2), (1000, 1e-1), (100_000, 10.0)]
)
def test_seconds_run_along_the_curve_and_on_beyond_it(costs: Costs, columns: int, seconds: float) -> None:
    assert costs.seconds("solve", instance(columns)) == pytest.approx(seconds)


def test_shares_stay_beyond_the_ends(costs: Costs) -> None:
    found = [costs.proved("certify", instance(columns)) for columns in (1, 100, 10**6)]
    assert found == pytest.approx([0.9, 0.7, 0.5])


def test_milps_have_a_curve_of_their_own_and_a_single_point_is_flat(costs: Costs) -> None:
    assert [costs.seconds("solve", instance(n, integer=True)) for n in (1, 500)] == pytest.approx([1.0, 1.0])


def test_the_size_is_never_zero() -> None:
    assert size_of(instance(0)) == 1
    assert size_of(instance(3)) == 3


def test_a_file_comes_back_as_it_was(costs: Costs, tmp_path: Path) -> None:
    costs.save(tmp_path / "costs.json")
    assert load_costs(tmp_path / "costs.json") == costs


def _without(document: dict[str, Any], *path: str) -> None:
    for part in path[:-1]:
        document = document[part]
    del document[path[-1]]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.update(format=2),
        lambda d: _without(d, "kinds", "mip"),
        lambda d: _without(d, "kinds", "lp", "seconds", "solve"),
        lambda d: d["kinds"]["lp"].update(sizes=[1000.0, 10.0]),
        lambda d: d["kinds"]["lp"]["seconds"].update(solve=[0.0, 1.0]),
        lambda d: d["kinds"]["lp"]["seconds"].update(solve=[1.0]),
        lambda d: d["kinds"]["lp"]["proved"].update(certify=[0.5, 1.5]),
        lambda d: d["kinds"]["lp"].update(more=1),
    ],
)
def test_a_file_that_cannot_be_right_is_refused(costs: Costs, tmp_path: Path, spoil: Any) -> None:
    document = costs.to_json()
    spoil(document)
    (tmp_path / "costs.json").write_text(json.dumps(document))
    with pytest.raises(CostsError):
        load_costs(tmp_path / "costs.json")


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "costs.json").write_text("costs")
    with pytest.raises(CostsError, match=r"costs\.json"):
        load_costs(tmp_path / "costs.json")
