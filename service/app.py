"""The HTTP API. Nothing is read or loaded when this module is imported; `create_app` builds the server.

`POST /v1/predict` reads like the product: take the body, answer it, say it in JSON.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline

from runtime.names import ModelNotFound, UnusableModel
from runtime.registry import Entry
from service.body import format_of, receive, safe_name
from service.choices import Policy
from service.engine import Engine, Question
from service.failures import Failure
from service.handlers import add_handlers, problem_response
from service.openapi import PAGES, document, instance_body, problems
from service.output import dumps
from service.pipeline import Predictor, require_available
from service.schemas import AnswerShape, LiveShape, ModelCardShape, ModelListShape, ReadyShape
from service.settings import Settings
from service.version import farkas_version

_DESCRIPTION = (
    "Predicts the outcome of linear and mixed-integer programs, and proves what can be proved of it."
)
_PAGE_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    + "; ".join(f"{kind}-src 'self'" for kind in ("script", "style", "img", "connect"))
)
_JSON = "application/json"

router = APIRouter()


def create_app(settings: Settings, predictor: Predictor | None = None) -> FastAPI:
    """The server, its model not yet loaded: that happens when it starts.

    Args:
        settings: everything that can be set.
        predictor: the default model, where one is at hand; else `settings.model` is loaded.
    """
    engine = Engine(settings, predictor)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await engine.start()
        yield
        engine.stop()

    app: FastAPI = FastAPIOffline(
        title="farkas", version=farkas_version(), description=_DESCRIPTION, lifespan=lifespan, redoc_url=None
    )
    app.state.engine = engine
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    app.include_router(router)
    app.mount("/pages", StaticFiles(directory=PAGES), name="pages")
    add_handlers(app)
    return app


@router.post(
    "/v1/predict",
    tags=["predict"],
    responses={200: {"model": AnswerShape}, **problems(400, 404, 408, 413, 415, 422, 503)},
    openapi_extra=instance_body(),
)
async def predict(
    request: Request,
    policy: Annotated[Policy, Query(description="This version has: predict")] = Policy.PREDICT,
    solution: Annotated[bool, Query(description="Fill in `solution`")] = False,
    vectors: Annotated[bool, Query(description="Fill in the certificate's vectors")] = False,
    model: Annotated[str | None, Query(description="A name of GET /v1/models, or name@version")] = None,
    name: Annotated[str | None, Query(description="The file's name, for messages")] = None,
) -> Response:
    """Answer the instance in the body: an MPS file or farkas's JSON, plain or gzipped."""
    engine = _engine(request)
    require_available(policy)
    form = format_of(request)
    body = await receive(
        request, most_bytes=engine.settings.max_body_bytes, seconds=engine.settings.body_seconds
    )
    question = Question(body, safe_name(name), form, policy, model, solution, vectors)
    answer = await engine.answer(question)
    if isinstance(answer, Failure):
        return problem_response(request, answer.problem)
    return Response(answer, media_type=_JSON)


@router.get("/v1/models", tags=["models"], responses={200: {"model": ModelListShape}, **problems(503)})
def models(request: Request) -> Response:
    """The models that can be asked."""
    engine = _engine(request)
    listed = [_entry_json(entry, engine) for entry in engine.registry.entries()]
    if not any(entry["default"] for entry in listed):
        listed.insert(0, _default_json(engine))
    return Response(dumps({"models": listed}), media_type=_JSON)


@router.get(
    "/v1/models/{name}",
    tags=["models"],
    responses={200: {"model": ModelCardShape}, **problems(404, 422, 503)},
)
def model_card(request: Request, name: str) -> Response:
    """One model with its card: how it was trained, and how good it is. `name` or `name@version`."""
    engine = _engine(request)
    try:
        entry = engine.registry.find(name)
    except ModelNotFound:
        if name != engine.default.name:
            raise
        card = {**_default_json(engine), "history": [], "card": getattr(engine.default, "card", {})}
        return Response(dumps(card), media_type=_JSON)
    history = engine.registry.history(entry.name)
    return Response(
        dumps({**_entry_json(entry, engine), "history": history, "card": entry.card()}), media_type=_JSON
    )


@router.get("/health/live", tags=["health"], responses={200: {"model": LiveShape}})
async def live() -> Response:
    """The process runs and its event loop answers."""
    return Response(dumps({"status": "live"}), media_type=_JSON)


@router.get("/health/ready", tags=["health"], responses={200: {"model": ReadyShape}, **problems(503)})
async def ready(request: Request) -> Response:
    """The model is loaded and has answered a tiny instance."""
    default = _engine(request).default
    model = {"name": default.name, "version": default.version, "sha256": default.sha256}
    return Response(dumps({"status": "ready", "model": model}), media_type=_JSON)


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """The page for people."""
    return FileResponse(PAGES / "index.html", headers={"Content-Security-Policy": _PAGE_POLICY})


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


def _entry_json(entry: Entry, engine: Engine) -> dict[str, Any]:
    sha256 = _weights_hash(entry)
    return {
        "name": entry.name,
        "version": entry.version,
        "sha256": sha256,
        "current": entry.current,
        "default": sha256 == engine.default.sha256 and entry.version == engine.default.version,
        "bundled": entry.bundled,
    }


def _weights_hash(entry: Entry) -> str | None:
    """None where the card cannot be read: one damaged checkpoint does not hide the others."""
    try:
        return str(entry.card()["weights_sha256"])
    except (UnusableModel, KeyError):
        return None


def _default_json(engine: Engine) -> dict[str, Any]:
    """The default model where it is in no registry: a folder given at the start."""
    default = engine.default
    return {
        "name": default.name,
        "version": default.version,
        "sha256": default.sha256,
        "current": True,
        "default": True,
        "bundled": False,
    }
