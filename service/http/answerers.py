"""In the worker: what answers each kind of calculation, loaded when the first such question comes."""

from __future__ import annotations

from collections.abc import Callable

from service.http.calculations import SPARSE_RECOVERY, Calculation
from service.http.questions import Reply
from service.settings import Settings

Answer = Callable[[Calculation], Reply]


def _sparse_recovery(settings: Settings) -> Answer:
    from service.http.sparse_answering import SparseAnswerer

    return SparseAnswerer(settings).answer


ANSWERERS: dict[str, Callable[[Settings], Answer]] = {SPARSE_RECOVERY: _sparse_recovery}
"""What makes the answerer of each kind, in the worker, when the first such question comes."""
