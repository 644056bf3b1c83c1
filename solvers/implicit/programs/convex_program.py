"""Batches of convex quadratic programs of one shape, as tensors that are differentiated by.

    minimise    ½ xᵀQ x + c·x        Q = diag(q) + FᵀF + H + γI
    subject to  L ≤ A x ≤ U,  l ≤ x ≤ u

Signs are the project's: y_i > 0 prices a row's lower side, y_i < 0 its upper side, and reduced costs are
c + Qx − Aᵀy. A linear program has q, F and H zero and needs γ > 0: with γ = 0 its solution jumps between
vertices, and its derivative by c is zero or does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from numbers import Real
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from solvers.implicit.errors import InvalidProgram

Data = Tensor | NDArray[Any] | float | None


@dataclass(frozen=True, eq=False)
class Program:
    """B programs, float64.

    Attributes:
        cost: c, shape (B, n).
        matrix: A, shape (m, n), shared, or (B, m, n).
        row_lower, row_upper: L and U, shape (B, m), infinite where there is no side.
        lower, upper: l and u, shape (B, n), infinite where there is no bound.
        diagonal: q + γ, shape (B, n).
        factor: F, shape (k, n) or (B, k, n), or None.
        hessian: H, symmetric, shape (n, n) or (B, n, n), or None.
    """

    cost: Tensor
    matrix: Tensor
    row_lower: Tensor
    row_upper: Tensor
    lower: Tensor
    upper: Tensor
    diagonal: Tensor
    factor: Tensor | None = None
    hessian: Tensor | None = None

    def __len__(self) -> int:
        return len(self.cost)

    def detached(self) -> Program:
        """The same numbers, with no gradient."""
        return replace(self, **{name: value.detach() for name, value in self.tensors().items()})

    def tensors(self) -> dict[str, Tensor]:
        """What there is, by name."""
        found = {part.name: getattr(self, part.name) for part in fields(self)}
        return {name: value for name, value in found.items() if value is not None}


def make_program(
    cost: Data,
    matrix: Data,
    row_lower: Data = None,
    row_upper: Data = None,
    lower: Data = None,
    upper: Data = None,
    *,
    diagonal: Data = None,
    factor: Data = None,
    hessian: Data = None,
    regularization: float = 0.0,
) -> Program:
    """Programs of arrays with or without a first axis of B items; without one they are shared by all.

    Args:
        cost: c, (n,) or (B, n).
        matrix: A, (m, n) or (B, m, n); m may be 0.
        row_lower, row_upper: (m,), (B, m), a number for all, or None for no sides. Equal for an equality.
        lower, upper: the same of variables. Equal for a fixed variable.
        diagonal: q ≥ 0, (n,), (B, n) or a number.
        factor: F, (k, n) or (B, k, n).
        hessian: H, symmetric and positive semidefinite, (n, n) or (B, n, n).
        regularization: γ ≥ 0.

    Units do not matter: c and Q, or L, U, l, u and c, times a number give the same steps of the layer, as
    long as no product overflows (costs of 1e200 are none too large).

    Raises:
        InvalidProgram: shapes do not fit, shared numbers are not finite (bounds: are NaN), Q is not positive
            semidefinite or is zero. What is wrong in the numbers of one item is for the layer to report.
    """
    if cost is None or matrix is None:
        raise InvalidProgram(
            "a program has costs and a matrix", hint="without rows the matrix has shape (0, n)"
        )
    named = {
        "cost": (cost, 1, ("n",)),
        "matrix": (matrix, 2, ("m", "n")),
        "row_lower": (-np.inf if row_lower is None else row_lower, 1, ("m",)),
        "row_upper": (np.inf if row_upper is None else row_upper, 1, ("m",)),
        "lower": (-np.inf if lower is None else lower, 1, ("n",)),
        "upper": (np.inf if upper is None else upper, 1, ("n",)),
        "diagonal": (0.0 if diagonal is None else diagonal, 1, ("n",)),
        "factor": (factor, 2, ("k", "n")),
        "hessian": (hessian, 2, ("n", "n")),
    }
    given = {name: (_tensor(name, data), axes) for name, (data, _, axes) in named.items() if data is not None}
    sizes = _sizes(given)
    batch = sizes.pop("B")
    if batch == 0:
        raise InvalidProgram("there are no programs: an axis of items has length 0")
    held = {name: _expanded(value, axes, sizes, batch) for name, (value, axes) in given.items()}
    _check_numbers(held, {name for name, (value, axes) in given.items() if value.ndim <= len(axes)})
    scalar = (
        regularization.ndim == 0 if isinstance(regularization, Tensor) else isinstance(regularization, Real)
    )
    if not scalar or not 0.0 <= regularization < float("inf"):
        raise InvalidProgram(f"regularization must be a number at least 0, not {regularization!r}")
    held["diagonal"] = held["diagonal"] + regularization
    if "factor" not in held and "hessian" not in held and not bool((held["diagonal"] > 0.0).any()):
        raise InvalidProgram(
            "the objective is linear, so that its solution is no differentiable function of the data",
            hint="give regularization, for instance a hundredth of a typical cost over a typical x",
        )
    return Program(**held)


def _tensor(name: str, data: Data) -> Tensor:
    try:
        # of Python's numbers torch would make 32 bits, numpy makes 64
        value = data if isinstance(data, Tensor) else torch.as_tensor(np.asarray(data))
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidProgram(f"{name} is not an array of numbers") from error
    if value.is_complex() or value.dtype == torch.bool:
        raise InvalidProgram(f"{name} must hold real numbers, not {value.dtype}")
    return value.double()


def _sizes(given: Mapping[str, tuple[Tensor, tuple[str, ...]]]) -> dict[str, int]:
    """n, m, k and B, the same wherever they are seen; B is 1 where nothing has an axis of items."""
    sizes: dict[str, int] = {}
    for name, (value, axes) in given.items():
        if value.ndim == 0 and len(axes) == 1 and name != "cost":
            continue
        if value.ndim not in (len(axes), len(axes) + 1):
            raise InvalidProgram(f"{name} has {value.ndim} axes; expected {len(axes)}, or one more for items")
        named = (("B",) if value.ndim > len(axes) else ()) + axes
        for axis, size in zip(named, value.shape, strict=True):
            if sizes.setdefault(axis, size) != size:
                raise InvalidProgram(
                    f"{name} has shape {tuple(value.shape)}: its {axis} is {size}, elsewhere {sizes[axis]}"
                )
    if sizes["n"] == 0:
        raise InvalidProgram("there are no variables")
    return {"B": 1} | sizes


def _expanded(value: Tensor, axes: tuple[str, ...], sizes: Mapping[str, int], batch: int) -> Tensor:
    """Vectors for every item; matrices as they came, since a shared one is multiplied with faster."""
    if len(axes) == 2:
        return value
    return value.expand(batch, sizes[axes[0]])


def _check_numbers(held: Mapping[str, Tensor], shared: set[str]) -> None:
    for name, value in held.items():
        numbers = value.detach()
        bounds = name in ("row_lower", "row_upper", "lower", "upper")
        wrong = torch.isnan(numbers) if bounds else ~torch.isfinite(numbers)
        if name in shared and bool(wrong.any()):
            raise InvalidProgram(f"{name} holds {'NaN' if bounds else 'a number that is not finite'}")
    if bool((held["diagonal"].detach() < 0.0).any()):
        raise InvalidProgram("diagonal has a negative entry: the program is not convex")
    if "hessian" in held:
        _check_semidefinite(held["hessian"].detach())


def _check_semidefinite(hessian: Tensor) -> None:
    usable = hessian[torch.isfinite(hessian).all(-1).all(-1)] if hessian.ndim == 3 else hessian[None]
    if len(usable) == 0:
        return
    size = usable.abs().amax((1, 2))
    if bool(((usable - usable.transpose(1, 2)).abs().amax((1, 2)) > 1e-9 * size).any()):
        raise InvalidProgram("hessian is not symmetric")
    if bool((torch.linalg.eigvalsh(usable)[:, 0] < -1e-9 * size).any()):
        raise InvalidProgram("hessian is not positive semidefinite: the program is not convex")
