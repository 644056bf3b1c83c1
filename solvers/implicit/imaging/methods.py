"""The methods of reconstruction there are, without torch."""

from __future__ import annotations

METHODS: dict[str, str] = {
    "zero-filled": "The operator's classical inverse: the adjoint, filtered back-projection, …",
    "total-variation": "Least squares with total variation, to a proved duality gap",
    "plug-and-play": "Proximal gradient steps with a denoiser in the place of a proximal map",
    "network": "A trained network, unrolled or at equilibrium",
}
