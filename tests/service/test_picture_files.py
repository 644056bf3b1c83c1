"""Pictures from files: every kind that PNG and JPEG have, bombs, and damage."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from graphs.errors import MalformedFile
from service.errors import QuestionTooLarge
from service.picture_files import Picture, is_picture, read_picture, write_png

MOST = 1_000_000


def saved(image: Image.Image, form: str = "PNG", **extra: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **extra)
    return file.getvalue()


def read(data: bytes, **extra: Any) -> Picture:
    return read_picture(data, name="the picture", most_pixels=MOST, **extra)


@pytest.fixture
def levels() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (20, 30), dtype=np.uint8)


def test_grey_of_8_and_16_bits_and_of_one(levels: np.ndarray) -> None:
    found = read(saved(Image.fromarray(levels)))
    np.testing.assert_allclose(found.pixels, levels / 255, atol=1e-12)
    assert found.notes == ()
    deep = levels.astype(np.uint16) * np.uint16(257) - (levels > 9)
    np.testing.assert_allclose(read(saved(Image.fromarray(deep))).pixels, deep / 65535, atol=1e-12)
    bits = Image.fromarray(levels > 100)
    np.testing.assert_array_equal(read(saved(bits)).pixels, (levels > 100).astype(float))


def test_colour_by_its_luma(levels: np.ndarray) -> None:
    colours = np.stack([levels, levels[::-1], levels[:, ::-1]], axis=2)
    found = read(saved(Image.fromarray(colours)))
    np.testing.assert_allclose(found.pixels, colours @ [0.299, 0.587, 0.114] / 255, atol=1e-12)
    assert found.notes == ("the colours became grey",)
    grey = read(saved(Image.fromarray(levels).convert("RGB")))
    np.testing.assert_allclose(grey.pixels, levels / 255, atol=1e-12)
    assert grey.notes == ()


def test_transparency_is_put_on_white(levels: np.ndarray) -> None:
    opacity = np.zeros_like(levels)
    opacity[:10] = 255
    found = read(saved(Image.merge("LA", [Image.fromarray(levels), Image.fromarray(opacity)])))
    np.testing.assert_allclose(found.pixels[:10], levels[:10] / 255, atol=1e-12)
    np.testing.assert_array_equal(found.pixels[10:], 1.0)
    assert found.notes == ("what is transparent was put on white",)
    opaque = read(saved(Image.fromarray(levels).convert("RGBA")))
    np.testing.assert_allclose(opaque.pixels, levels / 255, atol=1e-12)
    assert opaque.notes == ()


def test_a_palette_with_a_transparent_colour() -> None:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    assert read(saved(image)).pixels == pytest.approx(np.full((20, 20), 0.299))
    assert read(saved(image, transparency=1)).pixels == pytest.approx(np.ones((20, 20)))


def test_jpeg_grey_colour_and_of_printers(levels: np.ndarray) -> None:
    smooth = Image.fromarray(np.tile(np.arange(32, dtype=np.uint8) * 4, (32, 1)))
    for mode in ("L", "RGB", "CMYK"):
        found = read(saved(smooth.convert(mode), "JPEG", quality=95))
        assert np.abs(found.pixels - np.asarray(smooth) / 255).max() < 0.05, mode


def test_a_camera_s_orientation_is_followed(levels: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = read(saved(Image.fromarray(levels), exif=exif))
    np.testing.assert_allclose(found.pixels, np.rot90(levels, -1) / 255, atol=1e-12)
    assert found.notes == ("the picture was turned as its camera noted",)


def test_a_large_picture_is_shrunk_and_that_is_said() -> None:
    ramp = np.tile(np.linspace(0, 255, 400).astype(np.uint8), (100, 1))
    found = read(saved(Image.fromarray(ramp)), longest=80)
    assert found.pixels.shape == (20, 80)
    assert np.abs(found.pixels - np.linspace(0, 1, 80)).max() < 0.02
    assert found.notes == ("the picture of 400 × 100 pixels was shrunk to 80 × 20",)
    assert read(saved(Image.fromarray(ramp)), longest=400).notes == ()


def test_too_many_pixels_are_refused_by_the_header_alone(levels: np.ndarray) -> None:
    with pytest.raises(QuestionTooLarge, match="more than 599 pixels"):
        read_picture(saved(Image.fromarray(levels)), name="it", most_pixels=599)
    header = struct.pack(">2I5B", 60_000, 60_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
    former = Image.MAX_IMAGE_PIXELS
    with pytest.raises(QuestionTooLarge):
        read(bomb)
    assert former == Image.MAX_IMAGE_PIXELS


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_text_that_inflates_without_end_is_refused(levels: np.ndarray) -> None:
    whole = saved(Image.fromarray(levels))
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 << 20), 9))
    with pytest.raises(MalformedFile):
        read(whole[:33] + text + whole[33:])


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_what_is_cut_short_is_refused(levels: np.ndarray, form: str) -> None:
    whole = saved(Image.fromarray(np.tile(levels, (8, 8))), form)
    for kept in (0.1, 0.5, 0.9):
        with pytest.raises(MalformedFile, match=r"damaged|no PNG"):
            read(whole[: int(kept * len(whole))])


def test_other_formats_and_animations_are_refused(levels: np.ndarray) -> None:
    image = Image.fromarray(levels)
    for form in ("GIF", "BMP", "TIFF", "WEBP"):
        with pytest.raises(MalformedFile, match="no PNG or JPEG"):
            read(saved(image, form))
    with pytest.raises(MalformedFile, match="animated"):
        read(saved(image, save_all=True, append_images=[image.rotate(180)]))
    with pytest.raises(MalformedFile, match="15 × 40"):
        read(saved(Image.new("L", (15, 40))))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_files_are_read_or_refused(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["PNG", "JPEG"]))
    whole = bytearray(
        saved(Image.fromarray(np.random.default_rng(1).integers(0, 256, (24, 24, 3), dtype=np.uint8)), form)
    )
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read(bytes(whole))
    except (MalformedFile, QuestionTooLarge):
        return
    assert ((found.pixels >= 0) & (found.pixels <= 1)).all()


def test_the_servers_own_process_has_nothing_to_decode_them_with(repository_root: Path) -> None:
    code = "import sys, service.http.app, service.http.server; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=repository_root, check=False).returncode == 0


def test_pictures_are_written(levels: np.ndarray) -> None:
    data = write_png(levels / 255)
    assert is_picture(data)
    assert not is_picture(b"GIF89a")
    np.testing.assert_allclose(read(data).pixels, levels / 255, atol=1e-12)
    odd = np.full((20, 20), np.nan)
    odd[0] = (2.0, -1.0) * 10
    written = read(write_png(odd)).pixels
    assert set(written[0]) == {0.0, 1.0}
    assert (written[1:] == 0).all()
