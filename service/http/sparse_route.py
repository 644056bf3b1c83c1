"""`POST /v1/sparse-recovery`: codes of measurements under a dictionary."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from service.http.body import media_of
from service.http.calculations import SPARSE_RECOVERY
from service.http.negotiation import preferred
from service.http.openapi import problems
from service.http.parameters import only_known
from service.http.responses import calculated
from service.http.sparse_openapi import sparse_answer, sparse_body
from service.http.sparse_parameters import FORMS, SparseParameters, asked_parameters

router = APIRouter(dependencies=[Depends(only_known)])


@router.post(
    "/v1/sparse-recovery",
    tags=["sparse recovery"],
    responses={**sparse_answer(), **problems(400, 404, 408, 413, 415, 422, 500, 503)},
    openapi_extra=sparse_body(),
)
async def sparse_recovery(
    request: Request, parameters: Annotated[SparseParameters, Depends(asked_parameters)]
) -> Response:
    """A sparse x with A x ≈ b for every measurement b, or near the minimiser of ½‖Ax − b‖² + λ‖x‖₁."""
    media, accepted = media_of(request, FORMS), preferred(request, FORMS)
    return await calculated(request, SPARSE_RECOVERY, media, accepted, parameters)
