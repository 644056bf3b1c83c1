"""Messages of the API in the words of a command's options: image_shape is --image-shape there; torch-free."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import OWN
from service.fatal import fatal, fatal_in_one_line

_MEMBER = re.compile(
    r"\b(?:image_shape|max_iterations|time_limit)\b(?!=)"
    r"|\b(?:noise|seed|size)(?= goes with degrade)|(?<=goes with )degrade\b|(?<=goes without )degrade\b"
    r"|^(?:noise|seed|size|tolerance|regularization)(?=: )|^model(?= goes with)"
)


def in_option_words(text: str) -> str:
    """A message with the members of the API's body as options."""
    return _MEMBER.sub(lambda found: "--" + found.group().replace("_", "-"), text)


@contextmanager
def fatal_in_option_words() -> Iterator[None]:
    """As `fatal_in_one_line`, in an option's words."""
    with fatal_in_one_line():
        try:
            yield
        except OWN as error:
            detail, hint = in_option_words(error.detail), in_option_words(error.hint or "")
            raise fatal(detail + (f" ({hint})" if hint else "")) from error
