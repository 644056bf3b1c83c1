"""What can be wrong with a dictionary, with measurements, with a question about them."""

from __future__ import annotations


class SparseInputError(Exception):
    """A question that has no answer as it stands.

    Attributes:
        detail: what is wrong.
        hint: what to do about it, or None.
    """

    def __init__(self, detail: str, *, hint: str | None = None) -> None:
        super().__init__(detail if hint is None else f"{detail} ({hint})")
        self.detail = detail
        self.hint = hint


class InvalidDictionary(SparseInputError):
    """No matrix of finite numbers, or one with a column of zeros."""


class InvalidMeasurements(SparseInputError):
    """No rows of finite numbers."""


class ShapeMismatch(SparseInputError):
    """Measurements, parameters or a start that do not fit the dictionary."""


class InvalidRegularization(SparseInputError):
    """λ is missing where a method needs it, not positive, or not finite."""


class UntrainedVariant(SparseInputError):
    """A variant whose weights must be trained for the dictionary first."""


class TooManyLayers(SparseInputError):
    """More layers than were trained."""
