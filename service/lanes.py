"""The exact solvers of a process, started when first needed, and what the model's steps cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from graphs.instance import Instance
from graphs.points import Candidate
from runtime.names import RegistryError
from service.costs import FILE, Costs, CostsError, load_costs
from service.effort import Effort
from service.settings import Settings, registry_of
from solvers.linear.lane.exact_lane import ExactLane, LaneResult, SolveOptions
from solvers.linear.lane.start import Start

if TYPE_CHECKING:
    from service.drafts import Draft


_BUNDLED = "bundled"


class Named(Protocol):
    """A model that says which it is."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def sha256(self) -> str: ...


class Lanes:
    """A context manager: its processes end with it.

    Args:
        settings: memory of a solver's process, where costs are kept.
        workers: processes; None takes as many as the settings say.
        log: a file that incumbents are appended to while solving (`solvers.linear.lane.incumbents`).
        about_to_solve: told of every draft before its solver starts.
    """

    def __init__(
        self,
        settings: Settings,
        workers: int | None = None,
        *,
        log: Path | None = None,
        about_to_solve: Callable[[Draft], object] = lambda draft: None,
    ) -> None:
        self._settings = settings
        self._workers = settings.solver_count if workers is None else workers
        self._log = log
        self._lane: ExactLane | None = None
        self.about_to_solve = about_to_solve

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; safe to call twice."""
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.close()

    def solve(
        self,
        instances: Sequence[Instance],
        starts: Sequence[Start | None],
        effort: Effort,
        limits: Sequence[float],
        known: Sequence[Candidate | None] | None = None,
    ) -> list[LaneResult]:
        """A rechecked result for each instance, in order.

        Args:
            limits: wall clock seconds, one for each.
            known: certified vectors that a solver's word is held against, one for each.
        """
        if self._lane is None:
            self._lane = ExactLane(self._workers, tolerances=effort.tolerances)
        known = [None] * len(instances) if known is None else known
        if len(set(limits)) == 1:
            options = self._options(effort, limits[0])
            return list(self._lane.solve_all(instances, options, starts, known=known))
        each = zip(instances, starts, limits, known, strict=True)
        return [
            self._lane.solve(instance, self._options(effort, limit), start, known=held)
            for instance, start, limit, held in each
        ]

    def costs(self, model: Named) -> Costs | None:
        """What the model's steps cost: measured here, else as it came with the model, else as with the
        bundled one; None if unknown."""
        return _costs(self._settings, model.name, model.version, model.sha256)

    def _options(self, effort: Effort, limit: float) -> SolveOptions:
        return SolveOptions(
            solver=effort.solver.value,
            time_limit=limit,
            memory_limit=self._settings.solver_memory or None,
            mip_gap=effort.gap,
            irreducible_subset=effort.explain,
            log=self._log,
        )


def own_costs(settings: Settings, sha256: str) -> Path:
    """Where costs measured on this machine are kept, by the model's weights."""
    return settings.models.expanduser() / "costs" / f"{sha256}.json"


@lru_cache(maxsize=16)
def _costs(settings: Settings, name: str, version: str, sha256: str) -> Costs | None:
    places = [own_costs(settings, sha256)]
    for known in (f"{name}@{version}", _BUNDLED):
        with suppress(RegistryError):  # it may be a checkpoint folder of its own
            places.append(registry_of(settings).find(known).folder / FILE)
    for place in places:
        try:
            return load_costs(place)
        except (OSError, CostsError):
            continue
    return None
