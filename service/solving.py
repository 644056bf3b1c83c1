"""What `farkas solve` does: the prediction, a line for each incumbent, the checked result."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from graphs.instance import Instance
from service import output
from service.answers import Answer
from service.choices import FATAL, SOME_BAD
from service.commands import with_start
from service.drafts import Draft
from service.effort import Effort
from service.failures import Failure, attempt
from service.fatal import fatal_in_one_line
from service.lanes import Lanes
from service.on_demand import default_model
from service.pipeline import BatchLimits, score_readings
from service.reading import Reading, read_file
from service.settings import Settings
from service.solver_text import heading, incumbent_line, prediction_lines, result_lines
from service.targets import require_writable, write_answers
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.lane.incumbents import follow

_OPEN = (SolveStatus.FEASIBLE, SolveStatus.UNKNOWN)


def solve(file: Path, settings: Settings, effort: Effort, start: Path | None, target: Path | None) -> int:
    """Solve one file, telling the way on stderr and the result on stdout; the exit status."""
    with fatal_in_one_line():
        if target is not None:
            require_writable(target, 1)
        log = output.console(stderr=True)
        reading = attempt(read_file, file, settings.limits)
        if start is not None:
            reading = attempt(with_start, reading, start)
        try:
            answer = reading if isinstance(reading, Failure) else _solved(reading, settings, effort, log)
        except KeyboardInterrupt:
            log.print("interrupted: the solver was ended, and its best point with it; --time-limit keeps it")
            raise
        if isinstance(answer, Failure):
            log.print(output.problem_text(file, answer.problem), markup=False)
            return FATAL
        for line in result_lines(answer):
            output.console().print(line, markup=False)
        if target is not None:
            write_answers([(file, answer)], target)
    return 0 if is_settled(answer) else SOME_BAD


def is_settled(answer: Answer) -> bool:
    """The solver came to an end, and the recheck accepts it: no limit stopped it."""
    solver = answer.solver
    return solver is not None and answer.solved_verdict is not None and solver.status not in _OPEN


def _solved(reading: Reading, settings: Settings, effort: Effort, log: Console) -> Answer | Failure:
    instance = reading.instance
    log.print(heading(instance), markup=False)
    predictor = default_model(settings)
    limits = BatchLimits(settings.batch_size, settings.batch_nonzeros)
    with tempfile.TemporaryDirectory(prefix="farkas-") as folder:
        progress = Path(folder) / "incumbents"

        def tell(draft: Draft) -> None:
            for line in prediction_lines(draft):
                log.print(line, markup=False)

        with (
            Lanes(settings, workers=1, log=progress, about_to_solve=tell) as lanes,
            _following(progress, instance, log),
        ):
            [answer] = score_readings([reading], predictor, effort, lanes, limits, prepare=predictor.load)
    return answer


@contextmanager
def _following(progress: Path, instance: Instance, log: Console) -> Iterator[None]:
    """Print what the solver's process writes down, until the block ends."""
    over = threading.Event()

    def show() -> None:
        for incumbent in follow(progress, over.is_set):
            log.print(incumbent_line(instance, incumbent), markup=False)

    thread = threading.Thread(target=show, name="incumbents", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
