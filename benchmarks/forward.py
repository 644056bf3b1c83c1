"""The network's forward pass against the bare dense and sparse products that it consists of, one thread.

    python -m benchmarks.forward

The products of one pass are recorded with their operands, then repeated by themselves into memory that is at
hand: what a pass would cost if everything between them (norms, activations, projections, pooling, allocation)
were free.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.harness import interleaved, medians, write_result
from graphs.bipartite import build_graphs
from graphs.instance import Instance
from graphs.network.batch import BipartiteBatch
from graphs.network.gnn import CandidateNetwork
from service.loading import load_predictor
from service.settings import registry_of, settings_from
from training.families import FAMILIES, generate

SEED, REPEATS = 0, 40

Product = tuple[Tensor, Tensor]


class Recorder(TorchDispatchMode):
    """Notes the operands of every product of two matrices."""

    def __init__(self) -> None:
        super().__init__()
        self.products: list[Product] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        match str(function):
            case "aten.linear.default":
                self._note(args[0], args[1].T)
            case "aten.addmm.default" | "aten.addmm_.default":
                self._note(args[1], args[2])
            case "aten.mm.default" | "aten.matmul.default":
                self._note(args[0], args[1])
        return function(*args, **(kwargs or {}))

    def _note(self, left: Tensor, right: Tensor) -> None:
        if left.ndim == right.ndim == 2:
            self.products.append((left, right))


def bare(products: list[Product]) -> Callable[[], None]:
    """The products alone, each into a place of its own shape."""
    shapes = {(left.shape[0], right.shape[1]) for left, right in products}
    places = {shape: torch.empty(shape) for shape in shapes}

    @torch.inference_mode()
    def run() -> None:
        for left, right in products:
            place = places[left.shape[0], right.shape[1]]
            if left.layout is torch.strided:
                torch.mm(left, right, out=place)
            else:
                place.addmm_(left, right, beta=0)

    return run


def compare(network: CandidateNetwork, instances: list[Instance]) -> dict[str, Any]:
    batch = BipartiteBatch.of(build_graphs(instances))
    recorder = Recorder()
    with torch.inference_mode(), recorder:
        network(batch)

    @torch.inference_mode()
    def forward() -> None:
        network(batch)

    found = medians(interleaved({"farkas": forward, "bare": bare(recorder.products)}, repeats=REPEATS))
    sparse = sum(left.layout is not torch.strided for left, _ in recorder.products)
    return {
        "instances": len(instances),
        "rows": sum(instance.rows for instance in instances),
        "columns": sum(instance.columns for instance in instances),
        "nonzeros": sum(instance.nonzeros for instance in instances),
        "products": {"dense": len(recorder.products) - sparse, "sparse": sparse},
        "forward_ms": round(1e3 * found["farkas"], 3),
        "bare_products_ms": round(1e3 * found["bare"], 3),
        "ratio": round(found["farkas"] / found["bare"], 3),
    }


def main() -> None:
    settings = settings_from()
    network = load_predictor(registry_of(settings).resolve("bundled"), settings).network
    cases = {"64 random-lp 10x50": ("random-lp", 64), "1 set-cover 500x1000": ("set-cover", 1)}
    cases["16 set-cover 500x1000"] = ("set-cover", 16)
    figures = {}
    for title, (family, count) in cases.items():
        figures[title] = compare(network, list(generate(FAMILIES[family], count, seed=SEED)))
        print(title, figures[title])
    print(write_result("forward", seed=SEED, figures={"forward_pass": figures}))


if __name__ == "__main__":
    main()
