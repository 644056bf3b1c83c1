"""Pictures side by side for the documentation, as small PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from benchmarks.patch_tuning import psnr

DOCS = Path(__file__).parent.parent / "docs"
SIDE = 128
GAP, LINE = 6, 16


def draw(name: str, clean: Tensor, pictures: Mapping[str, Tensor], methods: Sequence[str]) -> Path:
    """docs/NAME.png: the truth, and what each method makes of it, with its PSNR over the whole picture."""
    panels = [("truth", clean)]
    for method in methods:
        restored = pictures[method]
        panels.append((f"{method}: {psnr(clean, restored):.2f} dB", restored))
    width = len(panels) * (SIDE + GAP) - GAP
    canvas = Image.new("L", (width, SIDE + LINE), 255)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(size=9)
    for place, (title, shown) in enumerate(panels):
        left = place * (SIDE + GAP)
        pen.text((left, 2), title, fill=0, font=font)
        canvas.paste(_grey(shown), (left, LINE))
    path = DOCS / f"{name}.png"
    canvas.save(path, optimize=True)
    return path


def _grey(picture: Tensor) -> Image.Image:
    """The middle."""
    down, across = ((length - SIDE) // 2 for length in picture.shape)
    middle = picture[down : down + SIDE, across : across + SIDE].clamp(0.0, 1.0).numpy()
    return Image.fromarray((255.0 * middle + 0.5).astype(np.uint8), "L")
