"""How often a solver's optimum or ray becomes an exact certificate, how long that takes, and verifying it.

Real instances (FARKAS_INSTANCES, else ../shared/instances) and fresh ones of every family, solved by HiGHS
(MILPs for two seconds, with the relaxation's dual) in a child. Beside the repair stands the rule that only
rounds to simple rationals.

    .venv/bin/python -m benchmarks.exact_certificates [--number 20]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.harness import write_result
from graphs.errors import InstanceError
from graphs.instance import Instance
from graphs.points import Candidate
from graphs.readers import read_file
from runtime.isolation import Pool
from solvers.linear.certificate import Certificate, certify
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.rational.exact_certificate import exact_certificate
from solvers.linear.rational.repair import ExactLimits
from solvers.linear.verify.verification import read_answers, verify
from training.families import FAMILIES, generate

SEED = 41_000
FOLDER = Path(os.environ.get("FARKAS_INSTANCES", Path(__file__).parents[2] / "shared" / "instances"))
ROUNDING_ONLY = ExactLimits(entries=0, rounds=0)
Made = TypeVar("Made")


def candidate_of(instance: Instance) -> Candidate:
    """HiGHS's vectors; the dual and the Farkas ray are the relaxation's."""
    solution = solve_highs(instance, time_limit=2.0 if instance.is_mip else 20.0)
    relaxed = solve_highs(instance.relaxation(), time_limit=20.0) if instance.is_mip else solution
    return Candidate(
        points=_row(relaxed.primal if solution.primal is None else solution.primal),
        duals=_row(relaxed.dual),
        farkas_rays=_row(relaxed.farkas_ray),
        rays=_row(solution.unbounded_ray),
    )


def _row(vector: np.ndarray | None) -> np.ndarray:
    return np.zeros((0, 0)) if vector is None else vector[None, :]


def real() -> Iterator[tuple[str, Instance]]:
    for group in ("netlib", "infeasible", "mip", "batch", "format"):
        for path in sorted((FOLDER / group).glob("*.mps")):
            try:
                yield group, read_file(path)
            except InstanceError:
                continue


def made(number: int) -> Iterator[tuple[str, Instance]]:
    for name, family in FAMILIES.items():
        for instance in generate(family, number, seed=SEED):
            yield f"family {name}", instance


def measured(instance: Instance, candidate: Candidate) -> dict[str, Any] | None:
    """What came of one instance; None where it has no numeric certificate to begin with."""
    numeric, certify_seconds = _timed(lambda: certify(instance, candidate))
    if numeric is None:
        return None
    exact, exact_seconds = _timed(lambda: exact_certificate(instance, numeric))
    rounded = exact_certificate(instance, numeric, limits=ROUNDING_ONLY)
    return {
        "name": instance.name,
        "rows": instance.rows,
        "columns": instance.columns,
        "kind": numeric.kind.value,
        "exact": exact is not None,
        "rounding_only": rounded is not None,
        "gap": None if exact is None else exact.gap,
        "bits": 0 if exact is None else _bits(exact),
        "certify_seconds": certify_seconds,
        "exact_seconds": exact_seconds,
        "verify_numeric_seconds": _verified(instance, numeric),
        "verify_exact_seconds": None if exact is None else _verified(instance, exact),
    }


def _verified(instance: Instance, certificate: Certificate) -> float:
    proof = certificate.to_json(instance, vectors=True)
    answer = {
        "instance": {"sha256": instance.sha256},
        "verdict": proof["verdict"] or "abstain",
        "provenance": "certified" if proof["verdict"] else "predicted",
        **dict.fromkeys(("objective", "objective_provenance", "solution", "solution_provenance")),
        "certificate": proof,
    }
    text = json.dumps(answer).encode()
    result, seconds = _timed(lambda: verify(instance, read_answers(text)))
    if not result.verified:
        raise RuntimeError(f"{instance.name}: {result.statement}")
    return seconds


def _timed(work: Callable[[], Made]) -> tuple[Made, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def _bits(certificate: Certificate) -> int:
    """Of the longest denominator."""
    exact = certificate.rational
    vectors = () if exact is None else (exact.point, exact.dual, exact.ray)
    return max((value.denominator.bit_length() for vector in vectors for value in vector or ()), default=0)


def summary(items: list[dict[str, Any]]) -> dict[str, Any]:
    exact = [item for item in items if item["exact"]]
    optimal = [item for item in exact if item["kind"] == "optimal"]
    return {
        "instances": len(items),
        "largest": max((f"{item['rows']}×{item['columns']}" for item in items), key=_area),
        "exact": len(exact),
        "rounding_only": sum(item["rounding_only"] for item in items),
        "gap_zero_of_optimal": [sum(item["gap"] == 0.0 for item in optimal), len(optimal)],
        "most_bits": max((item["bits"] for item in exact), default=0),
        **{
            f"median_{name}": statistics.median(values)
            for name in ("certify_seconds", "exact_seconds", "verify_numeric_seconds", "verify_exact_seconds")
            if (values := [item[name] for item in items if item[name] is not None])
        },
        "most_exact_seconds": max(item["exact_seconds"] for item in items),
    }


def _area(size: str) -> int:
    rows, columns = size.split("×")
    return int(rows) * int(columns)


def main() -> None:
    from benchmarks.exact_certificates import candidate_of  # by a name that a child can import

    parser = argparse.ArgumentParser()
    parser.add_argument("--number", type=int, default=20, help="fresh instances of each family")
    number = parser.parse_args().number
    named = [*real(), *made(number)]
    groups: dict[str, list[dict[str, Any]]] = {}
    with Pool(workers=1) as pool:
        for result in pool.map(candidate_of, [instance for _, instance in named], limit=60.0):
            group, instance = named[result.index]
            found = measured(instance, result.value or Candidate())
            if found is not None:
                groups.setdefault(group, []).append(found)
    figures = {group: summary(items) for group, items in groups.items()}
    table = Table("instances", "of", "exact", "rounding only", "gap 0", "bits", "exact s", "verify s")
    for group, figure in figures.items():
        zero = "/".join(map(str, figure["gap_zero_of_optimal"]))
        seconds = (figure.get(f"median_{name}_seconds", 0.0) for name in ("exact", "verify_exact"))
        counts = (figure["instances"], figure["exact"], figure["rounding_only"], zero, figure["most_bits"])
        table.add_row(group, *map(str, counts), *(f"{value:.4f}" for value in seconds))
    Console().print(table)
    missing = [item["name"] for items in groups.values() for item in items if not item["exact"]]
    content = {"groups": figures, "not_exact": missing, "netlib": groups.get("netlib", [])}
    print(write_result("exact_certificates", seed=SEED, figures=content))


if __name__ == "__main__":
    main()
