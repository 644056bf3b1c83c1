"""`POST /v1/equilibrium`: the equilibria of a game, one for each context."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from service.http.body import media_of
from service.http.calculations import EQUILIBRIUM
from service.http.equilibrium_openapi import equilibrium_answer, equilibrium_body
from service.http.equilibrium_parameters import ANSWERS, BODIES, EquilibriumParameters, asked_equilibrium
from service.http.negotiation import preferred
from service.http.openapi import problems
from service.http.parameters import only_known
from service.http.responses import calculated

router = APIRouter(dependencies=[Depends(only_known)])


@router.post(
    "/v1/equilibrium",
    tags=["equilibria"],
    responses={**equilibrium_answer(), **problems(400, 404, 408, 413, 415, 422, 500, 503)},
    openapi_extra=equilibrium_body(),
)
async def equilibrium(
    request: Request, parameters: Annotated[EquilibriumParameters, Depends(asked_equilibrium)]
) -> Response:
    """The equilibrium of a game for every context, predicted by a network, with a proved bound on its gap."""
    media, accepted = media_of(request, BODIES), preferred(request, ANSWERS)
    return await calculated(request, EQUILIBRIUM, media, accepted, parameters)
