"""Corruption trials: predictions spoiled on purpose must not earn a false certificate.

Small instances of the bundled families, LP and MILP. The truth of each: a solver's vectors made an *exact*
certificate (rational arithmetic on the instance's decimals), which gives the verdict, and of an optimum an
exact feasible point and an exact dual bound with their gap; where there is no exact certificate, two solvers
that agree. Then the true vectors and the network's, spoiled in a dozen ways, go the whole way of policy
`certify`: clear cases together, one by one, projected, and (of a share) polished. A certificate is false
where

    its verdict is not the true one,
    its dual bound is above the true optimum, or its point's objective below it, by more than the tolerances
    allow, or
    `farkas verify` (an independent path, exact arithmetic) refuses it.

Beside: the share of true certificates, nothing spoiled, that are accepted.

    .venv/bin/python -m benchmarks.corruption [--answers 10000] [--polished 0.3] [--seed S]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.harness import write_result
from graphs.bipartite import build_graphs
from graphs.instance import Instance
from graphs.points import Candidate, Matrix
from graphs.prediction import CLASSES, Prediction, Verdict
from graphs.predictor import Predictor
from runtime.progress import progress_bar
from service.answer_json import answer_json
from service.answers import Answer, Model, Seconds
from service.failures import Failure
from service.proving import prove_all
from solvers.linear.certificate import DEFAULT_TOLERANCES, Certificate, certify
from solvers.linear.exact.adapters import solve_highs, solve_scip
from solvers.linear.exact.solution import ExactSolution
from solvers.linear.polish import PolishBudget, polished_certificates
from solvers.linear.rational.exact_certificate import exact_certificate
from solvers.linear.verify.verification import read_answers, verify
from training.families import FAMILIES, generate

SEED = 80_000
MODEL = Path(__file__).parent.parent / "service" / "models" / "bundled" / "2"
FAMILIES_TRIED: tuple[tuple[str, dict[str, float]], ...] = (
    ("random-lp", {}),
    ("random-lp-infinite", {}),
    ("planted-lp", {}),
    ("transportation", {"sources": 3, "sinks": 5}),
    ("multicommodity-flow", {}),
    ("random-milp", {}),
    ("planted-milp", {}),
    ("set-cover", {"rows": 10, "columns": 20, "density": 0.2}),
    ("combinatorial-auction", {"items": 8, "bids": 15}),
    ("multidimensional-knapsack", {"constraints": 2, "items": 10}),
)
Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of an instance.

    Attributes:
        verdict: the true one.
        optimum: an interval that holds the optimum, minimising; of a point for one that is not finite.
        exact: proved in rational arithmetic; else two solvers agree.
        candidate: the vectors that show it; certificate: what they earn in float64.
    """

    verdict: Verdict
    optimum: tuple[float, float]
    exact: bool
    candidate: Candidate
    certificate: Certificate | None


def truth_of(instance: Instance) -> Truth | None:
    """None where the solvers disagree, and nothing is known."""
    said = solve_highs(instance, time_limit=10.0)
    if said.status.value not in {name.value for name in CLASSES}:
        return None
    candidate = _candidate(said)
    if instance.is_mip:
        relaxed = solve_highs(instance.relaxation(), time_limit=10.0)
        candidate = replace(candidate, duals=_rows(relaxed.dual), farkas_rays=_rows(relaxed.farkas_ray))
    numeric = certify(instance, candidate)
    verdict = Verdict(said.status.value)
    proof = None if numeric is None else exact_certificate(instance, numeric)
    if proof is not None and proof.verdict is verdict:
        return Truth(verdict, _optimum(proof, said), True, candidate, numeric)
    second = solve_scip(instance, time_limit=10.0)
    if second.status is not said.status:
        return None
    return Truth(verdict, _optimum(None, said), False, candidate, numeric)


def _candidate(said: ExactSolution) -> Candidate:
    return Candidate(_rows(said.primal), _rows(said.dual), _rows(said.farkas_ray), _rows(said.unbounded_ray))


def _rows(vector: np.ndarray | None) -> Matrix:
    return np.zeros((0, 0)) if vector is None else vector[None, :]


def _optimum(proof: Certificate | None, said: ExactSolution) -> tuple[float, float]:
    """The exact pair's interval where its gap is within 1e-9, else the solver's value."""
    if proof is not None and proof.objective is not None and proof.dual_bound is not None:
        is_closed = proof.objective - proof.dual_bound <= 1e-9 * (1.0 + abs(proof.objective))
        if is_closed:
            return proof.dual_bound, proof.objective
    value = np.nan if said.objective is None else said.objective
    return value, value


# --- the ways to spoil -----------------------------------------------------------------------------------


def _noise(size: float) -> Callable[[Matrix, Rng], Matrix]:
    return lambda rows, rng: rows * (1.0 + size * rng.standard_normal(rows.shape))


def _shift(size: float) -> Callable[[Matrix, Rng], Matrix]:
    return lambda rows, rng: rows + size * rng.standard_normal(rows.shape)


def _scale(rows: Matrix, rng: Rng) -> Matrix:
    return rows * 10.0 ** rng.choice([-8.0, 8.0])


def _flip(rows: Matrix, rng: Rng) -> Matrix:
    return -rows


def _flip_some(rows: Matrix, rng: Rng) -> Matrix:
    return rows * rng.choice([-1.0, 1.0], rows.shape, p=[0.2, 0.8])


def _poison(rows: Matrix, rng: Rng) -> Matrix:
    value = rng.choice([np.nan, np.inf, -np.inf, 1e300, 5e-324])
    return np.where(rng.random(rows.shape) < 0.2, value, rows)


def _swap(rows: Matrix, rng: Rng) -> Matrix:
    return rng.permuted(rows, axis=1) if rows.size else rows


def _drop(rows: Matrix, rng: Rng) -> Matrix:
    return np.where(rng.random(rows.shape) < 0.3, 0.0, rows)


def _round(rows: Matrix, rng: Rng) -> Matrix:
    return np.rint(rows)


SPOILERS: dict[str, Callable[[Matrix, Rng], Matrix]] = {
    "noise 1e-9": _noise(1e-9),
    "noise 1e-6": _noise(1e-6),
    "noise 1e-3": _noise(1e-3),
    "noise 1": _noise(1.0),
    "shift 1e-7": _shift(1e-7),
    "shift 10": _shift(10.0),
    "scaled 1e±8": _scale,
    "sign": _flip,
    "some signs": _flip_some,
    "not finite": _poison,
    "swapped rows": _swap,
    "dropped": _drop,
    "rounded": _round,
}
ROLES = ("exchanged", "foreign")


def spoiled(candidate: Candidate, kind: str, rng: Rng, foreign: Candidate) -> Candidate:
    """The candidate after one spoiler, or with its vectors in each other's roles, or another instance's."""
    if kind == "exchanged":
        return Candidate(candidate.rays, candidate.farkas_rays, candidate.duals, candidate.points)
    if kind == "foreign":
        return _fitted(foreign, candidate)
    change = SPOILERS[kind]
    parts = (candidate.points, candidate.duals, candidate.farkas_rays, candidate.rays)
    return Candidate(*(change(part, rng) if part.size else part for part in parts))


def _fitted(foreign: Candidate, own: Candidate) -> Candidate:
    """Another instance's vectors, cut or padded to this one's shape."""
    pairs = zip(vars(foreign).values(), vars(own).values(), strict=True)
    return Candidate(*(np.resize(theirs, mine.shape) if theirs.size else mine for theirs, mine in pairs))


def joined(first: Candidate, second: Candidate) -> Candidate:
    pairs = zip(vars(first).values(), vars(second).values(), strict=True)
    return Candidate(
        *(
            np.concatenate([p for p in pair if p.size]) if any(p.size for p in pair) else pair[0]
            for pair in pairs
        )
    )


def prediction_of(said: Prediction, candidate: Candidate, rng: Rng) -> Prediction:
    """A prediction with these candidates; verdict and probabilities are drawn without regard to anything."""
    shares = rng.dirichlet(np.ones(3))
    verdict = CLASSES[int(np.argmax(shares))]
    point = candidate.points[0] if candidate.points.size else said.solution
    dual = candidate.duals[0] if candidate.duals.size else said.dual
    return replace(
        said,
        verdict=verdict,
        probabilities=(float(shares[0]), float(shares[1]), float(shares[2])),
        confidence=float(shares.max()),
        solution=point,
        dual=dual,
        candidate=candidate,
    )


# --- what is false ---------------------------------------------------------------------------------------


def falsehood(instance: Instance, truth: Truth, proof: Certificate) -> str | None:
    """What is false about a certificate; None where nothing is."""
    if proof.verdict is not None and proof.verdict is not truth.verdict:
        return f"verdict {proof.verdict.value}, truly {truth.verdict.value}"
    if truth.verdict is Verdict.OPTIMAL and np.isfinite(truth.optimum).all():
        low, high = truth.optimum
        room = 1e-6 * (1.0 + abs(high)) + _room(proof)
        if proof.dual_bound is not None and proof.dual_bound > high + 1e-9 * (1.0 + abs(high)):
            return f"dual bound {proof.dual_bound!r} above the optimum {high!r}"
        whole = proof.scope == "instance" and proof.residuals.get("integrality_residual") == 0.0
        if whole and proof.objective is not None and proof.objective < low - room:
            return f"objective {proof.objective!r} below the optimum {low!r}"
    return refusal(instance, proof)


def _room(proof: Certificate) -> float:
    """What a violation within tolerance may be worth: the stated cost, where it is stated."""
    return proof.residuals.get("violation_cost", 1e-3)


def refusal(instance: Instance, proof: Certificate) -> str | None:
    """What the independent verifier says against it."""
    nobody = Prediction(Verdict.ABSTAIN, (1 / 3,) * 3, 1 / 3, 0.0, 0.0, np.zeros(0), np.zeros(0), Candidate())
    answer = Answer(instance, Model("none", "0", "0" * 64), nobody, proof, Seconds())
    document = orjson.dumps(answer_json(answer, vectors=True))
    found = verify(instance, read_answers(document))
    return None if found.verified else found.statement


def trial(
    instances: Sequence[Instance],
    predictions: Sequence[Prediction],
    truths: Sequence[Truth],
    polished_share: float,
    rng: Rng,
) -> tuple[Counter[str], list[str]]:
    """One spoiled answer for each instance; counts and what was false."""
    kinds = rng.choice([*SPOILERS, *ROLES], len(instances))
    given = []
    for place, (said, truth) in enumerate(zip(predictions, truths, strict=True)):
        foreign = truths[(place + 1) % len(truths)].candidate
        base = joined(truth.candidate, said.candidate) if rng.random() < 0.7 else said.candidate
        given.append(prediction_of(said, spoiled(base, str(kinds[place]), rng, foreign), rng))
    counts, false = Counter[str](), []
    proofs = [
        None if isinstance(p, Failure) else p.certificate
        for p in prove_all(instances, given, DEFAULT_TOLERANCES)
    ]
    chosen = [k for k in range(len(instances)) if rng.random() < polished_share]
    if chosen:
        budget = PolishBudget(iterations=2000, operations=2e5)
        further = polished_certificates(
            [instances[k] for k in chosen], [given[k] for k in chosen], DEFAULT_TOLERANCES, budget
        )
        for k, found in zip(chosen, further, strict=True):
            counts["polished"] += 1
            if found is not None and (wrong := falsehood(instances[k], truths[k], found)):
                false.append(f"{instances[k].name} ({kinds[k]}, polished): {wrong}")
    for place, proof in enumerate(proofs):
        counts["answers"] += 1
        if proof is None:
            continue
        counts["certificates"] += 1
        counts["verdicts"] += proof.verdict is not None
        if wrong := falsehood(instances[place], truths[place], proof):
            false.append(f"{instances[place].name} ({kinds[place]}): {wrong}")
    return counts, false


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--answers", type=int, default=10_000)
    parser.add_argument("--instances", type=int, default=100, help="of each family")
    parser.add_argument("--polished", type=float, default=0.3, help="share of answers that is polished too")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    seed = arguments.seed
    predictor, rng = Predictor.load(MODEL), np.random.default_rng(seed)
    figures, everything = {}, Counter[str]()
    each = -(-arguments.answers // len(FAMILIES_TRIED))
    table = Table("family", "truths", "exact", "accepted", "answers", "certified", "false", box=None)
    false: list[str] = []
    with progress_bar("spoiling", arguments.answers, unit="answers") as bar:
        for family, size in FAMILIES_TRIED:
            drawn = list(generate(FAMILIES[family], arguments.instances, seed=seed, size=size))
            known = [(i, t) for i in drawn if (t := truth_of(i)) is not None]
            instances, truths = [i for i, _ in known], [t for _, t in known]
            predictions = predictor.predict(build_graphs(instances))
            accepted = sum(t.certificate is not None and t.certificate.verdict is t.verdict for t in truths)
            provable = sum(not i.is_mip or t.exact for i, t in known)
            counts, wrong = Counter[str](), []
            while counts["answers"] < each:
                more, found = trial(instances, predictions, truths, arguments.polished, rng)
                counts += more
                wrong += found
                bar.advance(more["answers"])
            counts.update(
                truths=len(truths), exact=sum(t.exact for t in truths), accepted=accepted, provable=provable
            )
            figures[family] = dict(counts) | {"false": wrong}
            everything += counts
            false += wrong
            cells = [
                counts["truths"],
                counts["exact"],
                accepted,
                counts["answers"],
                counts["verdicts"],
                len(wrong),
            ]
            table.add_row(family, *map(str, cells))
    Console().print(table)
    for line in false[:20]:
        Console().print(line, markup=False)
    summary = {**everything, "false": len(false)}
    write_result(
        "corruption" if seed == SEED else f"corruption_{seed}",
        seed=seed,
        figures={"summary": summary, "families": figures},
    )
    raise SystemExit(1 if false else 0)


if __name__ == "__main__":
    main()
