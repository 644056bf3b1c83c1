"""The lines that `farkas solve` prints, in the manner of a solver's log; values in the file's own sense."""

from __future__ import annotations

from collections.abc import Iterator

from graphs.instance import Instance
from graphs.prediction import CLASSES, Verdict
from service.answers import Answer
from service.drafts import Draft
from service.output import seconds_text, worth
from solvers.linear.lane.incumbents import Incumbent
from solvers.linear.lane.start import StartUse

_NOTHING = "–"


def heading(instance: Instance) -> str:
    """What is solved."""
    sense = "maximise" if instance.maximize else "minimise"
    kind = f"MILP with {instance.integers:,} integer columns" if instance.is_mip else "LP"
    size = f"{instance.rows:,} rows, {instance.columns:,} columns, {instance.nonzeros:,} nonzeros"
    return f"{instance.name}: {sense}, {kind}, {size}"


def prediction_lines(draft: Draft) -> Iterator[str]:
    """What the network says, and the heading of the incumbents' table."""
    said, instance = draft.prediction, draft.instance
    shares = ", ".join(
        f"{name.value} {share:.1%}" for name, share in zip(CLASSES, said.probabilities, strict=True)
    )
    word = f"{said.verdict.value} ({shares})"
    if said.verdict is Verdict.OPTIMAL:
        word += f", objective near {instance.in_own_sense(said.objective):.6g}"
    if said.verdict is Verdict.ABSTAIN and said.out_of_distribution > 1.0:
        word = f"abstains: unlike its training instances (distance {said.out_of_distribution:.3g} of 1)"
    yield f"network: {word}"
    if instance.is_mip:
        yield f"{'':2}{'incumbent':>18}{'bound':>18}{'gap':>10}{'nodes':>10}{'time':>10}  solver"


def incumbent_line(instance: Instance, found: Incumbent) -> str:
    """A moment of the solve; `*` marks a better point."""
    mark = "*" if found.improved else ""
    gap = _NOTHING if found.gap is None else f"{found.gap:.2%}"
    objective, bound = (_shown(instance, value) for value in (found.objective, found.bound))
    time = seconds_text(found.seconds)
    return f"{mark:2}{objective:>18}{bound:>18}{gap:>10}{found.nodes:>10}{time:>10}  {found.solver}"


def result_lines(answer: Answer) -> Iterator[str]:
    """The outcome: verdict and provenance, values, the solver's own word, what is proved."""
    yield _line("verdict", f"{answer.verdict.value} ({answer.provenance})")
    if answer.objective is not None:
        yield _line("objective", f"{answer.objective:.12g} ({worth(answer)})")
    if answer.dual_bound is not None:
        gap = "" if answer.gap is None else f", gap {answer.gap:.2e}"
        yield _line("safe bound", f"{answer.dual_bound:.12g}{gap}; proved")
    yield from _solver_lines(answer)
    proof = answer.certificate
    yield _line(
        "certificate", "none" if proof is None else f"{proof.kind.value}, {proof.rigour}: {proof.statement}"
    )
    steps = ", ".join(
        f"{name} {seconds_text(spent)}" for name, spent in vars(answer.seconds).items() if spent
    )
    yield _line("time", f"{seconds_text(answer.seconds.total)} ({steps})")


def _solver_lines(answer: Answer) -> Iterator[str]:
    solver = answer.solver
    if solver is None:
        return
    status = solver.status.value + (f" ({solver.detail})" if solver.detail else "")
    yield _line("solver", f"{solver.solver}: {status}")
    if not solver.accepted:
        yield _line("recheck", f"not accepted: {solver.reason or solver.failure}")
    yield from _bound_lines(answer)
    if solver.start is not None and (solver.start.origin == "user" or solver.start.use is not StartUse.NONE):
        yield _line("start", f"from the {solver.start.origin}: {solver.start.detail}")
    if solver.irreducible_subset is not None:
        yield _line("why", solver.irreducible_subset.statement)


def _bound_lines(answer: Answer) -> Iterator[str]:
    """The solver's own bound on a MILP, which nobody proved, beside the objective."""
    solver, instance = answer.solver, answer.instance
    if solver is None or solver.solution is None or solver.solution.dual_bound is None or not instance.is_mip:
        return
    gap = "" if solver.gap is None else f", gap {solver.gap:.2e}"
    yield _line("its bound", f"{_shown(instance, solver.solution.dual_bound)}{gap}; the solver's word")


def _line(name: str, text: str) -> str:
    return f"{name:<12}{text}"


def _shown(instance: Instance, value: float | None) -> str:
    return _NOTHING if value is None else f"{instance.in_own_sense(value):.9g}"
