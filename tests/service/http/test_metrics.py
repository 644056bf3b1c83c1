"""Counters: every one that the documentation and the dashboard name is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from runtime.results import TaskTimeout
from service.errors import problem_of_status
from service.http.engine import Engine
from service.http.metrics import Metrics
from service.http.questions import Reply
from service.settings import Settings


@pytest.fixture
def names(settings: Settings) -> set[str]:
    """Every name of a sample, after one of everything."""
    metrics = Engine(settings).metrics
    metrics.note_batch(3)
    metrics.note_loss(TaskTimeout(1.0))
    metrics.note_reply(Reply(problem=problem_of_status(400, "")))
    metrics.note_reply(Reply(b"{}", None, "optimal", "certified", (("read", 0.1),)))
    metrics.body_bytes.observe(1.0)
    metrics.requests.labels("GET", "/", "200").inc()
    metrics.request_seconds.labels("/").observe(0.1)
    return set(re.findall(r"^([a-z_]+)[ {]", metrics.to_text().decode(), re.MULTILINE))


def test_the_dashboard_asks_only_for_what_there_is(repository_root: Path, names: set[str]) -> None:
    dashboard = json.loads((repository_root / "docs" / "grafana-dashboard.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    found = {name for query in asked for name in re.findall(r"\b(?:farkas|process)_[a-z_]+", query)}
    assert len(found) > 10
    assert found <= names


def test_the_documentation_names_every_metric(repository_root: Path, names: set[str]) -> None:
    text = (repository_root / "docs" / "api.md").read_text()
    ends = re.compile(r"_(bucket|sum|count|created)$")
    own = {ends.sub("", name.removeprefix("farkas_")) for name in names if name.startswith("farkas_")}
    own = {f"{name}_total" if f"farkas_{name}_total" in names else name for name in own}
    assert [name for name in sorted(own) if f"`{name}`" not in text] == []


def test_two_servers_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.note_batch(1)
    assert b"farkas_batch_size_count 1.0" in first.to_text()
    assert b"farkas_batch_size_count 0.0" in second.to_text()
