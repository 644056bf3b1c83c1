"""In the worker: what answers each kind of calculation, loaded when the first such question comes."""

from __future__ import annotations

from collections.abc import Callable

from service.http.calculations import EQUILIBRIUM, RECONSTRUCT, SPARSE_RECOVERY, Calculation
from service.http.questions import Reply
from service.settings import Settings

Answer = Callable[[Calculation], Reply]


def _sparse_recovery(settings: Settings) -> Answer:
    from service.http.sparse_answering import SparseAnswerer

    return SparseAnswerer(settings).answer


def _reconstruct(settings: Settings) -> Answer:
    from service.http.reconstruction_answering import ReconstructionAnswerer

    return ReconstructionAnswerer(settings).answer


def _equilibrium(settings: Settings) -> Answer:
    from service.http.equilibrium_answering import EquilibriumAnswerer

    return EquilibriumAnswerer(settings).answer


ANSWERERS: dict[str, Callable[[Settings], Answer]] = {
    SPARSE_RECOVERY: _sparse_recovery,
    RECONSTRUCT: _reconstruct,
    EQUILIBRIUM: _equilibrium,
}
"""What makes the answerer of each kind, in the worker, when the first such question comes."""
