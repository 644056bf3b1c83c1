"""The parameters of a request. Those that a route does not have are refused, where most servers pass over
them in silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Query
from fastapi.dependencies.models import Dependant
from starlette.requests import Request

from service.choices import GAP, ExactSolver, Policy, Require, Rigour
from service.effort import Effort
from service.errors import InvalidRequest


async def only_known(request: Request) -> None:
    """A dependency of every route; a coroutine, since others are run in threads.

    Raises:
        InvalidRequest: the query has a parameter that the route does not know.
    """
    known = list(_parameters(request.scope["route"].dependant))
    if not set(request.query_params) <= set(known):
        raise InvalidRequest(
            "the query has a parameter that is not known here",
            hint=f"known parameters: {', '.join(known)}" if known else "this address takes no parameters",
        )


async def asked_effort(
    request: Request,
    policy: Annotated[Policy, Query(description="How much work the answer may cost")] = Policy.PREDICT,
    rigour: Annotated[
        Rigour, Query(description="exact: certificates in rational arithmetic where they can be had")
    ] = Rigour.NUMERIC,
    require: Annotated[
        Require, Query(description="What the policies certify and auto aim at")
    ] = Require.VERDICT,
    deadline: Annotated[
        float | None, Query(description="Seconds that the policy auto may take", gt=0)
    ] = None,
    time_limit: Annotated[
        float | None,
        Query(description="Seconds that a solver may take; at most the server's own limit", gt=0),
    ] = None,
    gap: Annotated[
        float, Query(description="Relative gap at which a solver may stop on integer columns", ge=0, lt=1)
    ] = GAP,
    solver: Annotated[ExactSolver, Query(description="Which exact solver is asked")] = ExactSolver.AUTO,
    explain: Annotated[
        bool, Query(description="Of what is infeasible: rows and bounds that cannot hold together")
    ] = False,
) -> Effort:
    """What a request asks for, to the server's tolerances and within its limits.

    Raises:
        InvalidRequest: the parameters do not go together, or ask for more time than the server gives.
    """
    settings = request.app.state.engine.settings
    most = settings.solve_seconds
    if max(time_limit or 0.0, deadline or 0.0) > most:
        raise InvalidRequest(
            f"this server gives an instance at most {most:g} seconds",
            hint="start the server with a higher FARKAS_SOLVE_SECONDS (and FARKAS_ANSWER_SECONDS)",
        )
    return Effort(
        policy=policy,
        rigour=rigour,
        require=require,
        deadline=deadline,
        solver=solver,
        time_limit=most if time_limit is None else time_limit,
        gap=gap,
        explain=explain,
        tolerances=settings.tolerances,
    )


def _parameters(dependant: Dependant) -> Iterator[str]:
    """The names of a route's query parameters, those of its dependencies included."""
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _parameters(inner)
