"""A small client of the HTTP API; needs httpx, and of the rest of farkas `service.client_bodies` and
`service.client_calculations` alone.

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

from service.client_bodies import GZIP_MAGIC, encoded, written
from service.client_calculations import Calculations

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


class Client(Calculations):
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
        params = _parameters(shown, policy, solution, vectors, model) | written(effort)
        headers, body = encoded(data)
        answer: dict[str, Any] = self.answer_to(
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
        params = _parameters(None, policy, solution, vectors, model) | written(effort)
        headers, body = encoded(json.dumps([_item(instance) for instance in instances]).encode())
        answers: list[dict[str, Any]] = self.answer_to(
            "POST", "/v1/predict", params=params, headers=headers, content=body
        )
        return answers

    def models(self) -> list[dict[str, Any]]:
        """The models that can be asked, and dictionaries."""
        listed: list[dict[str, Any]] = self.answer_to("GET", "/v1/models")["models"]
        return listed

    def model(self, name: str) -> dict[str, Any]:
        """One model with its card; `name` or `name@version`."""
        card: dict[str, Any] = self.answer_to("GET", f"/v1/models/{name}")
        return card

    def ready(self) -> bool:
        """Whether the server can be reached and is ready."""
        try:
            self.answer_to("GET", "/health/ready")
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

    def answer_to(self, method: str, path: str, **request: Any) -> Any:
        """The JSON of an answer.

        Raises:
            ApiError: the server refused the request.
            httpx.HTTPError: the server cannot be reached.
        """
        reply = self._http.request(method, self._url + path, **request)
        document = _document(reply)
        if reply.is_success:
            return document
        wait = reply.headers.get("Retry-After", "")
        problem = document if isinstance(document, dict) else {}
        raise ApiError(reply.status_code, problem, float(wait) if wait.isdigit() else None)


def _item(instance: Path | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    """An item of a list; the format is left for the server to see."""
    if isinstance(instance, Mapping):
        return instance
    data = instance.read_bytes() if isinstance(instance, Path) else instance
    text = (gzip.decompress(data) if data.startswith(GZIP_MAGIC) else data).decode()
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


def _document(reply: httpx.Response) -> Any:
    """The JSON of a reply; an empty object where it is none."""
    try:
        return reply.json()
    except ValueError:
        return {}
