"""The children's side of an exact lane.

`CHILD` is what an `ExactLane` gives its pool: importing this module loads no solver, but unpickling `CHILD`
in a child does, so that the import counts as the child's start and not as the first item's time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from solvers.linear.lane.messages import LaneReply, LaneTask


class ChildFunction:
    """Does a `LaneTask`; loads the solvers when unpickled."""

    def __call__(self, task: LaneTask) -> LaneReply:
        return _loaded()(task)

    def __reduce__(self) -> tuple[Callable[[], Callable[[LaneTask], LaneReply]], tuple[()]]:
        return _loaded, ()


def _loaded() -> Callable[[LaneTask], LaneReply]:
    from solvers.linear.lane.work import do

    return do


CHILD: Final = ChildFunction()
