"""The file that `farkas predict -o` writes: the whole answer, its solution, or a simplex basis near it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from graphs.basis import basis_near
from graphs.errors import InstanceError
from graphs.instance import Vector
from graphs.prediction import Verdict
from graphs.writers import write_basis, write_solution
from runtime.files import write_atomically
from service import output
from service.answers import PREDICTED, Answer
from service.errors import InvalidRequest
from service.failures import Failure
from solvers.linear.exact.solution import SolveStatus

SUFFIXES = (".json", ".sol", ".bas")
_OF_ONE_FILE = (".sol", ".bas")


def require_writable(target: Path, files: int) -> None:
    """Refuse a target before anything is answered.

    Raises:
        InvalidRequest: its folder does not exist, or it holds one answer and there are several files.
    """
    if not target.parent.is_dir():
        raise InvalidRequest(f"there is no folder {str(target.parent)!r} to write to")
    suffix = target.suffix.lower()
    if suffix in _OF_ONE_FILE and files != 1:
        raise InvalidRequest(
            f"a {suffix} file holds one solution, and there are {files} files",
            hint="answer one file at a time, or write .json",
        )


def write_answers(answered: Sequence[tuple[Path, Answer | Failure]], target: Path) -> None:
    """Write what the target's suffix says; a file that could not be read or answered leaves no .sol or .bas.

    Raises:
        InvalidRequest: the answer has no solution, or one that the form cannot hold.
        OSError: the file cannot be written.
    """
    if target.suffix.lower() == ".json":
        write_atomically(target, _document(answered))
        return
    [(_, answer)] = answered
    if isinstance(answer, Answer):
        write_atomically(target, _solution_or_basis(answer, target.suffix.lower()))


def _document(answered: Sequence[tuple[Path, Answer | Failure]]) -> bytes:
    """One file: its whole answer; several: a list of them."""
    documents = [output.answer_line(path, answer, solution=True, vectors=True) for path, answer in answered]
    return output.dumps(documents[0] if len(documents) == 1 else documents, pretty=True) + b"\n"


def _solution_or_basis(answer: Answer, suffix: str) -> bytes:
    point, status = _point(answer)
    if point is None:
        raise InvalidRequest(
            f"there is no solution to write to a {suffix} file: the verdict is {answer.verdict.value!r}",
            hint="write .json, which holds the whole answer",
        )
    try:
        if suffix == ".sol":
            return write_solution(answer.instance, point, status=status)
        return write_basis(answer.instance, basis_near(answer.instance, point, _dual(answer)))
    except InstanceError as error:
        raise InvalidRequest(error.detail, hint=error.hint) from error


def _point(answer: Answer) -> tuple[Vector | None, str]:
    """A point and what is known of it: "optimal", "feasible" or "unknown".

    A point that is proved feasible comes before one that is only predicted to be optimal.
    """
    if answer.value_provenance != PREDICTED:
        return answer.solution, _status(answer)
    proof = answer.certificate
    if proof is not None and answer.verdict is Verdict.OPTIMAL and answer.has_integral_point:
        return proof.point, "feasible"
    return answer.solution, "unknown"


def _status(answer: Answer) -> str:
    """One word for what is known of the answer's solution."""
    if answer.optimality is not None:
        return "optimal"
    if answer.solved_point is None or answer.solver is None:
        return "unknown"
    gap, tolerances = answer.solver.gap, answer.solved_point.tolerances
    closed = gap is not None and gap <= tolerances.gap
    return "optimal" if closed and answer.solver.status is SolveStatus.OPTIMAL else "feasible"


def _dual(answer: Answer) -> Vector | None:
    """The dual that goes with the answer's solution."""
    proof = answer.solved_point if answer.solved_point is not None else answer.optimality
    dual = answer.prediction.dual if proof is None else proof.dual
    return None if dual is None or not np.isfinite(dual).all() else dual
