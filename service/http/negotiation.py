"""Which of the forms an answer can have its client likes best."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

_LONGEST = 1000  # of a header that is looked at


def preferred(request: Request, offered: Sequence[str]) -> str:
    """The content type that the request's Accept header likes best; the first where it likes none better.

    A client that accepts none of them gets the first too: an answer that it may refuse is more use than none.
    """
    wanted = dict(map(_weighed, request.headers.get("accept", "*/*")[:_LONGEST].split(",")))

    def liking(media: str) -> float:
        group = media.partition("/")[0] + "/*"
        return next((wanted[name] for name in (media, group, "*/*") if name in wanted), 0.0)

    return max(offered, key=liking)


def _weighed(item: str) -> tuple[str, float]:
    media, *parameters = (part.strip().lower() for part in item.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return media, min(max(float(quality), 0.0), 1.0)
    except ValueError:
        return media, 0.0
