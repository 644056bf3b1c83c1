"""Members of the API's body as a command's options."""

from __future__ import annotations

import pytest
import typer

from service.errors import InvalidRequest
from service.option_words import fatal_in_option_words, in_option_words


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("image_shape is needed", "--image-shape is needed"),
        ("image_shape goes without degrade", "--image-shape goes without --degrade"),
        ("noise goes with degrade", "--noise goes with --degrade"),
        ("max_iterations: at least 1", "--max-iterations: at least 1"),
        ("noise: from 0 to 10", "--noise: from 0 to 10"),
        ("the picture has noise, and a size", "the picture has noise, and a size"),
        ("model goes with the method network", "--model goes with the method network"),
    ],
)
def test_members_are_options(said: str, shown: str) -> None:
    assert in_option_words(said) == shown


def test_the_line_is_fatal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), fatal_in_option_words():
        raise InvalidRequest("image_shape is needed", hint="image_shape such as 2x2")
    assert capsys.readouterr().err == "farkas: --image-shape is needed (--image-shape such as 2x2)\n"
