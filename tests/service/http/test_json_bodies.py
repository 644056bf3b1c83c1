"""JSON bodies: strict, bounded, discreet."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.errors import MalformedFile
from service.errors import InvalidRequest, QuestionTooLarge
from service.http.json_bodies import decoded


class Shape(msgspec.Struct, forbid_unknown_fields=True):
    rows: list[list[float]]
    count: int = 1


def test_what_fits_is_read() -> None:
    assert decoded(b'{"rows": [[1, 2.5]], "count": 3}', Shape, most_numbers=5).rows == [[1.0, 2.5]]


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b'{"rows": [[1, true]]}', InvalidRequest, r"\$.rows"),
        (b'{"rows": [], "count": 1.5}', InvalidRequest, r"\$.count"),
        (b"{}", InvalidRequest, "rows"),
        (b'{"rows": [], "secret": 1}', InvalidRequest, "unknown field"),
        (b'{"rows": [[NaN]]}', MalformedFile, "JSON"),
        (b'{"rows": [[1e999]]}', Exception, "."),
        (b"", MalformedFile, "JSON"),
        (b'{"rows": "\xff"}', Exception, "."),
        (b'{"rows": ' + b"[" * 100_000, Exception, "."),
        (b"[1,2,3,4,5,6,7]", QuestionTooLarge, "5 numbers"),
    ],
)
def test_what_does_not_fit_is_refused(body: bytes, kind: type[Exception], says: str) -> None:
    with pytest.raises((InvalidRequest, MalformedFile, QuestionTooLarge), match=says) as caught:
        decoded(body, Shape, most_numbers=5)
    assert isinstance(caught.value, kind)


@given(st.text(min_size=100, max_size=200))
def test_little_of_the_input_is_repeated(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decoded(msgspec.json.encode({"rows": [], name: 1}), Shape, most_numbers=1000)
    assert name not in caught.value.detail
    assert len(caught.value.detail) < 300
