"""Small labelled data for the training tests: solved exactly, in process."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from solvers.linear.exact import solve_highs
from training.dataset import Dataset, build_dataset
from training.families import FAMILIES, generate
from training.shards import LabelledInstance

SIZE = {"rows": 5, "columns": 12, "nonzeros": 24}


def labelled(count: int, *, family: str = "random-lp-infinite", seed: int = 3) -> Iterator[LabelledInstance]:
    """Instances with the answers of HiGHS."""
    for instance in generate(FAMILIES[family], count, seed=seed, size=SIZE):
        answer = solve_highs(instance, time_limit=10.0)
        yield LabelledInstance(
            answer.status,
            objective=answer.objective,
            primal=answer.primal,
            dual=answer.dual,
            farkas_ray=answer.farkas_ray,
            unbounded_ray=answer.unbounded_ray,
            instance=instance,
            sha256=instance.sha256,
            file=f"{instance.name}.mps",
            family=family,
        )


@cache
def dataset(count: int = 120, family: str = "random-lp-infinite") -> Dataset:
    return build_dataset(labelled(count, family=family))
