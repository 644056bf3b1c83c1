"""Pictures: parts that are apart, the user's own folder, and files that are no pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from solvers.implicit.errors import InvalidMeasurement
from training.implicit.pictures import (
    PHOTOGRAPHS,
    SLICES,
    grey,
    head_scan,
    load_pictures,
    middle,
    phantom,
    photograph,
    read_picture,
    tiles,
)


def test_no_slice_of_one_part_is_within_eight_of_another() -> None:
    places = {
        part: {place for first, end in blocks for place in range(first, end)}
        for part, blocks in SLICES.items()
    }
    for part, ours in places.items():
        for other, theirs in places.items():
            if part != other:
                assert min(abs(first - second) for first in ours for second in theirs) > 8


def test_no_photograph_is_in_two_parts() -> None:
    names = [name for part in PHOTOGRAPHS.values() for name in part]
    assert len(names) == len(set(names))


def test_brain_slices_are_cut_to_the_shape() -> None:
    pytest.importorskip("nilearn")
    pictures = load_pictures("brain", (112, 96))
    assert len(pictures.training) == 81
    assert pictures.validation.shape == (8, 112, 96)
    assert pictures.test.shape == (10, 112, 96)
    assert pictures.second.shape[1:] == (112, 96)
    for picture in (*pictures.training, *pictures.test, *pictures.second):
        assert picture.min() >= 0
        assert picture.max() <= 1
    assert 0.15 < float(pictures.test.mean()) < 0.6


def test_photographs_are_grey_and_halved() -> None:
    camera = photograph("camera")
    assert camera.shape == (256, 256)
    assert camera.dtype == np.float32
    assert 0 <= camera.min() < camera.max() <= 1


def test_the_phantom_fills_the_shape() -> None:
    assert phantom((20, 30)).shape == (20, 30)
    assert phantom((20, 30))[:, 0].max() == 0


def test_grey_goes_by_type_and_luminance() -> None:
    assert grey(np.full((2, 2), 255, dtype=np.uint8)).max() == 1
    assert grey(np.full((2, 2), 65535, dtype=np.uint16)).max() == 1
    red = np.zeros((2, 2, 3))
    red[..., 0] = 1
    assert grey(red) == pytest.approx(np.full((2, 2), 0.2126))
    assert grey(np.full((2, 2), 7.0)).max() == 1
    assert grey(np.ones((2, 2, 4), dtype=np.float32)) == pytest.approx(np.ones((2, 2)))


def test_the_middle_is_kept_and_filled_up() -> None:
    picture = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert middle(picture, (1, 2)).tolist() == [[5.0, 6.0]]
    wide = middle(picture, (5, 4))
    assert wide[0].tolist() == [0, 0, 0, 0]
    assert np.array_equal(wide[1:4], picture)


def test_tiles_do_not_overlap() -> None:
    picture = np.arange(40, dtype=np.float32).reshape(5, 8)
    found = tiles([picture], (2, 3), most=10)
    assert len(found) == 4
    assert len(set(found.ravel().tolist())) == found.size
    assert len(tiles([picture], (2, 3), most=2)) == 2
    with pytest.raises(InvalidMeasurement, match="no picture is as large"):
        tiles([picture], (6, 6), most=1)


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for index in range(12):
        values = generator.integers(0, 256, (20, 24), dtype=np.uint8)
        if index % 3 == 0:
            np.save(tmp_path / f"{index:02}.npy", values)
        else:
            Image.fromarray(values).save(tmp_path / f"{index:02}.{('png', 'jpg')[index % 2]}")
    (tmp_path / "notes.txt").write_text("no picture")
    pictures = load_pictures("brain", (8, 8), tmp_path)
    assert len(pictures.training) == 9
    assert pictures.validation.shape == (4, 8, 8)
    assert pictures.test.shape == (8, 8, 8)
    shown = {picture.tobytes() for picture in pictures.training}
    assert read_picture(tmp_path / "00.npy").tobytes() not in shown
    assert read_picture(tmp_path / "05.jpg").tobytes() not in shown


def test_too_few_pictures_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros((8, 8)))
    with pytest.raises(InvalidMeasurement, match="at least 10"):
        load_pictures("brain", (8, 8), tmp_path)


@pytest.mark.parametrize("name", ["broken.png", "pickled.npy", "flat.npy", "nan.npy", "empty.npy"])
def test_files_that_are_no_pictures_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "broken.png":
        path.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    elif name == "pickled.npy":
        np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    else:
        shapes = {"flat.npy": np.zeros(4), "nan.npy": np.full((2, 2), np.nan), "empty.npy": np.zeros((0, 3))}
        np.save(path, shapes[name])
    with pytest.raises(InvalidMeasurement):
        read_picture(path)


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        load_pictures("stars", (8, 8))


def test_the_real_head_fits_and_is_none_of_the_template_s() -> None:
    scan = head_scan((112, 96))
    assert scan.shape == (112, 96)
    assert 0.5 < float(scan.max()) <= 1.0
    assert float(scan.min()) == 0.0
    assert 0.1 < float(scan.mean()) < 0.5
