"""A small client of the HTTP API; needs httpx and nothing of the rest of farkas.

with Client("http://127.0.0.1:8000") as farkas:
    answer = farkas.predict(Path("model.mps"), solution=True)
    print(answer["verdict"], answer["provenance"])
"""

from __future__ import annotations

import gzip
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

_GZIP_MAGIC = b"\x1f\x8b"
_WORTH_COMPRESSING = 1 << 16
_TIMEOUT_SECONDS = 300.0


class ApiError(Exception):
    """The server answered with a problem.

    Attributes:
        status: the HTTP status.
        problem: the RFC 9457 document; empty where the answer was not one.
        retry_after: seconds after which to try again, where the server says so.
    """

    def __init__(self, status: int, problem: dict[str, Any], retry_after: float | None = None) -> None:
        self.status = status
        self.problem = problem
        self.retry_after = retry_after
        line = f"line {problem['line']}: " if "line" in problem else ""
        super().__init__(f"{status} {problem.get('title', '')}: {line}{problem.get('detail', '')}")

    @property
    def type(self) -> str:
        """The problem's stable name, urn:farkas:problem:…; empty where there is none."""
        return str(self.problem.get("type", ""))


class Client:
    """Talks to one server.

    Args:
        url: where the server is, e.g. http://127.0.0.1:8000.
        timeout: seconds to wait for an answer.
        http: the httpx client to use in place of one of its own (proxies, certificates, tests).
    """

    def __init__(
        self, url: str, *, timeout: float = _TIMEOUT_SECONDS, http: httpx.Client | None = None
    ) -> None:
        self._http = http if http is not None else httpx.Client(timeout=timeout)
        self._url = url.rstrip("/")

    def predict(
        self,
        instance: Path | bytes,
        *,
        name: str | None = None,
        policy: str = "predict",
        solution: bool = False,
        vectors: bool = False,
        model: str | None = None,
    ) -> dict[str, Any]:
        """The answer to one instance: a file, or the bytes of one (MPS or JSON, plain or gzipped).

        Raises:
            ApiError: the server refused it.
            httpx.HTTPError: the server cannot be reached.
            OSError: the file cannot be read.
        """
        data = instance.read_bytes() if isinstance(instance, Path) else instance
        asked = {
            "name": name or (instance.name if isinstance(instance, Path) else None),
            "policy": policy,
            "solution": "true" if solution else None,
            "vectors": "true" if vectors else None,
            "model": model,
        }
        params = {key: value for key, value in asked.items() if value is not None}
        headers, body = _encoded(data)
        return self._answer("POST", "/v1/predict", params=params, headers=headers, content=body)

    def models(self) -> list[dict[str, Any]]:
        """The models that can be asked."""
        listed: list[dict[str, Any]] = self._answer("GET", "/v1/models")["models"]
        return listed

    def model(self, name: str) -> dict[str, Any]:
        """One model with its card; `name` or `name@version`."""
        return self._answer("GET", f"/v1/models/{name}")

    def ready(self) -> bool:
        """Whether the server can be reached and is ready."""
        try:
            self._answer("GET", "/health/ready")
        except (ApiError, httpx.HTTPError):
            return False
        return True

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _answer(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        reply = self._http.request(method, self._url + path, **request)
        document = _document(reply)
        if reply.is_success:
            return document
        wait = reply.headers.get("Retry-After", "")
        raise ApiError(reply.status_code, document, float(wait) if wait.isdigit() else None)


def _encoded(data: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and body: compressed where that is worth it, the format left for the server to see."""
    headers = {"Content-Type": "application/octet-stream"}
    if data.startswith(_GZIP_MAGIC) or len(data) < _WORTH_COMPRESSING:
        return headers, data
    return headers | {"Content-Encoding": "gzip"}, gzip.compress(data, compresslevel=1, mtime=0)


def _document(reply: httpx.Response) -> dict[str, Any]:
    try:
        document = reply.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
