"""The layout shows the architecture: imports run one way, without circles, and torch stays in its place."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

LAYERS = ("runtime", "graphs", "solvers", "training", "service")
ROOT = Path(__file__).resolve().parent.parent
TORCH_FREE = (
    "graphs.instance", "graphs.points", "graphs.errors", "graphs.prediction", "graphs.readers",
    "graphs.writers", "graphs.basis", "graphs.highs_lp", "graphs.readers.lp",
    "graphs.blocks", "graphs.scaling", "graphs.features", "graphs.refinement",
    "solvers.linear.certificate", "solvers.linear.trivial", "solvers.linear.projection",
    "solvers.linear.batch", "solvers.linear.rational.exact_certificate", "solvers.linear.verify.verification",
    "solvers.sparse.certificate", "solvers.sparse.variants", "solvers.sparse.errors", "service.sparse_cli",
    "solvers.linear.lane.exact_lane", "solvers.linear.lane.recheck", "service.pipeline", "service.verifying",
    "solvers.implicit.imaging.operator_kinds", "solvers.implicit.imaging.methods", "solvers.implicit.errors",
    "service.reconstruct_cli", "service.equilibrium_cli", "service.picture_files", "service.calculations_cli",
    "service.reconstruct_commands", "service.equilibrium_commands", "service.reconstruction_output",
    "service.equilibrium_output", "service.reconstruction_questions", "service.equilibrium_questions",
    "service.client_calculations", "service.measurement_arrays", "service.implicit_models",
    "service.http.reconstruction_route", "service.http.equilibrium_route", "service.http.reconstruction_body",
    "service.http.equilibrium_body", "training.implicit_cli", "training.implicit.pictures",
    "solvers.implicit.games.roads", "solvers.implicit.games.shortest_ways",
    "solvers.implicit.games.flow_repair", "service.question_limits",
    "runtime.registry", "service.client", "service.cli", "service.http.app", "service.http.server",
)  # fmt: skip


def modules() -> dict[str, Path]:
    found = {}
    for layer in LAYERS:
        for path in (ROOT / layer).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, inside functions too; those for type checkers alone are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_imports_run_one_way() -> None:
    for name, path in modules().items():
        layer = LAYERS.index(name.split(".")[0])
        for imported in imports(path):
            top = imported.split(".")[0]
            if top in LAYERS:
                assert LAYERS.index(top) <= layer, f"{name} imports {imported}"


def test_there_are_no_import_circles() -> None:
    known = modules()
    graph = {
        name: {imported for imported in imports(path) if imported in known and imported != name}
        for name, path in known.items()
    }
    # a package's __init__ re-exports its modules: that is no circle
    for name, path in known.items():
        if path.name == "__init__.py":
            for inner in graph[name]:
                if inner.startswith(f"{name}."):
                    graph[inner].discard(name)
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("module", TORCH_FREE)
def test_stays_free_of_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_server_loads_neither_training_nor_solvers() -> None:
    code = (
        "import sys, service.http.app, graphs.predictor\n"
        "heavy = [name for name in ('training', 'highspy', 'pyscipopt') if name in sys.modules]\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_files_are_small() -> None:
    long = {name: len(path.read_text().splitlines()) for name, path in modules().items()}
    assert {name: lines for name, lines in long.items() if lines > 300} == {}
