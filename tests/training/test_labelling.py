"""One instance to one label: what solvers say, what our certificate confirms, what a second solver adds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.writers import write_instance
from solvers.linear.exact.adapters import ExactSolution, SolveStatus, solve_highs, solve_scip
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
    empty = labelled(make([], np.zeros((1, 0)), [-1], [1]))
    assert empty.objective == 0.0
    assert not empty.cross_checked  # both solvers hand it to the same few lines of our own
    assert labelled(make([], np.zeros((1, 0)), [1], [2])).status is SolveStatus.INFEASIBLE


# Solvers that lie: each answers for another instance than the one it was given.


def lies(objective: float) -> Labeller:
    def scip(
        instance: Instance, *, time_limit: float, mip_gap: float, feasibility_tolerance: float
    ) -> ExactSolution:
        truth = solve_scip(instance, time_limit=time_limit)
        return replace(truth, objective=objective, dual_bound=objective)

    return replace(EVERYTHING, scip=scip)


def answers(solution: ExactSolution) -> Labeller:
    def highs(
        instance: Instance, *, time_limit: float, mip_gap: float, feasibility_tolerance: float
    ) -> ExactSolution:
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
        instance: Instance, *, time_limit: float, mip_gap: float, feasibility_tolerance: float
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

    def sloppy(
        instance: Instance, *, time_limit: float, mip_gap: float, feasibility_tolerance: float
    ) -> ExactSolution:
        tolerances.append(feasibility_tolerance)
        truth = solve_highs(instance, time_limit=time_limit)
        assert truth.primal is not None
        return truth if len(tolerances) > 1 else replace(truth, primal=truth.primal - 1e-3)

    label = labelled(OPTIMAL, replace(NOTHING, highs=sloppy))
    assert label.objective == pytest.approx(2.5, abs=1e-8)
    assert len(tolerances) == 2
    assert tolerances[1] < tolerances[0]


# MILPs: the solver's pool, and limits.


def test_the_pool_of_a_milp_is_rechecked() -> None:
    """Of what a solver proposes, one point breaks a row, one is not whole, one comes twice, one is good."""
    truth = solve_scip(KNAPSACK, time_limit=5)
    proposed = np.array([[2, 1], [2, 2], [0.5, 0.0], [1, 1 - 1e-8], [1, 1], [0, 9]])
    found = recheck(KNAPSACK, replace(truth, pool=proposed))
    assert isinstance(found, Label)
    assert found.pool is not None
    assert np.array_equal(found.pool, [[2, 1], [1, 1], [0, 0]])  # 0.5 becomes 0
    assert found.pool_objectives == pytest.approx([-14, -9, 0])


def test_pools_and_gaps_of_labels() -> None:
    label = labelled(KNAPSACK)
    assert label.pool is not None
    assert label.pool_objectives is not None
    assert np.array_equal(label.pool[0], label.primal)
    assert label.pool_objectives[0] == label.objective
    assert label.gap == pytest.approx(0.0, abs=1e-6)
    assert label.is_exact
    assert label.time_limit == 10
    lp = labelled(OPTIMAL)
    assert (lp.pool, lp.pool_objectives) == (None, None)
    assert lp.gap < 1e-6
    assert labelled(PARITY).gap == 0.0


def stops(objective: float, bound: float | None, point: ArrayLike = (1, 1)) -> Labeller:
    """SCIP hits its limit with this point in hand."""

    def scip(instance: Instance, **_: float) -> ExactSolution:
        primal = np.asarray(point, dtype=float)
        return ExactSolution(
            SolveStatus.FEASIBLE, "SCIP", 1.0, objective, primal, dual_bound=bound, detail="timelimit"
        )

    return replace(NOTHING, scip=scip)


def test_a_milp_stopped_within_the_accepted_gap() -> None:
    label = labelled(KNAPSACK, stops(-14.0, -14.5, point=(2, 1)))
    assert label.status is SolveStatus.OPTIMAL
    assert label.objective == pytest.approx(-14.0)
    assert label.dual_bound == pytest.approx(-14.5)
    assert label.gap == pytest.approx(0.5 / 14.0)
    assert not label.is_exact
    assert not label.certified
    assert label.time_limit == 10


def test_a_milp_stopped_beyond_the_accepted_gap() -> None:
    rejection = rejected(KNAPSACK, stops(-9.0, -14.5))
    assert rejection.reason is Reason.NOT_SOLVED
    assert "timelimit" in rejection.detail
    assert "0.611" in rejection.detail
    assert labelled(KNAPSACK, replace(stops(-9.0, -14.5), accepted_gap=0.7)).gap == pytest.approx(5.5 / 9)


def test_a_milp_stopped_without_a_bound() -> None:
    assert rejected(KNAPSACK, stops(-14.0, None, point=(2, 1))).reason is Reason.NOT_SOLVED


def test_a_milp_stopped_at_a_point_that_is_none() -> None:
    """The incumbent breaks a row; the trivial points are far from what was claimed."""
    rejection = rejected(KNAPSACK, stops(-18.0, -18.5, point=(2, 2)))
    assert rejection.reason is Reason.NOT_CERTIFIED


def test_an_incumbent_that_our_own_candidates_beat() -> None:
    """SCIP stopped at x = 1 of min x: the certificate's own x = 0 is within the bound, and taken."""
    instance = make([1, 0.5], [[1, 1]], [-INF], [3], upper=5.0, integers=True)
    label = labelled(instance, stops(1.5, -0.01))
    assert label.objective == 0.0
    assert label.certified  # here the relaxation closes the gap


def test_a_stopped_lp_has_no_label() -> None:
    def highs(instance: Instance, **_: float) -> ExactSolution:
        return ExactSolution(SolveStatus.FEASIBLE, "HiGHS", 1.0, 2.5, np.array([1.5, 0.5]), dual_bound=2.5)

    assert rejected(OPTIMAL, replace(NOTHING, highs=highs)).reason is Reason.NOT_SOLVED


def test_a_certified_label_is_exact_whatever_its_gap() -> None:
    """An offset that cancels the objective makes a gap of rounding errors look large."""
    assert Label(SolveStatus.OPTIMAL, 0.0, gap=1e-3, certified=True).is_exact
    assert not Label(SolveStatus.OPTIMAL, 0.0, gap=1e-3).is_exact


def test_both_solvers_are_given_the_gap() -> None:
    gaps = []

    def scip(instance: Instance, **settings: float) -> ExactSolution:
        gaps.append(settings["mip_gap"])
        return solve_scip(instance, time_limit=5)

    def highs(instance: Instance, **settings: float) -> ExactSolution:
        gaps.append(settings["mip_gap"])
        return solve_highs(instance, time_limit=5)

    labelled(KNAPSACK, replace(EVERYTHING, mip_gap=0.02, scip=scip, highs=highs))
    assert gaps == [0.02, 0.02, 0.02]  # the relaxation, the MILP, the check


@pytest.mark.parametrize("word", [SolveStatus.OPTIMAL, SolveStatus.INFEASIBLE])
def test_scip_is_not_asked_whether_a_milp_is_unbounded(word: SolveStatus) -> None:
    """It is wrong about some: of an unbounded relaxation it is asked for a point, without costs."""

    def scip(instance: Instance, **settings: float) -> ExactSolution:
        if not instance.objective_vector.any():
            return solve_scip(instance, **settings)
        point = np.array([2.0, 3.0]) if word is SolveStatus.OPTIMAL else None
        return ExactSolution(word, "SCIP", 0.1, None if point is None else -5.0, point, dual_bound=-5.0)

    label = labelled(MILP_UNBOUNDED, replace(NOTHING, scip=scip))
    assert label.status is SolveStatus.UNBOUNDED
    assert label.certified
    assert label.pool is None


def test_an_unbounded_relaxation_without_integral_points_is_infeasible() -> None:
    """2x + 2y = 1 + 2z over the integers, where the relaxation falls without end."""
    parity = make([-1, 0, 0], [[2, 2, -2]], [1], [1], integers=True)
    label = labelled(parity, NOTHING)
    assert (label.status, label.certified) == (SolveStatus.INFEASIBLE, False)
    relaxed = solve_highs(parity.relaxation(), time_limit=5)
    assert relaxed.status is SolveStatus.UNBOUNDED


def test_an_infeasible_relaxation_settles_a_milp_whose_costs_could_escape() -> None:
    def scip(instance: Instance, **_: float) -> ExactSolution:
        raise AssertionError("nothing is left to ask")

    falling = replace(MILP_INFEASIBLE, objective_vector=np.array([-1.0, -1.0]))
    label = labelled(falling, replace(NOTHING, scip=scip))
    assert (label.status, label.certified) == (SolveStatus.INFEASIBLE, True)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (ExactSolution(SolveStatus.OPTIMAL, "s", 0, objective=9.7, dual_bound=9.7), ""),
        (ExactSolution(SolveStatus.FEASIBLE, "s", 0, objective=9.7, dual_bound=9.0), ""),
        (ExactSolution(SolveStatus.OPTIMAL, "s", 0, objective=9.5, dual_bound=9.5), "objectives"),
        (ExactSolution(SolveStatus.FEASIBLE, "s", 0, objective=9.5), "incumbent"),
        (ExactSolution(SolveStatus.OPTIMAL, "s", 0, objective=10.05, dual_bound=9.96), ""),
        (ExactSolution(SolveStatus.OPTIMAL, "s", 0, objective=10.2, dual_bound=9.9), "objectives"),
        (ExactSolution(SolveStatus.OPTIMAL, "s", 0, objective=10.05, dual_bound=10.01), "bound"),
        (ExactSolution(SolveStatus.INFEASIBLE, "s", 0), "against infeasible"),
    ],
)
def test_contradictions_of_labels_within_a_gap(second: ExactSolution, expected: str) -> None:
    """The label says 9.6 ≤ optimum ≤ 10; the second solver calls what is within 1 % optimal."""
    found = contradicts(Label(SolveStatus.OPTIMAL, objective=10.0, gap=0.04), second, mip_gap=0.01)
    assert bool(found) == bool(expected)
    assert expected in found


def test_a_cross_check_within_the_gap_is_no_disagreement() -> None:
    """HiGHS finds −13.6 where SCIP stopped at −13.24: agreement if its bound was −13.7, not if −13.25."""
    instance = replace(KNAPSACK, objective_vector=np.array([-5.0, -3.6]), integrality=np.array([True, False]))
    exact = solve_highs(instance, time_limit=5)
    assert exact.objective == pytest.approx(-13.6)
    point = (2, 0.9)  # −13.24
    wide, tight = stops(-13.24, -13.7, point), stops(-13.24, -13.25, point)
    assert labelled(instance, replace(wide, cross_check_share=1.0)).cross_checked
    assert rejected(instance, replace(tight, cross_check_share=1.0)).reason is Reason.DISAGREEMENT


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


def test_a_source_s_parent_is_in_its_row(tmp_path: Path) -> None:
    write_instance(OPTIMAL, tmp_path / "a.mps")
    for parent in ("", "ab" * 32):
        row = label_source(NOTHING, tmp_path, Source("a.mps", "family", 0, 0, parent))
        assert not isinstance(row, Rejection)
        assert row["parent"] == parent


def test_an_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "bad.mps").write_text("NAME bad\nROWS\n N obj\nCOLUMNS\n x nowhere 1\nENDATA\n")
    rejection = label_source(NOTHING, tmp_path, Source("bad.mps", "family", 0, 0))
    assert isinstance(rejection, Rejection)
    assert rejection.reason is Reason.UNREADABLE
    assert "bad.mps" in rejection.detail
    assert rejection.sha256 is None
