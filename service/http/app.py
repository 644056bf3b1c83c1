"""The HTTP API. Nothing is read or loaded when this module is imported; `create_app` builds the server.

`POST /v1/predict` reads like the product: take the body, answer it, say it in JSON.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import Response
from fastapi_offline import FastAPIOffline

from runtime.names import ModelNotFound
from service.effort import Effort
from service.http.body import format_of, receive, unless_gone
from service.http.engine import Engine
from service.http.equilibrium_route import router as equilibrium_router
from service.http.handlers import add_handlers
from service.http.lists import answer_list
from service.http.metrics import MEDIA_TYPE, CountRequests
from service.http.model_entries import default_json, entries_json, entry_json
from service.http.openapi import document, instance_body, metrics_answer, predict_answer, problems
from service.http.overload import RefuseCrowd
from service.http.parameters import asked_effort, only_known
from service.http.questions import Asked, Question
from service.http.reconstruction_route import router as reconstruction_router
from service.http.responses import answer_one, engine_of, present
from service.http.schemas import LiveShape, ModelCardShape, ModelListShape, ReadyShape
from service.http.site import Site
from service.http.sparse_route import router as sparse_router
from service.names import safe_name
from service.output import dumps
from service.settings import Settings
from service.version import farkas_version

_DESCRIPTION = (
    "Predicts the outcome of linear and mixed-integer programs, recovers sparse codes, reconstructs "
    "pictures, finds equilibria of games, and proves what can be proved of each."
)
_JSON = "application/json"

router = APIRouter(dependencies=[Depends(only_known)])
site = Site()


def create_app(settings: Settings, engine: Engine | None = None) -> FastAPI:
    """The server, its workers not yet started: that happens when it starts.

    Args:
        settings: everything that can be set.
        engine: the server's inside, where it is made and perhaps started already.
    """
    engine = engine or Engine(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(engine.start)
        try:
            yield
        finally:
            await asyncio.to_thread(engine.stop)

    app: FastAPI = FastAPIOffline(
        title="farkas",
        version=farkas_version(),
        description=_DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        swagger_ui_parameters={"validatorUrl": None},
    )
    app.state.engine = engine
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    app.include_router(router)
    for calculations in (sparse_router, reconstruction_router, equilibrium_router):
        app.include_router(calculations)
    app.mount("/pages", site, name="pages")
    app.add_middleware(RefuseCrowd)
    app.add_middleware(CountRequests, metrics=engine.metrics)
    add_handlers(app)
    return app


@router.post(
    "/v1/predict",
    tags=["predict"],
    responses={**predict_answer(), **problems(400, 404, 408, 413, 415, 422, 500, 503)},
    openapi_extra=instance_body(),
)
async def predict(
    request: Request,
    effort: Annotated[Effort, Depends(asked_effort)],
    solution: Annotated[bool, Query(description="Fill in `solution`")] = False,
    vectors: Annotated[bool, Query(description="Fill in the certificate's vectors")] = False,
    model: Annotated[str | None, Query(description="A name of GET /v1/models, or name@version")] = None,
    name: Annotated[str | None, Query(description="The file's name, for messages")] = None,
) -> Response:
    """Answer the instance in the body (MPS, LP or farkas's JSON, plain or gzipped), or a JSON list."""
    engine = engine_of(request)
    form = format_of(request)
    asked, folder, shown = Asked(effort, model, solution, vectors), engine.folder_of(model), safe_name(name)

    def item(body: bytes, number: int) -> Question:
        return Question(body, f"{shown}[{number}]", "item", folder, asked, len(body))

    with engine.held.of_one_request() as hold:
        body = await receive(request, engine.reception(hold), form)
        engine.metrics.body_bytes.observe(body.size)
        if body.is_list:
            work = _answer_list(request, body.data, item)
        else:
            work = answer_one(request, Question(body.data, shown, form, folder, asked, body.size))
        return present(await unless_gone(request, work))


async def _answer_list(request: Request, body: bytes, question: Callable[[bytes, int], Question]) -> Response:
    answers = await answer_list(engine_of(request), body, question, request.state.request_id)
    return Response(answers, media_type=_JSON)


@router.get("/v1/models", tags=["models"], responses={200: {"model": ModelListShape}, **problems(503)})
def models(request: Request) -> Response:
    """What can be named: models that can be asked, and dictionaries."""
    engine = engine_of(request)
    listed = entries_json(engine.registry.entries(), engine.default)
    if not any(entry["default"] for entry in listed):
        listed.insert(0, default_json(engine.default))
    return Response(dumps({"models": listed}), media_type=_JSON)


@router.get(
    "/v1/models/{name}",
    tags=["models"],
    responses={200: {"model": ModelCardShape}, **problems(404, 422, 503)},
)
def model_card(request: Request, name: str) -> Response:
    """One model with its card: how it was trained, and how good it is. `name` or `name@version`."""
    engine = engine_of(request)
    try:
        entry = engine.registry.find(name)
    except ModelNotFound:
        if name != engine.default.name:
            raise
        card = {**default_json(engine.default), "history": [], "card": engine.default.card}
        return Response(dumps(card), media_type=_JSON)
    history = engine.registry.history(entry.name)
    found = {**entry_json(engine.registry, entry, engine.default), "history": history, "card": entry.card()}
    return Response(dumps(found), media_type=_JSON)


@router.get("/health/live", tags=["health"], responses={200: {"model": LiveShape}})
async def live() -> Response:
    """The process runs and its event loop answers."""
    return Response(dumps({"status": "live"}), media_type=_JSON)


@router.get("/health/ready", tags=["health"], responses={200: {"model": ReadyShape}, **problems(503)})
async def ready(request: Request) -> Response:
    """A worker can answer: it has loaded the model and answered a tiny instance."""
    default = engine_of(request).ready_model
    model = {"name": default.name, "version": default.version, "sha256": default.sha256}
    return Response(dumps({"status": "ready", "model": model}), media_type=_JSON)


@router.get("/metrics", tags=["health"], responses=metrics_answer(), response_class=Response)
async def metrics(request: Request) -> Response:
    """What the server has counted since it started, as Prometheus reads it."""
    return Response(engine_of(request).metrics.to_text(), headers={"Content-Type": MEDIA_TYPE})


@router.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
async def page(request: Request) -> Response:
    """The page for people."""
    return await site.page(request.scope)


@router.api_route("/sparse", methods=["GET", "HEAD"], include_in_schema=False)
async def sparse_page(request: Request) -> Response:
    """The page for sparse recovery."""
    return await site.page(request.scope, "sparse.html")


@router.api_route("/reconstruct", methods=["GET", "HEAD"], include_in_schema=False)
async def reconstruction_page(request: Request) -> Response:
    """The page for pictures."""
    return await site.page(request.scope, "reconstruct.html")


@router.api_route("/equilibrium", methods=["GET", "HEAD"], include_in_schema=False)
async def equilibrium_page(request: Request) -> Response:
    """The page for games."""
    return await site.page(request.scope, "equilibrium.html")
