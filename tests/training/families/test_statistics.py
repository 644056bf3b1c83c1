"""Statistics of a sample, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.prediction import Verdict
from training.families.statistics import family_statistics


def instance(rows: int, columns: int, integers: int) -> Instance:
    """A full matrix of ones."""
    return Instance(
        name="ones",
        objective_vector=np.zeros(columns),
        constraint_matrix=csr_array(np.ones((rows, columns))),
        constraint_lower_bound=np.zeros(rows),
        constraint_upper_bound=np.ones(rows),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=np.ones(columns),
        integrality=np.arange(columns) < integers,
    )


def test_means_and_shares() -> None:
    sample = [instance(2, 4, 1), instance(4, 10, 5), instance(2, 4, 0), instance(4, 10, 10)]
    verdicts = [Verdict.OPTIMAL, Verdict.INFEASIBLE, Verdict.OPTIMAL, None]
    found = family_statistics(sample, verdicts)
    assert (found.rows, found.columns, found.nonzeros) == (3, 7, 24)
    assert found.integer_share == pytest.approx((0.25 + 0.5 + 0 + 1) / 4)
    assert found.verdict_shares == (0.5, 0.25, 0.0)
    assert found.cells() == ("3", "7", "24", "44 %", "50 %", "25 %", "0 %")


def test_a_verdict_an_instance() -> None:
    with pytest.raises(ValueError, match="0 for 1"):
        family_statistics([instance(1, 1, 0)], [])
    with pytest.raises(ValueError, match="0 for 0"):
        family_statistics([], [])
