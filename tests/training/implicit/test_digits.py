from __future__ import annotations

import torch

from training.implicit.digits import TEST, VALIDATION, load_digit_parts


def test_the_parts_stay_apart_and_are_the_same_each_time() -> None:
    parts, again = load_digit_parts(), load_digit_parts()
    assert [len(part) for part in (parts.training, parts.validation, parts.test)] == [1000, VALIDATION, TEST]
    assert torch.equal(parts.test.pictures, again.test.pictures)
    rows = [
        {bytes(picture.numpy().tobytes()) for picture in part.pictures}
        for part in (parts.training, parts.validation, parts.test)
    ]
    assert not rows[0] & rows[1]
    assert not rows[0] & rows[2]
    assert not rows[1] & rows[2]


def test_every_part_has_its_share_of_each_digit() -> None:
    parts = load_digit_parts()
    whole = torch.bincount(
        torch.cat([parts.training.labels, parts.validation.labels, parts.test.labels])
    ).double()
    for part in (parts.training, parts.validation, parts.test):
        expected = whole * len(part) / whole.sum()
        assert float((torch.bincount(part.labels) - expected).abs().max()) < 1.5
        assert part.pictures.shape == (len(part), 1, 8, 8)
        assert float(part.pictures.min()) == 0.0
        assert float(part.pictures.max()) == 1.0
