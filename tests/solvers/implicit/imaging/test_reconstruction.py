"""`reconstruct` by each method: what is said of each picture, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from solvers.implicit.errors import InvalidMeasurement, UnsuitableNetwork
from solvers.implicit.imaging.operators import make_operator
from solvers.implicit.imaging.reconstruction import ReconstructionOptions, reconstruct
from solvers.implicit.imaging.reconstruction_network import NetworkShape, ReconstructionNetwork
from solvers.implicit.imaging.residual_network import ResidualShape
from solvers.iteration import TerminationReason

SHAPE = (16, 20)
OPERATOR = make_operator({"kind": "masked-fourier", "acceleration": 3}, SHAPE)
SMALL = ResidualShape(channels=4, dilations=(1, 1), lipschitz=0.5)


def measurements(count: int = 2) -> torch.Tensor:
    truth = torch.zeros(count, 1, *SHAPE)
    for item in range(count):
        truth[item, 0, 3 : 9 + item, 5:14] = 0.7
    return OPERATOR.apply(truth)


def network(mode: str = "equilibrium", form: str = "proximal") -> ReconstructionNetwork:
    torch.manual_seed(0)
    found = ReconstructionNetwork(NetworkShape(form, mode, 4, SMALL))
    found.freeze()
    return found


@pytest.mark.parametrize("method", ["zero-filled", "total-variation", "plug-and-play", "network"])
def test_every_method_answers_for_every_picture(method: str) -> None:
    y = measurements(3)
    found = reconstruct(OPERATOR, y, ReconstructionOptions(method), network())
    assert found.images.shape == (3, 1, *SHAPE)
    assert found.images.dtype == torch.float32
    assert float(found.images.min()) >= 0
    assert float(found.images.max()) <= 1
    for item in range(3):
        gap = OPERATOR.apply(found.images[item : item + 1].double()) - y[item : item + 1]
        assert found.residual[item] == pytest.approx(float(gap.abs().square().sum().sqrt()), rel=1e-6)
        size = float(y[item].abs().square().sum().sqrt())
        assert found.relative_residual[item] == pytest.approx(found.residual[item] / size, rel=1e-6)
    assert len(found.reasons) == len(found.converged) == len(found.provenance) == 3
    assert (found.fixed_point_residual is not None) == (method in ("plug-and-play", "network"))
    assert (found.duality_gap is not None) == (method == "total-variation")


def test_total_variation_is_certified_only_within_the_tolerance() -> None:
    y = measurements()
    certified = reconstruct(OPERATOR, y, ReconstructionOptions("total-variation", tolerance=1e-2))
    assert certified.provenance == ("certified", "certified")
    assert certified.duality_gap is not None
    assert certified.objective is not None
    assert (certified.duality_gap <= 1e-2 * certified.objective).all()
    short = reconstruct(OPERATOR, y, ReconstructionOptions("total-variation", max_iterations=3))
    assert short.provenance == ("computed", "computed")
    assert short.reasons == (TerminationReason.ITERATION_LIMIT,) * 2
    assert short.duality_gap is not None
    assert (short.duality_gap > 1e-3).all()


@pytest.mark.parametrize("form", ["gradient", "proximal"])
def test_an_equilibrium_is_a_fixed_point(form: str) -> None:
    full = make_operator({"kind": "masked-fourier", "acceleration": 1}, SHAPE)  # there it contracts
    y = full.apply(0.2 + 0.5 * torch.rand(2, 1, *SHAPE))
    options = ReconstructionOptions(max_iterations=500, tolerance=1e-5)
    net = network(form=form)
    found = reconstruct(full, y, options, net)
    assert found.converged == (True, True)
    assert found.provenance == ("predicted", "predicted")
    flat = found.images.flatten(1)
    with torch.no_grad():
        image = net.flat_cell(full, y)(flat)
    assert float((image - flat).norm() / image.norm()) < 1e-4
    assert found.fixed_point_residual is not None
    assert (found.fixed_point_residual <= 1e-5).all()


def test_an_unrolled_network_takes_its_steps() -> None:
    y = measurements()
    found = reconstruct(OPERATOR, y, None, network("unrolled"))
    assert found.iterations.tolist() == [4, 4]
    with torch.no_grad():
        plain = network("unrolled")(OPERATOR, y)
    torch.testing.assert_close(found.images, plain)
    more = reconstruct(OPERATOR, y, ReconstructionOptions(max_iterations=7), network("unrolled"))
    assert more.iterations.tolist() == [7, 7]


def test_a_clock_that_has_run_out_is_said() -> None:
    found = reconstruct(OPERATOR, measurements(), ReconstructionOptions("total-variation", time_limit=1e-9))
    assert found.reasons == (TerminationReason.TIME_LIMIT,) * 2
    assert found.provenance == ("computed", "computed")


def test_plug_and_play_ends_with_the_step_in_which_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("solvers.iteration.time.monotonic", lambda: float(next(clock)))
    options = ReconstructionOptions("plug-and-play", tolerance=1e-12, time_limit=5.0)
    found = reconstruct(OPERATOR, measurements(), options)
    assert found.reasons == (TerminationReason.TIME_LIMIT,) * 2
    assert found.iterations.max() <= 3  # a look and a step take a second each of this clock
    assert found.converged == (False, False)


def test_one_picture_that_breaks_down_leaves_the_others_alone() -> None:
    y = measurements(3)
    net = network("unrolled")
    alone = reconstruct(OPERATOR, y[:1], None, net)
    y[1] = 1e38
    found = reconstruct(OPERATOR, y, None, net)
    assert TerminationReason.NON_FINITE not in (found.reasons[0], found.reasons[2])
    assert bool(torch.isfinite(found.images).all())
    torch.testing.assert_close(found.images[:1], alone.images, rtol=0, atol=1e-4)


def test_an_empty_measurement_has_a_residual() -> None:
    found = reconstruct(OPERATOR, torch.zeros_like(measurements(1)), ReconstructionOptions("zero-filled"))
    assert found.relative_residual.tolist() == [0.0]


def test_what_cannot_be_answered_is_refused() -> None:
    y = measurements()
    with pytest.raises(UnsuitableNetwork, match="needs a network"):
        reconstruct(OPERATOR, y)
    with pytest.raises(InvalidMeasurement, match="shape"):
        reconstruct(OPERATOR, y[:, :3], ReconstructionOptions("zero-filled"))
    with pytest.raises(InvalidMeasurement, match="not finite"):
        reconstruct(OPERATOR, y * math.nan, ReconstructionOptions("zero-filled"))
    with pytest.raises(InvalidMeasurement, match="too large"):
        reconstruct(OPERATOR, y.to(torch.complex128) * 1e200, ReconstructionOptions("zero-filled"))


def test_a_network_goes_with_its_operator_whatever_the_seed() -> None:
    y = measurements()
    net = network()
    net.card = {"operator": {**OPERATOR.description(), "seed": 9}}
    assert reconstruct(OPERATOR, y, None, net).provenance == ("predicted", "predicted")
    net.card = {"operator": {**OPERATOR.description(), "acceleration": 8.0}}
    with pytest.raises(UnsuitableNetwork, match="trained for"):
        reconstruct(OPERATOR, y, None, net)


@pytest.mark.parametrize(
    "wrong",
    [{"method": "magic"}, {"max_iterations": -1}, {"tolerance": 0.0}, {"time_limit": np.inf}],
)
def test_options_that_say_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no method|must"):
        ReconstructionOptions(**wrong)  # type: ignore[arg-type]
