"""The forward operators there are and their parameters' ranges, for forms and schemas: no torch."""

from __future__ import annotations

from dataclasses import dataclass, field


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
class OperatorArray:
    """Numbers of one's own, in the place of all the kind's parameters.

    Attributes:
    title: for a person.
    dimensions: 1, a list, or 2, a list of rows.
    least, greatest: their range, both ends allowed.
    longest: entries along a side, at most.
    whole: whether they must be integers.
    """

    title: str
    dimensions: int
    least: float
    greatest: float
    longest: int
    whole: bool = False


@dataclass(frozen=True)
class OperatorKind:
    """Attributes:
    title: for a person.
    parameters: by name.
    complex_measurements: whether a measurement has complex entries.
    arrays: what may stand in the place of the parameters, by name.
    """

    title: str
    parameters: dict[str, OperatorParameter]
    complex_measurements: bool = False
    arrays: dict[str, OperatorArray] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Of parameters and arrays."""
        return sorted({*self.parameters, *self.arrays})


LARGEST_PICTURE = 1024
"""Pixels along a side, at most."""

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
        arrays={
            "columns": OperatorArray(
                "The measured columns, ascending from −W/2, where 0 is the constant",
                1,
                -LARGEST_PICTURE // 2,
                LARGEST_PICTURE // 2 - 1,
                LARGEST_PICTURE,
                whole=True,
            )
        },
    ),
    "blur": OperatorKind(
        "Blur, periodic: Gaussian, or by a kernel of one's own",
        {
            "size": OperatorParameter("Side of the kernel, odd", 9, 1, 63, whole=True),
            "sigma": OperatorParameter("Standard deviation in pixels", 2.0, 0.05, 32.0),
        },
        arrays={"kernel": OperatorArray("The kernel, of odd sides", 2, -1e6, 1e6, 63)},
    ),
    "inpainting": OperatorKind(
        "Inpainting: pixels lost at random, or by a mask of one's own",
        {"share_kept": OperatorParameter("Share of pixels that are kept", 0.4, 0.01, 1.0), "seed": _SEED},
        arrays={
            "mask": OperatorArray(
                "1 where a pixel is kept, 0 where it is lost", 2, 0, 1, LARGEST_PICTURE, whole=True
            )
        },
    ),
    "super-resolution": OperatorKind(
        "Super-resolution: means of square blocks",
        {"factor": OperatorParameter("Side of a block", 2, 1, 16, whole=True)},
    ),
    "tomography": OperatorKind(
        "Parallel-beam tomography",
        {"angles": OperatorParameter("Angles, evenly over half a turn", 40, 1, 360, whole=True)},
        arrays={"angles": OperatorArray("Angles in degrees", 1, -360, 360, 360)},
    ),
}
