"""One instance to one label: what solvers say, what our certificate confirms, what a second solver adds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.exact import ExactSolution, SolveStatus, solve_highs, solve_scip
from training.labelling import Labeller, Reason, Rejection, contradicts, label_source, recheck
from training.shards import Label
from training.sources import Source

INF = np.inf


def make(
    c: ArrayLike,
    A: ArrayLike,
    L: ArrayLike,
    U: ArrayLike,
    upper: float = INF,
    integers: bool = False,
    maximize: bool = False,
) -> Instance:
    c = np.asarray(c, dtype=float)
    return Instance(
        name="case",
        objective_vector=c,
        constraint_matrix=csr_array(np.asarray(A, dtype=float)),
        constraint_lower_bound=np.asarray(L, dtype=float),
        constraint_upper_bound=np.asarray(U, dtype=float),
        variable_lower_bound=np.zeros(len(c)),
        variable_upper_bound=np.full(len(c), upper),
        integrality=np.full(len(c), integers),
        maximize=maximize,
    )


OPTIMAL = make([1, 2], [[1, 1], [1, -1]], [2, -1], [INF, 1])  # x = (1.5, 0.5): 2.5
INFEASIBLE = make([1, 1], [[1, 1], [1, 1]], [5, -INF], [INF, 1])
UNBOUNDED = make([-1, -1], [[1, -1], [1, 1]], [-1, 4], [1, INF])
KNAPSACK = make([-5, -4], [[2, 3], [4, 1]], [-INF, -INF], [7, 11], integers=True)  # x = (2, 1): −14
PARITY = make([1, 1], [[2, 2]], [1], [1], upper=5.0, integers=True)
MILP_INFEASIBLE = replace(INFEASIBLE, integrality=np.ones(2, dtype=bool))
MILP_UNBOUNDED = replace(UNBOUNDED, integrality=np.ones(2, dtype=bool))

EVERYTHING = Labeller(time_limit=10, cross_check_share=1.0)
NOTHING = Labeller(time_limit=10, cross_check_share=0.0)


def labelled(instance: Instance, labeller: Labeller = EVERYTHING) -> Label:
    label = labeller.label(instance)
    assert isinstance(label, Label), label
    return label


def rejected(instance: Instance, labeller: Labeller) -> Rejection:
    rejection = labeller.label(instance)
    assert isinstance(rejection, Rejection)
    return rejection


def test_an_optimal_lp() -> None:
    label = labelled(OPTIMAL)
    assert label.status is SolveStatus.OPTIMAL
    assert label.objective == pytest.approx(2.5)
    assert label.primal == pytest.approx([1.5, 0.5])
    assert label.dual == pytest.approx([1.5, -0.5])  # A^T y = c: y1 + y2 = 1, y1 − y2 = 2
    assert label.dual_bound == pytest.approx(2.5)
    assert label.certified
    assert label.cross_checked
    assert label.solver.startswith("HiGHS")


def test_an_lp_without_a_second_opinion() -> None:
    label = labelled(OPTIMAL, NOTHING)
    assert label.certified
    assert not label.cross_checked


def test_an_infeasible_lp() -> None:
    label = labelled(INFEASIBLE)
    assert label.status is SolveStatus.INFEASIBLE
    assert label.farkas_ray is not None
    assert label.farkas_ray[0] > 0 > label.farkas_ray[1]
    assert label.certified
    assert label.objective is None
    assert label.primal is None


def test_an_unbounded_lp() -> None:
    label = labelled(UNBOUNDED)
    assert label.status is SolveStatus.UNBOUNDED
    assert label.unbounded_ray is not None
    assert label.unbounded_ray[0] == pytest.approx(label.unbounded_ray[1])
    assert label.primal is not None
    assert label.primal.sum() >= 4 - 1e-6
    assert label.certified
    assert label.objective is None


def test_an_optimal_milp_is_feasible_by_certificate_and_optimal_by_the_solver() -> None:
    label = labelled(KNAPSACK)
    assert label.status is SolveStatus.OPTIMAL
    assert label.objective == pytest.approx(-14.0)
    assert label.primal == pytest.approx([2, 1])
    assert label.dual_bound == pytest.approx(-14.0, abs=1e-4)
    assert label.dual is None
    assert label.cross_checked
    assert not label.certified
    assert label.solver.startswith("SCIP")


def test_an_infeasible_milp_without_a_ray_is_the_solvers_word() -> None:
    label = labelled(PARITY)
    assert label.status is SolveStatus.INFEASIBLE
    assert label.farkas_ray is None
    assert not label.certified
    assert label.cross_checked


def test_rays_of_a_milp_are_its_relaxations() -> None:
    infeasible, unbounded = labelled(MILP_INFEASIBLE), labelled(MILP_UNBOUNDED)
    assert infeasible.certified
    assert infeasible.farkas_ray is not None
    assert unbounded.status is SolveStatus.UNBOUNDED
    assert unbounded.certified
    assert unbounded.unbounded_ray is not None


def test_a_maximisation_is_labelled_in_the_minimising_sense() -> None:
    instance = make([-1, -2], [[1, 1]], [-INF], [3], maximize=True)
    assert labelled(instance).objective == pytest.approx(-6.0)


@pytest.mark.parametrize("integers", [False, True])
def test_instances_without_rows_or_columns(integers: bool) -> None:
    box = make([1, -1], np.zeros((0, 2)), [], [], upper=3.0, integers=integers)
    assert labelled(box).objective == pytest.approx(-3.0)
    assert labelled(make([], np.zeros((1, 0)), [-1], [1])).objective == 0.0
    assert labelled(make([], np.zeros((1, 0)), [1], [2])).status is SolveStatus.INFEASIBLE


# Solvers that lie: each answers for another instance than the one it was given.


def lies(objective: float) -> Labeller:
    def scip(instance: Instance, *, time_limit: float, feasibility_tolerance: float) -> ExactSolution:
        truth = solve_scip(instance, time_limit=time_limit)
        return replace(truth, objective=objective, dual_bound=objective)

    return replace(EVERYTHING, scip=scip)


def answers(solution: ExactSolution) -> Labeller:
    def highs(instance: Instance, *, time_limit: float, feasibility_tolerance: float) -> ExactSolution:
        return solution

    return replace(NOTHING, highs=highs)


def test_a_second_solver_that_disagrees_on_the_objective() -> None:
    rejection = rejected(OPTIMAL, lies(objective=2.4))
    assert rejection.reason is Reason.DISAGREEMENT
    assert "2.4" in rejection.detail
    assert "SCIP" in rejection.detail
    assert "HiGHS" in rejection.detail


def test_a_second_solver_that_disagrees_on_the_verdict() -> None:
    def says_infeasible(
        instance: Instance, *, time_limit: float, feasibility_tolerance: float
    ) -> ExactSolution:
        return solve_scip(INFEASIBLE, time_limit=time_limit)

    rejection = rejected(OPTIMAL, replace(EVERYTHING, scip=says_infeasible))
    assert rejection.reason is Reason.DISAGREEMENT
    assert "optimal against infeasible" in rejection.detail


def test_a_first_solver_whose_optimum_is_none() -> None:
    """Feasible but not optimal, infeasible but called optimal, a ray of the wrong sign: none is confirmed."""
    truth = solve_highs(OPTIMAL, time_limit=5)
    worse = replace(truth, primal=np.array([2.0, 1.0]), objective=4.0)
    outside = replace(truth, primal=np.array([0.5, 0.5]), objective=1.5)
    ray = solve_highs(INFEASIBLE, time_limit=5)
    assert ray.farkas_ray is not None
    for instance, wrong in (
        (OPTIMAL, worse),
        (OPTIMAL, outside),
        (INFEASIBLE, replace(ray, farkas_ray=-ray.farkas_ray)),
        (OPTIMAL, ray),
        (UNBOUNDED, truth),
    ):
        assert rejected(instance, answers(wrong)).reason is Reason.NOT_CERTIFIED


def test_a_milp_point_that_is_not_what_the_solver_claims() -> None:
    truth = solve_scip(KNAPSACK, time_limit=5)
    for wrong in (
        replace(truth, objective=-15.0),
        replace(truth, primal=np.array([2.0, 2.0]), objective=-18.0),
        replace(truth, primal=np.array([1.5, 1.0]), objective=-11.5),
        replace(truth, primal=None, objective=None),
    ):
        found = recheck(KNAPSACK, wrong)
        assert isinstance(found, Rejection)
        assert found.reason is Reason.NOT_CERTIFIED


def test_a_solver_that_stops_early() -> None:
    stopped = ExactSolution(SolveStatus.UNKNOWN, "HiGHS", 1.0, detail="kTimeLimit")
    rejection = rejected(OPTIMAL, answers(stopped))
    assert rejection.reason is Reason.NOT_SOLVED
    assert "kTimeLimit" in rejection.detail


def test_an_inexact_answer_is_asked_for_again_more_tightly() -> None:
    tolerances: list[float] = []

    def sloppy(instance: Instance, *, time_limit: float, feasibility_tolerance: float) -> ExactSolution:
        tolerances.append(feasibility_tolerance)
        truth = solve_highs(instance, time_limit=time_limit)
        assert truth.primal is not None
        return truth if len(tolerances) > 1 else replace(truth, primal=truth.primal - 1e-3)

    label = labelled(OPTIMAL, replace(NOTHING, highs=sloppy))
    assert label.objective == pytest.approx(2.5, abs=1e-8)
    assert len(tolerances) == 2
    assert tolerances[1] < tolerances[0]


OPTIMUM = Label(SolveStatus.OPTIMAL, objective=10.0)
NO_POINT = Label(SolveStatus.INFEASIBLE)


@pytest.mark.parametrize(
    ("label", "second", "expected"),
    [
        (OPTIMUM, ExactSolution(SolveStatus.OPTIMAL, "s", 0, objective=10.00001), ""),
        (OPTIMUM, ExactSolution(SolveStatus.OPTIMAL, "s", 0, objective=10.01), "objectives"),
        (OPTIMUM, ExactSolution(SolveStatus.UNBOUNDED, "s", 0), "against unbounded"),
        (OPTIMUM, ExactSolution(SolveStatus.UNKNOWN, "s", 0), ""),
        (OPTIMUM, ExactSolution(SolveStatus.UNKNOWN, "s", 0, dual_bound=9.0), ""),
        (OPTIMUM, ExactSolution(SolveStatus.UNKNOWN, "s", 0, dual_bound=10.5), "bound"),
        (OPTIMUM, ExactSolution(SolveStatus.FEASIBLE, "s", 0, objective=12.0, dual_bound=9.0), ""),
        (OPTIMUM, ExactSolution(SolveStatus.FEASIBLE, "s", 0, objective=9.5), "incumbent"),
        (
            Label(SolveStatus.INFEASIBLE),
            ExactSolution(SolveStatus.FEASIBLE, "s", 0, objective=1.0),
            "feasible",
        ),
        (Label(SolveStatus.INFEASIBLE), ExactSolution(SolveStatus.INFEASIBLE_OR_UNBOUNDED, "s", 0), ""),
        (Label(SolveStatus.UNBOUNDED), ExactSolution(SolveStatus.UNBOUNDED, "s", 0), ""),
    ],
)
def test_contradictions(label: Label, second: ExactSolution, expected: str) -> None:
    found = contradicts(label, second)
    assert bool(found) == bool(expected)
    assert expected in found


def test_the_sample_is_a_share_chosen_by_content_and_seed() -> None:
    instances = [make([float(k), 1.0], [[1, 1]], [1], [INF]) for k in range(400)]
    quarter = replace(NOTHING, cross_check_share=0.25)
    first, again, other = (
        [labeller.is_in_sample(instance) for instance in instances]
        for labeller in (quarter, quarter, replace(quarter, seed=1))
    )
    assert first == again
    assert first != other
    assert 60 <= sum(first) <= 140


def test_an_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "bad.mps").write_text("NAME bad\nROWS\n N obj\nCOLUMNS\n x nowhere 1\nENDATA\n")
    rejection = label_source(NOTHING, tmp_path, Source("bad.mps", "family", 0, 0))
    assert isinstance(rejection, Rejection)
    assert rejection.reason is Reason.UNREADABLE
    assert "bad.mps" in rejection.detail
    assert rejection.sha256 is None
