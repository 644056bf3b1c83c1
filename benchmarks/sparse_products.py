"""Half-convolution products: compressed rows (ours) against PyG's gather and scatter, one thread.

.venv/bin/python -m benchmarks.sparse_products
"""

from __future__ import annotations

import torch
from torch_geometric.nn import MessagePassing

from benchmarks.harness import interleaved, medians, write_result
from graphs.bipartite import build_graphs
from graphs.geometric import collate
from graphs.network.batch import BipartiteBatch
from graphs.network.message_passing import SparseMatrix
from training.families import FAMILIES, generate

SEED, GRAPHS, REPEATS = 0, 128, 40


class EdgeMessages(MessagePassing):  # type: ignore[misc]
    """Σ_j a_ij h_j by PyG's general message passing."""

    def __init__(self) -> None:
        super().__init__(aggr="sum")

    def forward(
        self, source: torch.Tensor, edge_index: torch.Tensor, weight: torch.Tensor, rows: int
    ) -> torch.Tensor:
        return self.propagate(edge_index, x=(source, None), weight=weight, size=(len(source), rows))  # type: ignore[no-any-return]

    def message(self, x_j: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return x_j * weight[:, None]


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    graphs = build_graphs(list(generate(FAMILIES["random-lp"], GRAPHS, seed=SEED)))
    ours, theirs = BipartiteBatch.of(graphs), collate(graphs)
    matrix = SparseMatrix(ours.structure, ours.edge_value)
    layer = EdgeMessages()
    edges = theirs.edge_index.flip(0)  # from columns to rows
    rows = len(ours.constraint_graph)
    figures = {}
    for width in (12, 48, 64):
        source = torch.randn(len(ours.variable_graph), width)
        torch.testing.assert_close(
            matrix @ source, layer(source, edges, theirs.edge_value, rows), rtol=1e-4, atol=1e-4
        )

        def forward_backward_ours(source: torch.Tensor = source) -> None:
            leaf = source.clone().requires_grad_()
            (matrix @ leaf).sum().backward()

        def forward_backward_pyg(source: torch.Tensor = source) -> None:
            leaf = source.clone().requires_grad_()
            layer(leaf, edges, theirs.edge_value, rows).sum().backward()

        found = medians(
            interleaved({"farkas": forward_backward_ours, "pyg": forward_backward_pyg}, repeats=REPEATS)
        )
        figures[f"width {width}"] = {
            "farkas_ms": round(1e3 * found["farkas"], 3),
            "pyg_ms": round(1e3 * found["pyg"], 3),
            "ratio": round(found["farkas"] / found["pyg"], 4),
        }
        print(f"width {width}", figures[f"width {width}"])
    print(write_result("sparse_products", seed=SEED, figures={"forward_and_backward": figures}))


if __name__ == "__main__":
    main()
