"""The answer of equilibria as it goes over the wire; see `service.http.schemas`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from service.http.schemas import Provenance, Shape


class EquilibriumModelShape(Shape):
    """Which network predicted."""

    name: str
    version: str


class EquilibriumAnswerShape(Shape):
    """The equilibria of B contexts: every list has B items, one context's has one."""

    equilibrium: list[list[float]] = Field(description="A row a context, its numbers flat")
    gap: list[float | None] = Field(
        description="Proved bound on the gap function, zero at equilibria alone; null where nothing is "
        "proved, and where the game itself is not known"
    )
    conservation_residual: list[float | None] = Field(description="How far each is from feasible, relative")
    fixed_point_residual: list[float | None] = Field(
        description="How far the network's last step still moved, relative"
    )
    iterations: list[int] = Field(description="Of the network's fixed point")
    continuation_iterations: list[int] = Field(description="Of the classical method that went on, with a gap")
    reason: list[str] = Field(description="Why the network's iteration ended: converged, iteration-limit, …")
    converged: list[bool] = Field(description="What was asked was come to: the gap, else the fixed point")
    provenance: list[Provenance] = Field(
        description='Whose the answer is. "certified": the network\'s, its gap proved to be at most the one '
        "asked for, or the model's own; \"solved\": the classical method's that went on, to the gap asked "
        'for where converged says so; "predicted": the network\'s'
    )
    gap_name: str = Field(description="What the gap function is called")
    game: dict[str, Any] = Field(description="The game")
    context_names: list[str] = Field(description="Of a context's numbers")
    equilibrium_shape: list[int] = Field(description="Of an equilibrium, whose numbers come flat")
    model: EquilibriumModelShape
    notes: list[str] = Field(
        description="How many contexts are outside what the network was trained on; where a gap was asked "
        "for, for how many it is not proved"
    )
    seconds: float
