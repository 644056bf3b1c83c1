"""Progress of a long command on stderr: count, rate and time left; nothing where nobody watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class RateColumn(ProgressColumn):
    """Steps a second, in a unit such as `files`."""

    def __init__(self, unit: str = "") -> None:
        super().__init__()
        self._suffix = f" {unit}/s" if unit else "/s"

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.1f}{self._suffix}")


@dataclass(frozen=True)
class Bar:
    """What a running command tells its progress to."""

    _progress: Progress
    _task: TaskID

    @property
    def watched(self) -> bool:
        """Whether it is shown at all."""
        return not self._progress.disable

    def advance(self, steps: int = 1) -> None:
        """So many steps more are done."""
        self._progress.advance(self._task, steps)

    def show(self, completed: int, total: int, title: str) -> None:
        """So many steps are done of so many, under a new title."""
        self._progress.update(self._task, completed=completed, total=total, description=title)


@contextmanager
def progress_bar(
    title: str, total: int | None, *, unit: str = "", shown: bool = True, alike: bool = True
) -> Iterator[Bar]:
    """A bar for as long as the block runs.

    Args:
        title: what is being done.
        total: steps there are; None while that is not known.
        unit: what a step is, in the plural, for the rate.
        shown: False hides the bar even from a terminal.
        alike: steps take about as long as each other. Where they do not, there is neither a rate nor the time
            left by it, but the time that has passed.
    """
    stderr = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *((RateColumn(unit), TimeRemainingColumn()) if alike else (TimeElapsedColumn(),)),
    )
    with Progress(*columns, console=stderr, disable=not (shown and stderr.is_terminal)) as progress:
        yield Bar(progress, progress.add_task(title, total=total))
