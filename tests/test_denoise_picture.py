"""The example that denoises a picture, where the extra `imaging` is installed."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "denoise_picture.py"


def test_a_picture_is_denoised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("skimage")
    down, across = np.mgrid[:48, :40]
    picture = 128 + 60 * np.sin(down / 6) + 40 * (across > 20)
    Image.fromarray(picture.astype(np.uint8)).save(tmp_path / "made.png")
    main = runpy.run_path(str(EXAMPLE))["main"]
    main([str(tmp_path / "made.png"), "--rounds", "5", "-o", str(tmp_path / "answers.png")])
    noisy, fista, hyperlista = (
        float(line.split(": ")[1].split()[0]) for line in capsys.readouterr().out.splitlines()
    )
    assert fista > noisy + 2.0
    assert hyperlista > noisy + 2.0
    assert Image.open(tmp_path / "answers.png").size == (4 * 40, 48)


def test_what_is_missing_is_said() -> None:
    code = f"import sys, runpy; sys.modules['skimage'] = None; runpy.run_path({str(EXAMPLE)!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=EXAMPLE.parent.parent
    )
    assert done.returncode == 1
    assert 'pip install "farkas[imaging]"' in done.stderr
