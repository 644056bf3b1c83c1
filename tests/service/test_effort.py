"""What can be asked for, and what does not go together."""

from __future__ import annotations

from typing import Any

import pytest

from service.choices import Policy
from service.effort import Effort
from service.errors import InvalidRequest


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_limit": 0.0},
        {"time_limit": float("nan")},
        {"time_limit": float("inf")},
        {"work": -1.0},
        {"gap": 1.0},
        {"gap": -1e-9},
        {"gap": float("nan")},
        {"deadline": 1.0},
        {"deadline": 0.0, "policy": Policy.AUTO},
        {"deadline": 1.0, "policy": Policy.SOLVE},
        {"explain": True},
        {"explain": True, "policy": Policy.CERTIFY},
    ],
)
def test_what_does_not_go_together_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        Effort(**wrong)


def test_like_efforts_are_one_key() -> None:
    first, second = (Effort(policy=Policy.AUTO, deadline=2.0) for _ in range(2))
    assert {first: 1}[second] == 1
    assert first != Effort(policy=Policy.AUTO, deadline=3.0)


@pytest.mark.parametrize(
    ("policy", "may"), [("predict", False), ("certify", False), ("solve", True), ("auto", True)]
)
def test_who_may_ask_a_solver(policy: str, may: bool) -> None:
    assert Effort(policy=Policy(policy)).may_solve is may
