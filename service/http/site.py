"""The pages for people: files that browsers keep but ask after each time."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PAGES = Path(__file__).parents[1] / "pages"
EXAMPLES = PAGES / "examples"

_PAGE_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    + "; ".join(f"{kind}-src 'self'" for kind in ("script", "style", "img", "connect"))
)


class Site(StaticFiles):
    """The folder `pages`; a file that is the browser's already is answered with 304."""

    def __init__(self) -> None:
        super().__init__(directory=PAGES)

    async def page(self, scope: Scope, name: str = "index.html") -> Response:
        """One of the pages, which may load nothing from elsewhere."""
        response = await self.get_response(name, scope)
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
        return response

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        return response
