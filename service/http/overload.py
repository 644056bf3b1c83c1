"""What is still served on connections beyond the limit: how the server is, and nothing that takes work."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import ServerBusy, problem_of
from service.http.handlers import problem_response

CROWDED = "crowded"
"""Member of the request's state that marks such a connection."""

_ALWAYS = ("/health/live", "/health/ready", "/metrics")


class RefuseCrowd:
    """Answers `busy` on a connection beyond the limit, but for health and metrics."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_crowded = scope["type"] == "http" and scope.get("state", {}).get(CROWDED)
        if not is_crowded or scope["path"] in _ALWAYS:
            await self.app(scope, receive, send)
            return
        problem = problem_of(ServerBusy("there are too many open connections", hint="try again shortly"))
        response = problem_response(Request(scope), problem, {"Connection": "close"})
        await response(scope, receive, send)
