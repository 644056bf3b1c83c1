"""What can be asked of sparse recovery, over HTTP and by the command alike; torch-free."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from service.arrays import Matrix
from service.errors import InvalidRequest, QuestionTooLarge
from service.question_limits import check_time, is_positive, raise_limit
from service.settings import Settings
from solvers.sparse.errors import InvalidRegularization
from solvers.sparse.variants import find_variant

VARIANT, LAYERS = "hyperlista", 16
"""Of who asks for none in particular; a trained network brings its own."""


@dataclass(frozen=True, slots=True)
class Method:
    """How codes are to be found.

    Attributes:
        variant: None for the model's, or for VARIANT without one.
        layers: None for all that were trained, or for LAYERS.
        model: a trained network or numbers of the registry, `name` or `name@version`; None for those that
            the registry has for variant and dictionary.
        regularization: λ.
        duality_gap: relative to ½‖b‖²; with λ only: go on until it is proved.
        time_limit: seconds that going on may take; None for what the settings give.
    """

    variant: str | None = None
    layers: int | None = None
    model: str | None = None
    regularization: float | None = None
    duality_gap: float | None = None
    time_limit: float | None = None

    def check(self, settings: Settings, *, limited: bool = True) -> None:
        """Refuse what makes no sense for any dictionary and, if `limited`, what is beyond a server's limits.

        Raises:
            UnknownVariant, InvalidRegularization, InvalidRequest, QuestionTooLarge
        """
        if self.variant is not None:
            find_variant(self.variant)
        if self.layers is not None and self.layers < 1:
            raise InvalidRequest("layers: at least 1")
        if limited and self.layers is not None and self.layers > settings.max_layers:
            raise QuestionTooLarge(f"layers: more than {settings.max_layers}", hint=raise_limit("MAX_LAYERS"))
        if self.regularization is not None and not is_positive(self.regularization):
            raise InvalidRegularization(f"λ must be a positive number, not {self.regularization}")
        self._check_proof()
        check_time(self.time_limit, settings, limited=limited)

    def named(self) -> Method:
        """The same with the variant by its full name: `cpss` is `lista-cpss`.

        Raises:
            UnknownVariant
        """
        return self if self.variant is None else replace(self, variant=find_variant(self.variant).name)

    def _check_proof(self) -> None:
        if self.duality_gap is not None and not is_positive(self.duality_gap):
            raise InvalidRequest("duality_gap: a positive number, relative to ½‖b‖²")
        if self.duality_gap is not None and self.regularization is None:
            raise InvalidRequest(
                "duality_gap goes with regularization", hint="without λ there is no objective to bound"
            )
        if self.time_limit is not None and self.duality_gap is None:
            raise InvalidRequest("time_limit goes with duality_gap")


@dataclass(frozen=True, eq=False)
class SparseQuestion:
    """Attributes:
    dictionary: A as rows, shape (m, n), or a name of the registry.
    measurements: b, one row, shape (m,), or many, shape (B, m).
    method: how.
    """

    dictionary: Matrix | str
    measurements: Matrix
    method: Method = field(default_factory=Method)


def check_sizes(rows: int, columns: int, measurements: int, settings: Settings) -> None:
    """Refuse a dictionary or measurements beyond the settings' limits.

    Raises:
        QuestionTooLarge
    """
    if rows * columns > settings.max_dictionary:
        raise QuestionTooLarge(
            f"the dictionary has more than {settings.max_dictionary:,} numbers",
            hint=raise_limit("MAX_DICTIONARY"),
        )
    if measurements > settings.max_measurements:
        raise QuestionTooLarge(
            f"there are more than {settings.max_measurements:,} measurements",
            hint=f"send them in several requests, or {raise_limit('MAX_MEASUREMENTS')}",
        )
    if measurements * max(rows, columns) > settings.max_codes:
        raise QuestionTooLarge(
            f"codes or measurements have more than {settings.max_codes:,} numbers",
            hint=f"send them in several requests, or {raise_limit('MAX_CODES')}",
        )
