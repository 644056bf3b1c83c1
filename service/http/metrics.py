"""What the server counts, in the form that Prometheus reads; all of it in the server's own process."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.results import TaskFailure
from service.http.questions import Reply

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_BYTES = tuple(float(4**power) for power in range(4, 15))  # 256 bytes to 256 MiB
_SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = self._counter("requests", "Requests answered", "method", "route", "status")
        self.request_seconds = self._histogram("request_seconds", "From head to answer", _SECONDS, "route")
        self.body_bytes = self._histogram("body_bytes", "Request bodies, inflated", _BYTES)
        self.batch_size = self._histogram("batch_size", "Questions a worker takes together", _SIZES)
        self.losses = self._counter("worker_losses", "Batches lost with their worker, by reason", "reason")
        self.answers = self._counter("answers", "Answers", "verdict", "provenance")
        self.calculated = self._counter(
            "calculated", "Items of what is no instance, answered", "kind", "provenance"
        )
        self.problems = self._counter("problems", "Questions without an answer", "type")
        self.step_seconds = self._histogram("step_seconds", "Seconds of a step, per answer", _SECONDS, "step")

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """A gauge read when it is asked for."""
        Gauge(f"farkas_{name}", meaning, registry=self.registry).set_function(value)

    def note_batch(self, size: int) -> None:
        self.batch_size.observe(size)

    def note_loss(self, failure: TaskFailure) -> None:
        self.losses.labels(type(failure).__name__).inc()

    def note_reply(self, reply: Reply, kind: str | None = None) -> None:
        """Count an answer or a problem; `kind` is that of a calculation, None of an instance."""
        if reply.problem is not None:
            self.problems.labels(reply.problem.type).inc()
            return
        if kind is None:
            self.answers.labels(reply.verdict, reply.provenance).inc()
        for provenance, number in reply.provenances:
            self.calculated.labels(kind, provenance).inc(number)
        for step, seconds in reply.seconds:
            self.step_seconds.labels(step).observe(seconds)

    def to_text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"farkas_{name}", meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"farkas_{name}", meaning, labels, buckets=buckets, registry=self.registry)


class CountRequests:
    """Counts every request by its route, never by its address: those are without number."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        status = 500  # of what raises

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            route = _route(scope)
            self.metrics.requests.labels(_method(scope), route, str(status)).inc()
            self.metrics.request_seconds.labels(route).observe(perf_counter() - started)


def _route(scope: Scope) -> str:
    """The route's own pattern; files are counted together, and so are addresses that are none."""
    route = getattr(scope.get("route"), "path", None)
    if isinstance(route, str):
        return route
    return "files" if scope.get("endpoint") is not None else "none"


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other"
