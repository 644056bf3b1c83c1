"""What can be wrong with a dictionary, with measurements, with a question about them."""

from __future__ import annotations

from solvers.refused_question import RefusedQuestion


class SparseInputError(RefusedQuestion):
    """A question that has no answer as it stands."""

    type = "invalid-recovery"
    title = "The question of sparse recovery is not valid"


class InvalidDictionary(SparseInputError):
    """No matrix of finite numbers, or one with a column of zeros."""

    type = "invalid-dictionary"
    title = "The dictionary is not valid"


class InvalidMeasurements(SparseInputError):
    """No rows of finite numbers."""

    type = "invalid-measurements"
    title = "The measurements are not valid"


class ShapeMismatch(SparseInputError):
    """Measurements, parameters or a start that do not fit the dictionary."""

    type = "shape-mismatch"
    title = "The parts of the question do not fit together"


class InvalidRegularization(SparseInputError):
    """λ is missing where a method needs it, not positive, or not finite."""

    type = "invalid-regularization"
    title = "The regularization is not valid"


class UnknownVariant(SparseInputError):
    """No variant has this name."""

    type = "unknown-variant"
    title = "There is no such variant"


class UntrainedVariant(SparseInputError):
    """A variant whose weights must be trained for the dictionary first."""

    type = "untrained-variant"
    title = "The variant is not trained for this dictionary"


class TooManyLayers(SparseInputError):
    """More layers than were trained."""

    type = "too-many-layers"
    title = "There are not so many trained layers"


class MissingSolver(SparseInputError):
    """A solver that is not installed was asked for."""

    type = "missing-solver"
    title = "The solver is not installed"
