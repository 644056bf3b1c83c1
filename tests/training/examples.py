"""Small labelled data for the training tests: solved exactly, in process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from solvers.linear.exact.adapters import solve_highs
from training.dataset import Dataset, build_dataset
from training.families import FAMILIES, generate
from training.shards import LABELS, LabelledInstance, row_of, write_shard

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


def write_labels(folder: Path, items: Sequence[LabelledInstance]) -> Path:
    """A labelled folder of these instances, without their files."""
    (folder / LABELS).mkdir(parents=True)
    rows = [
        row_of(item.instance, item, file=item.file, family=item.family, parent=item.parent) for item in items
    ]
    write_shard(folder / LABELS / "part-00000.parquet", rows)
    return folder
