"""Production plans of one plant share their structure; a plan that HiGHS finds keeps every promise."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from graphs.instance import Instance
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.trivial import interval_verdict
from training.families import generate
from training.families.production_plan import PRODUCTION_PLAN, make_plant

SMALL = {"products": 3, "periods": 4, "resources": 2}


def drawn(count: int, **size: float) -> list[Instance]:
    return list(generate(PRODUCTION_PLAN, count, seed=0, size=size))


def test_instances_of_a_plant_have_one_structure() -> None:
    first, *others = drawn(20)
    for other in others:
        assert np.array_equal(first.constraint_matrix.indptr, other.constraint_matrix.indptr)
        assert np.array_equal(first.constraint_matrix.indices, other.constraint_matrix.indices)
        assert np.array_equal(first.integrality, other.integrality)
        assert list(first.constraint_names) == list(other.constraint_names)
        assert not np.array_equal(first.constraint_matrix.data, other.constraint_matrix.data)
        assert other.objective_vector == pytest.approx(first.objective_vector, rel=0.11)
    (elsewhere,) = drawn(1, plant=2)
    assert not np.array_equal(first.constraint_matrix.indices, elsewhere.constraint_matrix.indices)


def test_rows_say_what_their_names_say() -> None:
    (instance,) = drawn(1)
    plant = make_plant(4, 6, 3, 1)
    rows = {name: i for i, name in enumerate(instance.constraint_names)}
    matrix = instance.constraint_matrix.toarray()

    def entries(row: str) -> dict[str, float]:
        places = np.flatnonzero(matrix[rows[row]])
        return {str(instance.variable_names[j]): float(matrix[rows[row], j]) for j in places}

    assert entries("balance_p1_t1") == {"make_p1_t1": 1, "stock_p1_t1": -1}
    assert entries("balance_p2_t3") == {"make_p2_t3": 1, "stock_p2_t3": -1, "stock_p2_t2": 1}
    assert entries("warehouse_t4") == pytest.approx({f"stock_p{p + 1}_t4": plant.volume[p] for p in range(4)})
    hours = {f"make_p{p + 1}_t5": plant.processing_time[1, p] for p in range(4)}
    hours |= {f"setup_p{p + 1}_t5": plant.setup_time[1, p] for p in range(4)}
    assert entries("capacity_r2_t5") == pytest.approx({name: value for name, value in hours.items() if value})
    net = [instance.constraint_lower_bound[rows[f"balance_p3_t{t}"]] for t in (5, 6)]
    assert entries("link_p3_t5") == pytest.approx({"make_p3_t5": 1, "setup_p3_t5": -sum(net)})


def test_sides_and_bounds() -> None:
    for instance in drawn(30):
        kinds = [str(name).split("_")[0] for name in instance.constraint_names]
        columns = np.array([str(name).split("_")[0] for name in instance.variable_names])
        equal = instance.constraint_lower_bound == instance.constraint_upper_bound
        assert equal.tolist() == [kind == "balance" for kind in kinds]
        assert instance.constraint_upper_bound.min() >= 0
        assert (instance.constraint_upper_bound[equal] > 0).all()
        assert np.array_equal(instance.integrality, columns == "setup")
        assert np.isinf(instance.variable_upper_bound).tolist() == (columns == "make").tolist()


def test_a_plant_is_the_number_and_nothing_else() -> None:
    one, same, other = make_plant(3, 4, 2, 7), make_plant(3, 4, 2, 7), make_plant(3, 4, 2, 8)
    for field in fields(one):
        assert np.array_equal(getattr(one, field.name), getattr(same, field.name))
    assert not np.array_equal(one.volume, other.volume)
    assert (make_plant(50, 6, 5, 1).processing_time > 0).any(axis=0).all()
    assert np.array_equal(one.processing_time > 0, one.setup_time > 0)


def test_a_good_share_is_infeasible_and_no_single_row_shows_it() -> None:
    instances = drawn(60, **SMALL)
    verdicts = [solve_highs(instance, time_limit=10.0).status.value for instance in instances]
    assert set(verdicts) == {"optimal", "infeasible"}
    assert 15 <= verdicts.count("infeasible") <= 36
    assert {interval_verdict(instance).value for instance in instances} == {"optimal"}


@pytest.mark.parametrize(
    "size", [{"plant": 0}, {"periods": 1.5}, {"tightness_low": 0}, {"tightness_low": 2}], ids=str
)
def test_sizes_that_make_no_sense_are_refused(size: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"tightness|whole number"):
        drawn(1, **size)
