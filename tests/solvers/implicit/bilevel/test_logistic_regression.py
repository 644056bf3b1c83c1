"""Gradients and products against automatic differentiation; scikit-learn finds the same minimiser."""

from __future__ import annotations

import math
import warnings

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from solvers.implicit.bilevel.lbfgs import Lbfgs, minimise
from solvers.implicit.bilevel.logistic_regression import Examples, LogisticRegression
from solvers.implicit.errors import InvalidProgram


def problem() -> LogisticRegression:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(30, 5, generator=generator, dtype=torch.float64)
    labels = torch.arange(30) % 2
    return LogisticRegression(
        Examples.of(features[:20], labels[:20]), Examples.of(features[20:], labels[20:])
    )


def inner(w: Tensor, alpha: Tensor) -> Tensor:
    examples = problem().training
    return softplus(-examples.signs * (examples.features @ w)).mean() + 0.5 * alpha.exp() * (w @ w)


def test_derivatives_are_those_of_autograd() -> None:
    w = torch.linspace(-1.0, 1.0, 5, dtype=torch.float64, requires_grad=True)
    alpha = torch.tensor(-1.3, dtype=torch.float64, requires_grad=True)
    vector = torch.arange(5, dtype=torch.float64)
    value = inner(w, alpha)
    (gradient,) = torch.autograd.grad(value, w, create_graph=True)
    product, cross = torch.autograd.grad(gradient @ vector, (w, alpha), retain_graph=True)
    point = problem().inner(w.detach(), -1.3)
    assert point.value == pytest.approx(float(value.detach()))
    assert torch.allclose(point.gradient, gradient)
    assert torch.allclose(problem().hessian_product(point, vector), product)
    assert float(problem().cross(point) @ vector) == pytest.approx(float(cross))
    outer, slope = problem().outer(w.detach())
    assert outer == pytest.approx(problem().validation.loss(w.detach()))
    step = 1e-6 * vector
    sides = problem().validation.loss(w.detach() + step) - problem().validation.loss(w.detach() - step)
    assert float(slope @ vector) == pytest.approx(sides / 2e-6, abs=1e-8)


def test_the_minimiser_is_that_of_scikit_learn() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    training = problem().training
    model = linear_model.LogisticRegression(
        C=1.0 / (len(training.signs) * math.exp(-2.0)), fit_intercept=False, tol=1e-10, max_iter=1000
    )
    model.fit(training.features.numpy(), training.signs.numpy())
    found = minimise(problem(), -2.0, torch.zeros(5, dtype=torch.float64), Lbfgs(1e-10)).value
    assert torch.allclose(found, torch.from_numpy(model.coef_[0]), atol=1e-6)


def test_sparse_features_do_as_well() -> None:
    training, validation = problem().training, problem().validation
    labels = training.signs
    with warnings.catch_warnings():  # torch says once in a process that compressed rows are in beta
        warnings.simplefilter("ignore")
        rows = training.features.to_sparse_csr()
    for sparse in (training.features.to_sparse(), rows):
        other = LogisticRegression(Examples.of(sparse, labels), validation)
        w = torch.linspace(-1.0, 1.0, 5, dtype=torch.float64)
        assert torch.allclose(other.inner(w, 0.0).gradient, problem().inner(w, 0.0).gradient)


def test_labels_of_any_two_kinds_and_what_is_no_example() -> None:
    features = torch.ones(3, 2)
    assert Examples.of(features, torch.tensor([7, 9, 7])).signs.tolist() == [-1.0, 1.0, -1.0]
    with pytest.raises(InvalidProgram, match="3 different labels"):
        Examples.of(features, torch.tensor([1, 2, 3]))
    with pytest.raises(InvalidProgram, match="do not go with labels"):
        Examples.of(features, torch.tensor([1, 2]))
    with pytest.raises(InvalidProgram, match="not finite"):
        Examples.of(features * float("nan"), torch.tensor([1, 2, 1]))


def test_accuracy() -> None:
    examples = Examples.of(torch.eye(2, dtype=torch.float64), torch.tensor([0, 1]))
    assert examples.accuracy(torch.tensor([-1.0, 1.0], dtype=torch.float64)) == 1.0
    assert examples.accuracy(torch.tensor([1.0, 1.0], dtype=torch.float64)) == 0.5
