"""What can be asked of sparse recovery, and what makes no sense for any dictionary."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from service.errors import InvalidRequest, QuestionTooLarge
from service.settings import Settings
from service.sparse_questions import Method, check_sizes
from solvers.sparse.errors import InvalidRegularization, UnknownVariant


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"variant": "alista", "layers": 200, "model": "any"},
        {"regularization": 1e-9},
        {"regularization": 1.0, "duality_gap": 1e-12, "time_limit": 30.0},
    ],
)
def test_what_makes_sense_passes(settings: Settings, asked: dict[str, Any]) -> None:
    Method(**asked).check(settings)


@pytest.mark.parametrize(
    ("asked", "kind", "says"),
    [
        ({"variant": "oracle"}, UnknownVariant, "oracle"),
        ({"layers": 0}, InvalidRequest, "layers"),
        ({"layers": -5}, InvalidRequest, "layers"),
        ({"layers": 201}, QuestionTooLarge, "200"),
        *(({"regularization": number}, InvalidRegularization, "λ") for number in (0.0, -1.0, nan, inf, -inf)),
        *(
            ({"regularization": 1.0, "duality_gap": number}, InvalidRequest, "duality_gap")
            for number in (0.0, -1.0, nan, inf)
        ),
        ({"duality_gap": 1e-3}, InvalidRequest, "regularization"),
        ({"time_limit": 1.0}, InvalidRequest, "duality_gap"),
        *(
            ({"regularization": 1.0, "duality_gap": 1.0, "time_limit": number}, InvalidRequest, "time_limit")
            for number in (0.0, nan, inf, 31.0)
        ),
    ],
)
def test_what_makes_none_is_refused(
    settings: Settings, asked: dict[str, Any], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        Method(**asked).check(settings)


def test_a_command_has_no_such_limits(settings: Settings) -> None:
    method = Method("cpss", 500, None, 1.0, 1e-6, 100.0)
    with pytest.raises(QuestionTooLarge):
        method.check(settings)
    method.check(settings, limited=False)
    assert method.named() == Method("lista-cpss", 500, None, 1.0, 1e-6, 100.0)
    with pytest.raises(InvalidRequest, match="time_limit"):
        Method(regularization=1.0, duality_gap=1e-6, time_limit=inf).check(settings, limited=False)


def test_sizes_are_limited_each_by_its_own_setting(settings: Settings) -> None:
    limits = settings.model_copy(update={"max_dictionary": 100, "max_measurements": 10, "max_codes": 150})
    check_sizes(5, 20, 7, limits)
    check_sizes(10, 10, 10, limits)
    for rows, columns, measurements, name in (
        (5, 21, 1, "DICTIONARY"),
        (2, 3, 11, "MEASUREMENTS"),
        (5, 20, 8, "CODES"),
        (20, 5, 8, "CODES"),
    ):
        with pytest.raises(QuestionTooLarge) as caught:
            check_sizes(rows, columns, measurements, limits)
        assert f"FARKAS_MAX_{name}" in caught.value.hint
