"""What people and programs read of a reconstruction: JSON, PNG, numpy's files, a table; torch-free."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import orjson
from numpy.typing import NDArray
from rich.table import Table

from service.output import seconds_text
from service.picture_files import write_png

if TYPE_CHECKING:
    from service.reconstructing import MethodResult, ReconstructionAnswer
    from service.reconstruction_networks import UsedNetwork

Encoding = Literal["png", "numbers"]
"""How JSON has pictures: a PNG file of 8 bits in base64, or rows of numbers."""

_OPTION = orjson.OPT_SERIALIZE_NUMPY
_MEASURES = (
    "residual",
    "relative_residual",
    "iterations",
    "fixed_point_residual",
    "objective",
    "duality_gap",
)


def answer_document(answer: ReconstructionAnswer, encoding: Encoding = "png") -> bytes:
    """The whole answer as JSON; a number that is not finite is null."""
    document = {
        **_origin(answer),
        "results": [
            {**_result(result), "images": _encoded(images_of(result), encoding)} for result in answer.results
        ],
        "truth": None if answer.truth is None else _encoded(answer.truth, encoding),
        "measurement": _encoded(measurement_pictures(answer), "png") if encoding == "png" else None,
    }
    return orjson.dumps(document, option=_OPTION)


def measures_document(answer: ReconstructionAnswer, *, pretty: bool = False) -> bytes:
    """The answer as JSON without pictures."""
    document = {**_origin(answer), "results": [_result(result) for result in answer.results]}
    return orjson.dumps(document, option=_OPTION | (orjson.OPT_INDENT_2 if pretty else 0))


def answer_arrays(answer: ReconstructionAnswer) -> dict[str, NDArray[Any]]:
    """Pictures and measurements as arrays by name, a method's pictures by the method's; `answer` is the rest
    as JSON."""
    arrays: dict[str, NDArray[Any]] = {result.method: images_of(result) for result in answer.results}
    arrays["measurement"] = answer.measurements
    if answer.truth is not None:
        arrays["truth"] = answer.truth
    return {**arrays, "answer": np.array(measures_document(answer).decode())}


def images_of(result: MethodResult) -> NDArray[np.float32]:
    """A method's pictures, (B, H, W)."""
    return np.ascontiguousarray(result.reconstruction.images[:, 0].numpy(), dtype=np.float32)


def measurement_pictures(answer: ReconstructionAnswer) -> list[NDArray[Any]]:
    """What a measurement looks like, a picture each, from black at the least to white at the greatest: its
    entries; of a Fourier transform the logarithm of their sizes, the constant in the middle, black where
    nothing was measured."""
    shown = np.abs(answer.measurements) if np.iscomplexobj(answer.measurements) else answer.measurements
    if answer.columns is not None:
        height, width = answer.image_shape
        whole = np.zeros((len(shown), height, width))
        whole[:, :, answer.columns + width // 2] = np.fft.fftshift(np.log1p(100.0 * shown), axes=1)
        shown = whole
    pictures = []
    for one in shown:
        least, greatest = float(one.min()), float(one.max())
        pictures.append((one - least) / ((greatest - least) or 1.0))
    return pictures


def sheet(answer: ReconstructionAnswer, item: int = 0) -> NDArray[np.float64]:
    """Truth, where it is known, and every method's picture, side by side with a white line between."""
    pictures = [] if answer.truth is None else [answer.truth[item]]
    pictures += [images_of(result)[item].astype(np.float64) for result in answer.results]
    line = np.ones((answer.image_shape[0], 2))
    parts = [part for picture in pictures for part in (line, picture)]
    return np.hstack(parts[1:])


def summary(answer: ReconstructionAnswer) -> dict[str, Any]:
    """The answer of one method in a few numbers: medians and extremes of its measures."""
    [result] = answer.results
    found = result.reconstruction
    measures = {name: getattr(found, name) for name in _MEASURES}
    spreads = measures | {"psnr": result.psnr, "ssim": result.ssim}
    return {
        **_origin(answer),
        "operator": _short(answer.operator),
        "method": result.method,
        **{name: None if values is None else _spread(values) for name, values in spreads.items()},
        "converged": sum(found.converged),
        "provenance": dict(Counter(found.provenance)),
        "model": None if result.model is None else _model(result.model),
    }


def result_table(rows: Sequence[tuple[str, ReconstructionAnswer]]) -> Table:
    """A line a picture and method: how near it is to the truth, where that is known, and to y."""
    with_truth = any(answer.truth is not None for _, answer in rows)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("picture", no_wrap=True, overflow="ellipsis")
    table.add_column("method", no_wrap=True)
    for name in (*(("PSNR", "SSIM") if with_truth else ()), "‖Ax − y‖ / ‖y‖", "steps"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("ended", "model"):
        table.add_column(name, no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    for name, answer in rows:
        for item in range(len(answer.measurements)):
            for result in answer.results:
                table.add_row(*_cells(name, answer, result, item, with_truth))
    return table


def trained_on(answers: Sequence[ReconstructionAnswer]) -> list[str]:
    """What the networks that answered have seen, a line each."""
    used = {
        result.model.name: result.model for answer in answers for result in answer.results if result.model
    }
    return [
        f"{model.name}@{model.version} was trained on: {model.trained_on}"
        for model in used.values()
        if model.trained_on is not None
    ]


def notes(answer: ReconstructionAnswer) -> list[str]:
    """What a person should know: a line each, often none."""
    lines = [*answer.notes, *(note for result in answer.results for note in result.notes)]
    for result in answer.results:
        reasons = result.reconstruction.reasons
        lost = sum(reason.name == "NON_FINITE" for reason in reasons)
        if lost:
            lines.append(f"{result.method}: {lost} of {len(reasons)} came to no finite picture")
    return lines


def _cells(
    name: str, answer: ReconstructionAnswer, result: MethodResult, item: int, with_truth: bool
) -> list[str]:
    found = result.reconstruction
    many = len(answer.measurements) > 1
    quality = []
    if with_truth:
        quality = [
            "–" if values is None else f"{values[item]:.{digits}f}"
            for values, digits in ((result.psnr, 2), (result.ssim, 3))
        ]
    return [
        f"{name}[{item}]" if many else name,
        result.method,
        *quality,
        f"{float(found.relative_residual[item]):.3g}",
        str(int(found.iterations[item])),
        _reason(found.reasons[item]),
        "" if result.model is None else f"{result.model.name}@{result.model.version}",
        seconds_text(result.seconds) if item == 0 else "",
    ]


def _origin(answer: ReconstructionAnswer) -> dict[str, Any]:
    return {
        "operator": answer.operator,
        "scale": answer.scale,
        "image_shape": list(answer.image_shape),
        "measurement_shape": list(answer.measurements.shape[1:]),
        "pictures": len(answer.measurements),
        "noise": None if answer.degradation is None else answer.degradation.noise,
        "seed": None if answer.degradation is None else answer.degradation.seed,
        "notes": list(answer.notes),
        "seconds": answer.seconds,
    }


def _result(result: MethodResult) -> dict[str, Any]:
    found = result.reconstruction
    return {
        "method": result.method,
        **{name: _numbers(getattr(found, name)) for name in _MEASURES},
        "reason": [_reason(reason) for reason in found.reasons],
        "converged": list(found.converged),
        "provenance": list(found.provenance),
        "psnr": _numbers(result.psnr),
        "ssim": _numbers(result.ssim),
        "model": None if result.model is None else asdict(result.model),
        "notes": list(result.notes),
        "seconds": result.seconds,
    }


def _model(used: UsedNetwork) -> dict[str, Any]:
    return {**asdict(used), "operator": _short(used.operator)}


def _short(operator: Mapping[str, Any]) -> dict[str, Any]:
    """The description with the shapes of arrays in their place: a header's line holds no more."""
    return {
        name: "×".join(map(str, np.shape(value))) if isinstance(value, list) else value
        for name, value in operator.items()
    }


def _reason(reason: Any) -> str:
    return str(reason.name).lower().replace("_", "-")


def _numbers(values: Any) -> list[float | None] | None:
    """Of an array or a tensor; what is not finite is null."""
    if values is None:
        return None
    found: list[float] = values.tolist()
    return [value if np.isfinite(value) else None for value in found]


def _spread(values: Any) -> dict[str, float | None]:
    found = {"median": np.median(values), "least": np.min(values), "most": np.max(values)}
    return {name: float(value) if np.isfinite(value) else None for name, value in found.items()}


def _encoded(pictures: Sequence[NDArray[Any]] | NDArray[Any], encoding: Encoding) -> Any:
    if encoding == "numbers":
        return np.ascontiguousarray(pictures)
    return [base64.b64encode(write_png(picture)).decode() for picture in pictures]
