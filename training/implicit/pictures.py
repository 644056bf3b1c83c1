"""Pictures to train and test reconstruction on: what packages ship, split so that no part looks like another.

`brain`: axial slices of the T1 template MNI152 (the mean of 152 heads, 1 mm, brain only, symmetric left to
right) that nilearn ships, averaged to 2 mm in the plane. It is one volume: the parts are blocks of
neighbouring slices with 8 mm dropped between them, so a test slice is unlike every training slice by 8 mm of
one head, and not another head. `photographs`: grey pictures that scikit-image ships, each whole picture in
one part. A folder: the user's own, every tenth picture for validation and every tenth for testing.

The second source, for what neither saw: Shepp and Logan's phantom and photographs where slices were trained
on, the slices and the phantom where photographs were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.implicit.errors import InvalidMeasurement

Stack = NDArray[np.float32]
"""Pictures in [0, 1]."""

SLICES = {
    "training": ((20, 52), (76, 100), (126, 151)),
    "validation": ((60, 68),),
    "test": ((108, 118),),
}
"""Axial slices of the template's 189, first and one past the last; 8 are dropped between the parts."""
PHOTOGRAPHS = {
    "training": (
        "astronaut", "chelsea", "hubble_deep_field", "rocket",
        "brick", "gravel", "immunohistochemistry", "retina",
    ),
    "validation": ("coffee", "grass"),
    "test": ("camera", "coins", "moon", "cell"),
}  # fmt: skip
"""Names of functions of `skimage.data` whose pictures are in its wheel."""
_SUFFIXES = (".png", ".jpg", ".jpeg", ".npy")
_LARGEST_FILE = 64 * 2**20


@dataclass(frozen=True, eq=False)
class Pictures:
    """Attributes:
    training: pictures of any shapes, from which crops are taken.
    validation, test, second: stacks of one shape, (N, H, W); `second` of another source.
    source: what they are, for the card.
    """

    training: tuple[Stack, ...]
    validation: Stack
    test: Stack
    second: Stack
    source: str


def load_pictures(source: str, shape: tuple[int, int], folder: Path | None = None) -> Pictures:
    """The parts of a source, `brain` or `photographs`, or of a folder of the user's own."""
    if folder is not None:
        return _of_folder(folder, shape)
    if source == "brain":
        return _brain(shape)
    if source == "photographs":
        return _photographs(shape)
    raise ValueError(f"no pictures {source!r}: brain, photographs, or a folder")


def brain_slices(shape: tuple[int, int]) -> dict[str, Stack]:
    """The slices of each part, cut or filled up with 0 around the middle to the shape.

    Raises:
        ImportError: nilearn is not installed.
    """
    from nilearn.datasets import load_mni152_template

    volume = np.asarray(load_mni152_template(resolution=1).get_fdata(), dtype=np.float32)
    volume = np.clip(volume / volume.max(), 0.0, 1.0).transpose(2, 1, 0)
    fine = volume[:, : volume.shape[1] // 2 * 2, : volume.shape[2] // 2 * 2]
    halved = fine.reshape(len(fine), fine.shape[1] // 2, 2, fine.shape[2] // 2, 2).mean((2, 4))
    parts = {}
    for name, blocks in SLICES.items():
        places = np.concatenate([np.arange(first, end) for first, end in blocks])
        parts[name] = np.stack([middle(halved[place], shape) for place in places])
    return parts


def photograph(name: str) -> Stack:
    """A picture of scikit-image, grey, each 2 × 2 pixels averaged to one."""
    from skimage import data

    return _halved(grey(np.asarray(getattr(data, name)())))


def phantom(shape: tuple[int, int]) -> Stack:
    """Shepp and Logan's phantom, averaged to the largest square that the shape holds."""
    from skimage.data import shepp_logan_phantom
    from skimage.transform import resize

    side = min(shape)
    whole = np.asarray(shepp_logan_phantom(), dtype=np.float64)  # type: ignore[no-untyped-call]
    small = resize(whole, (side, side), anti_aliasing=True)  # type: ignore[no-untyped-call]
    return middle(np.clip(small, 0, 1).astype(np.float32), shape)


def head_scan(shape: tuple[int, int]) -> Stack:
    """A sagittal slice of one real head, skull and neck with it, that matplotlib ships among its sample data,
    made as large as the shape holds. Nothing is trained or tuned on it."""
    from gzip import decompress

    from matplotlib import cbook
    from skimage.transform import resize

    data = decompress(Path(cbook.get_sample_data("s1045.ima.gz", asfileobj=False)).read_bytes())
    whole = np.frombuffer(data, dtype=np.uint16).reshape(256, 256)
    side = min(shape)
    small = resize(whole / whole.max(), (side, side), anti_aliasing=True)  # type: ignore[no-untyped-call]
    return middle(np.clip(small, 0, 1).astype(np.float32), shape)


def grey(picture: NDArray[Any]) -> Stack:
    """In [0, 1]: integers by the range of their type, colours by their luminance (Rec. 709)."""
    values: NDArray[Any] = picture.astype(np.float64)
    if np.issubdtype(picture.dtype, np.integer):
        values = values / np.iinfo(picture.dtype).max
    if values.ndim == 3:
        values = values[..., 0] if values.shape[2] < 3 else values[..., :3] @ _LUMINANCE
    return np.asarray(np.clip(values, 0.0, 1.0), dtype=np.float32)


_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def middle(picture: Stack, shape: tuple[int, int]) -> Stack:
    """The middle of a picture, filled up with 0 where it is smaller."""
    height, width = (max(side, wanted) for side, wanted in zip(picture.shape, shape, strict=True))
    wide = np.zeros((height, width), dtype=np.float32)
    top, left = (height - picture.shape[0]) // 2, (width - picture.shape[1]) // 2
    wide[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    top, left = (height - shape[0]) // 2, (width - shape[1]) // 2
    return wide[top : top + shape[0], left : left + shape[1]]


def tiles(pictures: Sequence[Stack], shape: tuple[int, int], most: int) -> Stack:
    """Parts of the shape that do not overlap, evenly over each picture, at most so many of each."""
    found = []
    for picture in pictures:
        rows = range(0, picture.shape[0] - shape[0] + 1, shape[0])
        columns = range(0, picture.shape[1] - shape[1] + 1, shape[1])
        corners = [(row, column) for row in rows for column in columns]
        for index in np.linspace(0, len(corners) - 1, min(most, len(corners))).round().astype(int):
            row, column = corners[index]
            found.append(picture[row : row + shape[0], column : column + shape[1]])
    if not found:
        raise InvalidMeasurement(f"no picture is as large as {shape[0]} × {shape[1]}")
    return np.stack(found)


def _brain(shape: tuple[int, int]) -> Pictures:
    parts = brain_slices(shape)
    others = [middle(photograph(name), shape) for name in PHOTOGRAPHS["test"]]
    return Pictures(
        training=tuple(parts["training"]),
        validation=parts["validation"],
        test=parts["test"],
        second=np.stack([phantom(shape), *others]),
        source="axial slices of the MNI152 T1 template (nilearn), 2 mm",
    )


def _photographs(shape: tuple[int, int]) -> Pictures:
    parts = {part: [photograph(name) for name in names] for part, names in PHOTOGRAPHS.items()}
    return Pictures(
        training=tuple(parts["training"]),
        validation=tiles(parts["validation"], shape, 6),
        test=tiles(parts["test"], shape, 4),
        second=np.stack([phantom(shape), *_shipped_slices(shape)]),
        source="photographs (scikit-image), grey, halved",
    )


def _shipped_slices(shape: tuple[int, int]) -> list[Stack]:
    """A few brain slices, where nilearn is installed."""
    try:
        return list(brain_slices(shape)["test"][::3])
    except ImportError:
        return []


def _of_folder(folder: Path, shape: tuple[int, int]) -> Pictures:
    if not folder.is_dir():
        raise InvalidMeasurement(f"{folder} is no folder: pictures to train on are files of a folder")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    if len(paths) < 10:
        raise InvalidMeasurement(
            f"{folder} holds {len(paths)} pictures ({', '.join(_SUFFIXES)}): at least 10 are needed"
        )
    pictures = [read_picture(path) for path in paths]
    parts = {
        "test": pictures[::10],
        "validation": pictures[5::10],
        "training": [
            picture for index, picture in enumerate(pictures) if index % 5 or index % 10 not in (0, 5)
        ],
    }
    return Pictures(
        training=tuple(parts["training"]),
        validation=tiles(parts["validation"], shape, 4),
        test=tiles(parts["test"], shape, 4),
        second=phantom(shape)[None],
        source=f"{len(paths)} pictures of one's own",
    )


def read_picture(path: Path) -> Stack:
    """A grey picture in [0, 1] of a PNG, JPEG or npy file.

    Raises:
        InvalidMeasurement: it cannot be read, or holds no finite picture.
    """
    from PIL import Image

    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError("the file is too large")
        if path.suffix.lower() == ".npy":
            values = np.load(path, allow_pickle=False)
        else:
            with Image.open(path) as opened:
                values = np.asarray(opened.convert("L"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidMeasurement(f"{path.name} cannot be read as a picture: {error}") from error
    if values.ndim not in (2, 3) or values.size == 0 or not np.isfinite(values).all():
        raise InvalidMeasurement(f"{path.name} holds no picture of finite numbers")
    return grey(values)


def _halved(picture: Stack) -> Stack:
    height, width = (side // 2 for side in picture.shape)
    even = picture[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    return np.asarray(even.mean((1, 3)), dtype=np.float32)
