"""The JSON of an answer, as `docs/api.md` documents it and `service.http.schemas` describes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphs.instance import Instance, Vector
from graphs.prediction import CLASSES
from service.answers import Answer, number
from solvers.linear.lane.exact_lane import LaneResult
from solvers.linear.lane.irreducible_subset import IrreducibleSubset
from solvers.linear.lane.start import StartReport


def answer_json(answer: Answer, *, solution: bool = False, vectors: bool = False) -> dict[str, Any]:
    """The documented object.

    Args:
        solution: fill in `solution`, {variable name: value} of the nonzeros.
        vectors: fill in the certificate's `point`, `dual` and `ray`.
    """
    said, proof = answer.prediction, answer.certificate
    point = answer.solution if solution else None
    shares = zip((str(name) for name in CLASSES), map(float, said.probabilities), strict=True)
    return {
        "instance": instance_json(answer.instance),
        "verdict": answer.verdict.value,
        "probabilities": dict(shares),
        "confidence": float(said.confidence),
        "out_of_distribution": number(said.out_of_distribution),
        "provenance": answer.provenance,
        "lane": answer.lane.value,
        "objective": answer.objective,
        "objective_provenance": answer.objective_provenance,
        "dual_bound": answer.dual_bound,
        "solution": None if point is None else nonzeros(point, answer.instance.variable_names),
        "solution_provenance": None if point is None else answer.value_provenance,
        "certificate": None if proof is None else proof.to_json(answer.instance, vectors=vectors),
        "solver": None if answer.solver is None else solver_json(answer.instance, answer.solver),
        "model": vars(answer.model),
        "seconds": answer.seconds.to_json(),
    }


def instance_json(instance: Instance) -> dict[str, Any]:
    """What an answer repeats of its instance."""
    return {
        "name": instance.name,
        "sha256": instance.sha256,
        "rows": instance.rows,
        "columns": instance.columns,
        "nonzeros": instance.nonzeros,
        "integers": instance.integers,
    }


def nonzeros(point: Vector, names: Sequence[str]) -> dict[str, float]:
    """{name: value} of the nonzero entries, in column order."""
    return {names[index]: float(point[index]) for index in np.flatnonzero(point).tolist()}


def solver_json(instance: Instance, result: LaneResult) -> dict[str, Any]:
    """What an exact solver said, and what our recheck made of it."""
    found, start, subset = result.solution, result.start, result.irreducible_subset
    return {
        "solver": result.solver,
        "status": result.status.value,
        "detail": result.detail,
        "accepted": result.accepted,
        "reason": result.reason or None,
        "failure": None
        if result.failure is None
        else f"{result.failure.kind.value}: {result.failure.detail}",
        "earlier": list(result.earlier),
        "objective": None if found is None else _own_sense(instance, found.objective),
        "dual_bound": None if found is None else _own_sense(instance, found.dual_bound),
        "seconds": result.seconds,
        "start": None if start is None else _start_json(start),
        "irreducible_subset": None if subset is None else _subset_json(subset),
    }


def _start_json(start: StartReport) -> dict[str, Any]:
    return {"origin": start.origin, "use": start.use.value, "used": start.used, "detail": start.detail}


def _subset_json(subset: IrreducibleSubset) -> dict[str, Any]:
    return {
        "rows": [str(side) for side in subset.rows],
        "bounds": [str(side) for side in subset.column_bounds],
        "irreducible": subset.is_irreducible,
        "integral": subset.integral,
        "proved": subset.certificate is not None,
        "statement": subset.statement,
    }


def _own_sense(instance: Instance, value: float | None) -> float | None:
    return None if value is None else number(instance.in_own_sense(value))
