"""Pictures from files that nobody vouches for (PNG, JPEG), and as PNG files; torch-free.

A picture is grey, rows of numbers in [0, 1]. A file's header is asked how large it is before any of it is
decoded, and only these two formats are tried. What the file has beyond a grey picture is done away with, and
said: colour by its luma 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), transparency over white, the orientation
that a camera noted. Only a worker, or a command, decodes pictures.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import MalformedFile
from service.errors import QuestionTooLarge

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.float64]

PNG, JPEG = "image/png", "image/jpeg"
_FORMATS = ("PNG", "JPEG")
_LUMA = (299, 587, 114)  # thousandths
_LEAST_SIDE = 16
_DEEP = 65535.0
_HINT = "send a PNG or JPEG file"
_MAGICS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


@dataclass(frozen=True, eq=False)
class Picture:
    """Attributes:
    pixels: shape (H, W), in [0, 1].
    notes: what was done to the file's picture, a sentence each.
    """

    pixels: Pixels
    notes: tuple[str, ...] = ()


def is_picture(data: bytes) -> bool:
    """Whether bytes begin as a PNG or JPEG file does."""
    return data.startswith(_MAGICS)


def read_picture(data: bytes, *, name: str, most_pixels: int, longest: int | None = None) -> Picture:
    """The picture of a PNG or JPEG file.

    Args:
        data: the file.
        name: what messages call it.
        most_pixels: more are not decoded.
        longest: pixels of the longer side, to which a larger picture is shrunk.

    Raises:
        MalformedFile: it is no such file, cut short, damaged, animated, or smaller than 16 × 16.
        QuestionTooLarge: it has more pixels.
    """
    from PIL import Image, UnidentifiedImageError

    with _bounded(most_pixels, name):
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                _check(image, name, most_pixels)
                pixels, notes = _grey(image)
        except (MalformedFile, QuestionTooLarge, MemoryError, Warning, Image.DecompressionBombError):
            raise
        except UnidentifiedImageError as error:
            raise MalformedFile("the bytes are no PNG or JPEG file", file=name, hint=_HINT) from error
        except Exception as error:  # whatever bytes that nobody vouches for make Pillow stumble over
            raise MalformedFile("the picture is damaged or cut short", file=name, hint=_HINT) from error
    return _shrunk(Picture(pixels, notes), longest)


def write_png(pixels: NDArray[Any]) -> bytes:
    """A grey PNG file of 8 bits; what is beyond [0, 1] is cut, what is no number is black."""
    from PIL import Image

    levels = np.rint(255.0 * np.clip(np.nan_to_num(np.asarray(pixels, dtype=np.float64)), 0.0, 1.0))
    file = io.BytesIO()
    Image.fromarray(levels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


@contextmanager
def _bounded(most_pixels: int, name: str) -> Iterator[None]:
    """Pillow's own guard against bombs, set to the limit in force: it looks at the header alone."""
    from PIL import Image

    former, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, most_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name, most_pixels) from error
    finally:
        Image.MAX_IMAGE_PIXELS = former


def _check(image: Image, name: str, most_pixels: int) -> None:
    width, height = image.size
    if width * height > most_pixels:
        raise _too_large(name, most_pixels)
    if min(width, height) < _LEAST_SIDE:
        raise MalformedFile(
            f"the picture has {width} × {height} pixels", file=name, hint=f"at least {_LEAST_SIDE} a side"
        )
    if image.format == "PNG" and getattr(image, "is_animated", False):
        raise MalformedFile("the picture is animated", file=name, hint="save one frame of it as PNG")


def _grey(image: Image) -> tuple[Pixels, tuple[str, ...]]:
    """The pixels, and what was done to have them."""
    from PIL import Image as Images
    from PIL import ImageOps

    notes = []
    turned = ImageOps.exif_transpose(image)
    if turned is not image and turned.getexif() != image.getexif():
        notes.append("the picture was turned as its camera noted")
    image = turned
    if image.mode.startswith(("I", "F")):  # 16 bits a pixel
        return np.clip(np.asarray(image, dtype=np.float64) / _DEEP, 0.0, 1.0), tuple(notes)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            notes.append("what is transparent was put on white")
        image = Images.alpha_composite(Images.new("RGBA", image.size, (255, 255, 255, 255)), image)
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"), dtype=np.float64) / 255.0, tuple(notes)
    colours = np.asarray(image.convert("RGB"), dtype=np.uint8)
    if not (colours == colours[:, :, :1]).all():
        notes.append("the colours became grey")
    return _luma(colours), tuple(notes)


def _luma(colours: NDArray[np.uint8]) -> Pixels:
    """Of (H, W, 3) levels; white is exactly 1."""
    thousandths = np.zeros(colours.shape[:2], dtype=np.int32)
    for channel, weight in enumerate(_LUMA):
        thousandths += np.int32(weight) * colours[:, :, channel]
    return thousandths / 255_000.0


def _shrunk(picture: Picture, longest: int | None) -> Picture:
    """The same, at most so large, by Lanczos's filter."""
    from PIL import Image

    height, width = picture.pixels.shape
    if longest is None or max(height, width) <= longest:
        return picture
    factor = longest / max(height, width)
    size = max(_LEAST_SIDE, round(factor * width)), max(_LEAST_SIDE, round(factor * height))
    image = Image.fromarray(picture.pixels.astype(np.float32)).resize(size, Image.Resampling.LANCZOS)
    pixels = np.clip(np.asarray(image, dtype=np.float64), 0.0, 1.0)
    note = f"the picture of {width} × {height} pixels was shrunk to {size[0]} × {size[1]}"
    return Picture(pixels, (*picture.notes, note))


def _too_large(name: str, most_pixels: int) -> QuestionTooLarge:
    return QuestionTooLarge(
        f"{name} has more than {most_pixels:,} pixels",
        hint="send a smaller picture, or set FARKAS_MAX_PICTURE_PIXELS higher",
    )
