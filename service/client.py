"""A small client of the HTTP API; needs httpx, and of the rest of farkas `service.client_bodies` alone.

with Client("http://127.0.0.1:8000") as farkas:
    answer = farkas.predict(Path("model.mps"), solution=True)
    print(answer["verdict"], answer["provenance"])
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from service.client_bodies import Matrix, sparse_request

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
        hint = f" ({problem['hint']})" if problem.get("hint") else ""
        super().__init__(f"{status} {problem.get('title', '')}: {line}{problem.get('detail', '')}{hint}")

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
        **effort: str | float | bool,
    ) -> dict[str, Any]:
        """The answer to one instance: a file, or the bytes of one (MPS, LP or JSON, plain or gzipped).

        Args:
            policy: predict, certify, solve or auto.
            effort: further parameters of the API, such as `rigour="exact"`, `time_limit=10`, `gap=1e-4`,
                `require="optimum"`, `deadline=2.0`, `explain=True`.

        Raises:
            ApiError: the server refused it.
            httpx.HTTPError: the server cannot be reached.
            OSError: the file cannot be read.
        """
        data = instance.read_bytes() if isinstance(instance, Path) else instance
        shown = name or (instance.name if isinstance(instance, Path) else None)
        params = _parameters(shown, policy, solution, vectors, model) | _written(effort)
        headers, body = _encoded(data)
        answer: dict[str, Any] = self._answer(
            "POST", "/v1/predict", params=params, headers=headers, content=body
        )
        return answer

    def predict_many(
        self,
        instances: Iterable[Path | bytes | Mapping[str, Any]],
        *,
        policy: str = "predict",
        solution: bool = False,
        vectors: bool = False,
        model: str | None = None,
        **effort: str | float | bool,
    ) -> list[dict[str, Any]]:
        """The answers to many instances, in order, from one request.

        One that cannot be answered has {"error": problem document} in its place.

        Args:
            instances: files or the bytes of such (MPS, LP or JSON, plain or gzipped), or objects of
                farkas's JSON form.
            effort: as of `predict`.

        Raises:
            ApiError: the server refused the request as a whole.
            httpx.HTTPError: the server cannot be reached.
            OSError: a file cannot be read.
            UnicodeDecodeError: a file is not text.
        """
        params = _parameters(None, policy, solution, vectors, model) | _written(effort)
        headers, body = _encoded(json.dumps([_item(instance) for instance in instances]).encode())
        answers: list[dict[str, Any]] = self._answer(
            "POST", "/v1/predict", params=params, headers=headers, content=body
        )
        return answers

    def sparse_recovery(
        self,
        dictionary: str | Matrix | None,
        measurements: Matrix,
        *,
        variant: str | None = None,
        layers: int | None = None,
        model: str | None = None,
        regularization: float | None = None,
        duality_gap: float | None = None,
        time_limit: float | None = None,
        sparse: bool = False,
    ) -> dict[str, Any]:
        """Sparse x with Ax ≈ b for every measurement b: the API's answer, `x` a row a measurement.

        Args:
            dictionary: a registered name; or A as rows, an array, the Path of a .npy or .npz file, or the
                bytes of one; None where the file of the measurements is a .npz that holds it too.
            measurements: one b, or a row each of many; likewise. Of .npz files the arrays `dictionary` and
                `measurements` are taken.
            variant, layers, model, regularization, duality_gap, time_limit, sparse: members of the API's
                body.

        Raises:
            ApiError: the server refused it.
            httpx.HTTPError: the server cannot be reached.
            OSError: a file cannot be read.
            TypeError, ValueError: an argument is nothing that can be sent.
        """
        asked = {
            "variant": variant,
            "layers": layers,
            "model": model,
            "regularization": regularization,
            "duality_gap": duality_gap,
            "time_limit": time_limit,
            "sparse": sparse or None,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        media, data, query = sparse_request(dictionary, measurements, given)
        headers, body = _encoded(data, media)
        request: dict[str, Any] = {"params": _written(query)} if query else {}
        answer: dict[str, Any] = self._answer(
            "POST", "/v1/sparse-recovery", headers=headers, content=body, **request
        )
        return answer

    def models(self) -> list[dict[str, Any]]:
        """The models that can be asked, and dictionaries."""
        listed: list[dict[str, Any]] = self._answer("GET", "/v1/models")["models"]
        return listed

    def model(self, name: str) -> dict[str, Any]:
        """One model with its card; `name` or `name@version`."""
        card: dict[str, Any] = self._answer("GET", f"/v1/models/{name}")
        return card

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

    def _answer(self, method: str, path: str, **request: Any) -> Any:
        reply = self._http.request(method, self._url + path, **request)
        document = _document(reply)
        if reply.is_success:
            return document
        wait = reply.headers.get("Retry-After", "")
        problem = document if isinstance(document, dict) else {}
        raise ApiError(reply.status_code, problem, float(wait) if wait.isdigit() else None)


def _encoded(data: bytes, media: str = "application/octet-stream") -> tuple[dict[str, str], bytes]:
    """Headers and body, compressed where that is worth it; by default the server finds the format out."""
    headers = {"Content-Type": media}
    if data.startswith(_GZIP_MAGIC) or len(data) < _WORTH_COMPRESSING:
        return headers, data
    return headers | {"Content-Encoding": "gzip"}, gzip.compress(data, compresslevel=1, mtime=0)


def _item(instance: Path | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    """An item of a list; the format is left for the server to see."""
    if isinstance(instance, Mapping):
        return instance
    data = instance.read_bytes() if isinstance(instance, Path) else instance
    text = (gzip.decompress(data) if data.startswith(_GZIP_MAGIC) else data).decode()
    return {"text": text, "name": instance.name} if isinstance(instance, Path) else {"text": text}


def _parameters(
    name: str | None, policy: str, solution: bool, vectors: bool, model: str | None
) -> dict[str, str]:
    asked = {
        "name": name,
        "policy": policy,
        "solution": "true" if solution else None,
        "vectors": "true" if vectors else None,
        "model": model,
    }
    return {key: value for key, value in asked.items() if value is not None}


def _written(effort: Mapping[str, str | float | bool]) -> dict[str, str]:
    """Parameters as a query has them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in effort.items()
    }


def _document(reply: httpx.Response) -> Any:
    """The JSON of a reply; an empty object where it is none."""
    try:
        return reply.json()
    except ValueError:
        return {}
