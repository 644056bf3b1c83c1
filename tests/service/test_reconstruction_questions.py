"""Operators and shapes as lines of text, and what questions may ask."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.errors import InvalidRequest, QuestionTooLarge
from service.reconstruction_questions import (
    Approach,
    Degradation,
    asked_degradation,
    operator_of,
    operator_with,
    shape_of,
)
from service.settings import Settings
from solvers.implicit.errors import InvalidOperator


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("blur", {"kind": "blur"}),
        (" blur : sigma = 2 , size=5 ", {"kind": "blur", "sigma": 2, "size": 5}),
        ("blur:sigma=2.5e-1", {"kind": "blur", "sigma": 0.25}),
        ('{"kind": "inpainting", "share_kept": 0.5}', {"kind": "inpainting", "share_kept": 0.5}),
        ('{"kind": "blur", "kernel": [[1, 2, 1]]}', {"kind": "blur", "kernel": [[1.0, 2.0, 1.0]]}),
        ('{"kind": "tomography", "angles": [0, 45]}', {"kind": "tomography", "angles": [0.0, 45.0]}),
    ],
)
def test_operators_of_text(text: str, operator: dict[str, Any]) -> None:
    assert operator_of(text) == operator


@pytest.mark.parametrize(
    "text",
    [
        "", "lens", "blur:", "blur:sigma", "blur:=2", "blur:sigma=", "blur:sigma=x", "blur:sigma=inf",
        "blur:kind=blur", "blur:angles=3", "{", "{}", '{"kind": ["blur"]}', '{"kind": "blur", "sigma": true}',
        '{"kind": "blur", "sigma": "2"}', "blur:sigma=2,sigma=2",
        '{"kind": "blur", "kernel": 3}', '{"kind": "blur", "sigma": [2]}',
        '{"kind": "inpainting", "mask": [["1"]]}',
    ],
)  # fmt: skip
def test_what_is_no_operator(text: str) -> None:
    with pytest.raises(InvalidOperator):
        operator_of(text)


def test_shapes_of_text() -> None:
    assert shape_of(None) is None
    assert shape_of("128x96") == shape_of("128×96") == shape_of("128X96") == (128, 96)
    for text in ("", "128", "1x2x3", "ax2", "-1x2", "1.5x2", "1000000000x2", "²x2"):
        with pytest.raises(InvalidRequest):
            shape_of(text)


def test_a_degradation_is_asked_for_as_a_whole() -> None:
    assert asked_degradation(True, None, None, None) == Degradation(0.01, 0)
    assert asked_degradation(True, 0.0, 7, 99) == Degradation(0.0, 7)
    assert asked_degradation(False, None, None, None) is None
    for said in ((0.1, None, None), (None, 1, None), (None, None, 64)):
        with pytest.raises(InvalidRequest, match="goes with degrade"):
            asked_degradation(False, *said)
    for noise, seed in ((-0.1, 0), (float("nan"), 0), (11.0, 0), (0.1, -1), (0.1, 2**32)):
        with pytest.raises(InvalidRequest):
            Degradation(noise, seed).check()


def test_limits_are_a_servers_only(settings: Settings) -> None:
    many = Approach(("total-variation",), max_iterations=settings.max_iterations + 1)
    with pytest.raises(QuestionTooLarge, match="max_iterations"):
        many.check(settings)
    many.check(settings, limited=False)
    long = Approach(time_limit=settings.solve_seconds + 1)
    with pytest.raises(InvalidRequest, match="time_limit"):
        long.check(settings)
    long.check(settings, limited=False)


@pytest.mark.parametrize(
    "said",
    [
        {"methods": ("magic",)},
        {"methods": ("network", "network")},
        {"methods": ("zero-filled",), "model": "mine"},
        {"tolerance": float("nan")},
        {"tolerance": 1.01},
        {"regularization": 0.0},
        {"regularization": 1e308},
        {"max_iterations": 0},
        {"time_limit": -1.0},
    ],
)
def test_what_makes_no_sense_is_refused(settings: Settings, said: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        Approach(**said).check(settings, limited=False)


def test_an_array_beside_a_text_completes_it_or_tells_the_kind() -> None:
    kernel = np.ones((1, 3), dtype=np.float32)
    expected = {"kind": "blur", "kernel": [[1.0, 1.0, 1.0]]}
    assert operator_with(None, {"kernel": kernel}) == operator_with("blur", {"kernel": kernel}) == expected
    assert operator_with(None, {}) is None
    assert operator_with("blur", {}) == {"kind": "blur"}
    with pytest.raises(InvalidOperator, match="no parameter 'kernel'"):
        operator_with("inpainting", {"kernel": kernel})
    with pytest.raises(InvalidRequest, match="both"):
        operator_with("tomography:angles=3", {"angles": np.zeros(2)})
