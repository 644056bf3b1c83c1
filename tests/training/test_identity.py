from __future__ import annotations

from pathlib import Path

import pytest

from training.identity import DifferentRun, claim_folder


def test_a_folder_belongs_to_the_run_that_claimed_it_first(tmp_path: Path) -> None:
    this = {"seed": 1, "config": {"layers": [1, 2]}}
    claim_folder(tmp_path, this)
    claim_folder(tmp_path, this)
    with pytest.raises(DifferentRun, match=r"\(seed differ"):
        claim_folder(tmp_path, {**this, "seed": 2})


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000])
def test_a_damaged_record_is_told(content: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(DifferentRun, match="damaged"):
        claim_folder(tmp_path, {"seed": 1})
