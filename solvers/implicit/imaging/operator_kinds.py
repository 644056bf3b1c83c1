"""The forward operators there are and their parameters' ranges, for forms and schemas: no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OperatorParameter:
    """Attributes:
    title: for a person.
    default, least, greatest: its range, both ends allowed.
    whole: whether it must be an integer.
    """

    title: str
    default: float
    least: float
    greatest: float
    whole: bool = False


@dataclass(frozen=True)
class OperatorKind:
    """Attributes:
    title: for a person.
    parameters: by name.
    complex_measurements: whether a measurement has complex entries.
    """

    title: str
    parameters: dict[str, OperatorParameter]
    complex_measurements: bool = False


_SEED = OperatorParameter("Seed of the mask", 0, 0, 2**31 - 1, whole=True)

OPERATORS: dict[str, OperatorKind] = {
    "masked-fourier": OperatorKind(
        "Magnetic resonance: some columns of the Fourier transform",
        {
            "acceleration": OperatorParameter("Columns in all for one that is measured", 8, 1, 32),
            "centre_fraction": OperatorParameter("Share of columns at the centre, all measured", 0.04, 0, 1),
            "seed": _SEED,
        },
        complex_measurements=True,
    ),
    "blur": OperatorKind(
        "Gaussian blur, periodic",
        {
            "size": OperatorParameter("Side of the kernel, odd", 9, 1, 63, whole=True),
            "sigma": OperatorParameter("Standard deviation in pixels", 2.0, 0.05, 32.0),
        },
    ),
    "inpainting": OperatorKind(
        "Inpainting: pixels lost at random",
        {"share_kept": OperatorParameter("Share of pixels that are kept", 0.4, 0.01, 1.0), "seed": _SEED},
    ),
    "super-resolution": OperatorKind(
        "Super-resolution: means of square blocks",
        {"factor": OperatorParameter("Side of a block", 2, 1, 16, whole=True)},
    ),
    "tomography": OperatorKind(
        "Parallel-beam tomography",
        {"angles": OperatorParameter("Angles, evenly over half a turn", 40, 1, 360, whole=True)},
    ),
}

LARGEST_PICTURE = 1024
"""Pixels along a side, at most."""
