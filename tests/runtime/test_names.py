"""What a model may be called."""

from __future__ import annotations

import pytest

from runtime.names import InvalidModelName, RegistryError, check_name, is_name


@pytest.mark.parametrize("name", ["a", "0", "a" * 64, "a.b_c-d", "1.0"])
def test_good_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "A", "a/b", "a\n", "a" * 65, "-a", "a\0b"])
def test_bad_names(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(InvalidModelName):
        check_name(name)


def test_every_error_has_a_type_and_a_title_of_its_own() -> None:
    kinds: list[type[RegistryError]] = [RegistryError, *RegistryError.__subclasses__()]
    assert len({kind.type for kind in kinds}) == len({kind.title for kind in kinds}) == len(kinds)
