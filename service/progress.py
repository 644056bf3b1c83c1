"""Progress of a long command on stderr: rate and time left; nothing where nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
from rich.text import Text

from service.output import console


class RateColumn(ProgressColumn):
    """Files a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.1f} files/s")


@contextmanager
def progress_bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar of `total` files for as long as the block runs; call what it yields with the files just done."""
    stderr = console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), RateColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as progress:
        task = progress.add_task("scoring", total=total)
        yield lambda files: progress.advance(task, files)
