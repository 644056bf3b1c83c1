"""What docs/programs.md shows runs as it stands, top to bottom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from solvers.implicit.bilevel import hypergradient

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "programs.md"


def test_its_examples_run_and_say_what_they_should(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)
    assert len(blocks) == 6
    known: dict[str, Any] = {"__name__": "programs"}
    for place, block in enumerate(blocks):
        exec(compile(block, f"programs.md, block {place + 1}", "exec"), known)
    said = capsys.readouterr().out
    assert "trained for decisions" in said
    assert torch.allclose(
        known["solution"].primal[0].detach(), torch.tensor([0.5833, 0.3333, 0.0833]).double(), atol=1e-3
    )
    assert "CONVERGED" in said


def test_every_inverse_is_in_it() -> None:
    text = DOCUMENT.read_text()
    inverses = [kind.__name__ for kind in hypergradient.Inverse.__subclasses__()]
    assert len(inverses) == 3
    assert [name for name in inverses if f"`{name}(" not in text] == []
