"""What `service.client` can ask besides instances: sparse codes, pictures, equilibria."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from service.client_bodies import (
    Matrix,
    encoded,
    equilibrium_request,
    reconstruction_request,
    sparse_request,
    written,
)


class Calculations(ABC):
    """The methods of a client that ask calculations."""

    @abstractmethod
    def answer_to(self, method: str, path: str, **request: Any) -> Any:
        """The JSON of an answer."""

    def sparse_recovery(
        self,
        dictionary: str | Matrix | None,
        measurements: Matrix,
        *,
        variant: str | None = None,
        layers: int | None = None,
        model: str | None = None,
        regularization: float | None = None,
        duality_gap: float | None = None,
        time_limit: float | None = None,
        sparse: bool = False,
    ) -> dict[str, Any]:
        """Sparse x with Ax ≈ b for every measurement b: the API's answer, `x` a row a measurement.

        Args:
            dictionary: a registered name; or A as rows, an array, the Path of a .npy or .npz file, or the
                bytes of one; None where the file of the measurements is a .npz that holds it too.
            measurements: one b, or a row each of many; likewise. Of .npz files the arrays `dictionary` and
                `measurements` are taken.
            variant, layers, model, regularization, duality_gap, time_limit, sparse: members of the API's
                body.

        Raises:
            ApiError: the server refused it.
            httpx.HTTPError: the server cannot be reached.
            OSError: a file cannot be read.
            TypeError, ValueError: an argument is nothing that can be sent.
        """
        asked = {
            "variant": variant,
            "layers": layers,
            "model": model,
            "regularization": regularization,
            "duality_gap": duality_gap,
            "time_limit": time_limit,
            "sparse": sparse or None,
        }
        media, data, query = sparse_request(dictionary, measurements, _given(asked))
        return self._calculated("/v1/sparse-recovery", media, data, query)

    def reconstruct(
        self,
        measurement: Matrix,
        operator: str | Mapping[str, Any] | None = None,
        *,
        degrade: bool = False,
        noise: float | None = None,
        seed: int | None = None,
        size: int | None = None,
        image_shape: tuple[int, int] | None = None,
        truth: Matrix | None = None,
        methods: Sequence[str] | None = None,
        model: str | None = None,
        max_iterations: int | None = None,
        tolerance: float | None = None,
        regularization: float | None = None,
        time_limit: float | None = None,
        encoding: str | None = None,
    ) -> dict[str, Any]:
        """The pictures behind measurements: the API's answer, PNG files in base64 or rows of numbers.

        Args:
            measurement: one, or many end to end: rows of numbers, an array, the Path of a .npy, .npz, PNG or
                JPEG file, or the bytes of one. With `degrade`, pictures.
            operator: a kind, a line such as "blur:sigma=2", or a mapping with `kind`; None where a .npz file
                has it.
            truth: pictures to compare with: rows, an array, or a .npy file.
            degrade, noise, seed, size, image_shape, methods, model, max_iterations, tolerance,
                regularization, time_limit, encoding: members of the API's body.

        Raises:
            ApiError: the server refused it.
            httpx.HTTPError: the server cannot be reached.
            OSError: a file cannot be read.
            TypeError, ValueError: an argument is nothing that can be sent.
        """
        asked = {
            "degrade": degrade or None,
            "noise": noise,
            "seed": seed,
            "size": size,
            "image_shape": None if image_shape is None else list(image_shape),
            "methods": None if methods is None else list(methods),
            "model": model,
            "max_iterations": max_iterations,
            "tolerance": tolerance,
            "regularization": regularization,
            "time_limit": time_limit,
            "encoding": encoding,
        }
        return self._calculated(
            "/v1/reconstruct", *reconstruction_request(measurement, operator, truth, _given(asked))
        )

    def equilibrium(
        self,
        model: str,
        contexts: Matrix,
        *,
        gap: float | None = None,
        max_iterations: int | None = None,
        tolerance: float | None = None,
        time_limit: float | None = None,
    ) -> dict[str, Any]:
        """The equilibria of a game, `equilibrium` a row a context: the API's answer.

        Args:
            model: a network of the registry, whose game is meant.
            contexts: one, or a row each of many: rows of numbers, an array, the Path of a .npy or .npz file
                (of one with the array `contexts`), or the bytes of one.
            gap, max_iterations, tolerance, time_limit: members of the API's body.

        Raises:
            ApiError, httpx.HTTPError, OSError, TypeError, ValueError: as of `reconstruct`.
        """
        asked = {
            "gap": gap,
            "max_iterations": max_iterations,
            "tolerance": tolerance,
            "time_limit": time_limit,
        }
        return self._calculated("/v1/equilibrium", *equilibrium_request(model, contexts, _given(asked)))

    def _calculated(self, path: str, media: str, data: bytes, query: Mapping[str, Any]) -> dict[str, Any]:
        headers, body = encoded(data, media)
        request: dict[str, Any] = {"params": written(query)} if query else {}
        answer: dict[str, Any] = self.answer_to("POST", path, headers=headers, content=body, **request)
        return answer


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are said."""
    return {name: value for name, value in members.items() if value is not None}
