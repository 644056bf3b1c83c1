"""Parameters that a route does not have are refused, where most servers pass over them in silence."""

from __future__ import annotations

from starlette.requests import Request

from service.errors import InvalidRequest


async def only_known(request: Request) -> None:
    """A dependency of every route; a coroutine, since others are run in threads.

    Raises:
        InvalidRequest: the query has a parameter that the route does not know.
    """
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    if not set(request.query_params) <= set(known):
        raise InvalidRequest(
            "the query has a parameter that is not known here",
            hint=f"known parameters: {', '.join(known)}" if known else "this address takes no parameters",
        )
