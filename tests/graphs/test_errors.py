"""The tree of input errors: its text, its order, and that it travels between processes."""

from __future__ import annotations

import pickle

import pytest

from graphs.errors import (
    InstanceError,
    InstanceTooLarge,
    InvalidBounds,
    MalformedFile,
    UnsupportedSection,
    quote,
)

KINDS = [InstanceError, MalformedFile, UnsupportedSection, InvalidBounds, InstanceTooLarge]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_an_instance_error_with_its_own_type(kind: type[InstanceError]) -> None:
    assert issubclass(kind, InstanceError)
    assert [other.type for other in KINDS].count(kind.type) == 1
    assert kind.title


@pytest.mark.parametrize("kind", KINDS)
def test_errors_survive_pickling(kind: type[InstanceError]) -> None:
    error = kind("wrong", file="a.mps", line=3, column=5, hint="mend it")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert vars(back) == vars(error)
    assert str(back) == str(error) == "a.mps:3:5: wrong (mend it)"


def test_what_is_not_known_is_left_out() -> None:
    assert str(MalformedFile("wrong")) == "wrong"
    assert str(MalformedFile("wrong", file="a.mps", hint="mend it")) == "a.mps: wrong (mend it)"


def test_quotes_are_short_and_printable() -> None:
    assert quote("x1") == "'x1'"
    assert quote("a\x1b[0m\n") == "'a·[0m·'"
    assert quote("y" * 41) == "'" + "y" * 39 + "…'"
    assert len(quote("z" * 10**6)) == 42
