"""Contextual matrix games: payoffs, and exploitability against brute force, HiGHS and exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

from solvers.implicit.errors import InvalidContext
from solvers.implicit.games.matrix_game import MatrixGame

Matrix = NDArray[np.float64]


def game(actions: int = 5, regularization: float = 0.1, seed: int = 3) -> MatrixGame:
    return MatrixGame.draw_game(actions, 4, seed, regularization=regularization)


def strategies(count: int, actions: int, seed: int = 0) -> Matrix:
    return np.random.default_rng(seed).dirichlet(np.full(actions, 0.4), count)


def exact_gap(of: MatrixGame, context: Matrix, answer: Matrix) -> Fraction:
    """In fractions: max_x' x'ᵀg − (τ/2)‖x'‖² by trying every support, x made to sum to 1 exactly."""
    assert of.weights is not None
    n, tau = of.actions, Fraction(of.regularization)
    total = sum(map(Fraction, answer.tolist()), Fraction(0))
    x = [Fraction(value) / total for value in answer.tolist()]
    payoff = [[Fraction(0)] * n for _ in range(n)]
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    for (i, j), row in zip(pairs, of.weights.tolist(), strict=True):
        entry = sum(
            (Fraction(w) * Fraction(d) for w, d in zip(row, context.tolist(), strict=True)), Fraction(0)
        )
        payoff[i][j], payoff[j][i] = entry, -entry
    gains = [sum((payoff[i][j] * x[j] for j in range(n)), Fraction(0)) for i in range(n)]
    if tau == 0:
        return max(gains)
    best: Fraction | None = None
    for support in range(1, 1 << n):
        places = [i for i in range(n) if support >> i & 1]
        level = (sum((gains[i] for i in places), Fraction(0)) - tau) / len(places)
        reply = [(gains[i] - level) / tau if i in places else Fraction(0) for i in range(n)]
        if min(reply) >= 0:
            reached = sum((reply[i] * gains[i] - tau / 2 * reply[i] ** 2 for i in range(n)), Fraction(0))
            best = reached if best is None else max(best, reached)
    assert best is not None
    return best + tau / 2 * sum((value**2 for value in x), Fraction(0))


def test_payoffs_are_skew_and_at_most_one_and_each_action_beats_those_that_follow() -> None:
    for actions in (3, 4, 7):
        given = game(actions)
        payoffs = given.payoffs(given.draw(np.random.default_rng(0), 20))
        assert np.array_equal(payoffs, -payoffs.transpose(0, 2, 1))
        assert np.abs(payoffs).max() <= 1.0
        for ahead in range(1, (actions - 1) // 2 + 1):
            for i in range(actions):
                assert (payoffs[:, i, (i + ahead) % actions] > 0.0).all()


@pytest.mark.parametrize("regularization", [0.0, 1e-9, 0.1, 3.0])
def test_no_gap_is_below_the_exact_one_nor_far_above(regularization: float) -> None:
    given = game(4, regularization)
    contexts = given.draw(np.random.default_rng(1), 12) * np.array([1.0, 1e-3, 1.0, 40.0])
    answers = np.concatenate([strategies(6, 4), given.continue_from(contexts[6:], None, gap=1e-12).value])
    found = given.gap(contexts, answers)
    for context, answer, gap in zip(contexts, answers, found, strict=True):
        truth = exact_gap(given, context, answer)
        assert Fraction(float(gap)) >= truth
        assert float(gap) <= float(truth) + 1e-10 * (1.0 + 1.0 / max(regularization, 1e-3))


def test_a_plain_games_gap_is_the_best_pure_deviation_and_zero_at_the_linear_programs_answer() -> None:
    given = game(6, 0.0)
    contexts = given.draw(np.random.default_rng(2), 8)
    payoffs, answers = given.payoffs(contexts), strategies(8, 6)
    pure = (payoffs @ answers[:, :, None])[:, :, 0].max(axis=1)
    assert np.allclose(given.gap(contexts, answers), pure, atol=1e-12)
    for context, payoff in zip(contexts, payoffs, strict=True):
        program = linprog(
            np.r_[np.zeros(6), 1.0],
            A_ub=np.c_[payoff, -np.ones(6)],
            b_ub=np.zeros(6),
            A_eq=np.r_[np.ones(6), 0.0][None],
            b_eq=[1.0],
            bounds=[(0.0, None)] * 6 + [(None, None)],
        )
        ours = given.continue_from(context[None], None, gap=1e-10).value
        assert np.allclose(ours[0], program.x[:6], atol=1e-8)


def test_no_mixed_deviation_gains_more_than_the_gap() -> None:
    given = game(5, 0.2)
    contexts, answers = given.draw(np.random.default_rng(3), 10), strategies(10, 5)
    payoffs, found = given.payoffs(contexts), given.gap(contexts, answers)
    for deviation in strategies(400, 5, seed=9):
        gained = (deviation * (payoffs @ answers[:, :, None])[:, :, 0]).sum(1)
        gained -= 0.1 * (np.square(deviation).sum() - np.square(answers).sum(axis=1))
        assert (gained <= found).all()


@pytest.mark.parametrize("actions", [3, 10, 25])
@pytest.mark.parametrize("regularization", [0.05, 0.5])
def test_the_classical_method_reaches_a_proved_gap(actions: int, regularization: float) -> None:
    given = game(actions, regularization)
    contexts = given.draw(np.random.default_rng(4), 30)
    found = given.continue_from(contexts, strategies(30, actions), gap=1e-9)
    value = given.feasible(contexts, found.value)
    assert given.gap(contexts, value).max() <= 1e-9
    assert given.conservation(contexts, value).max() <= 1e-15


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -1e-9])
def test_what_is_no_strategy_has_no_proof(spoilt: float) -> None:
    given = game(3)
    answer = np.array([[0.5, 0.5, spoilt], [0.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    gap = given.gap(given.draw(np.random.default_rng(0), 3), answer)
    assert np.isinf(gap[:2]).all()
    assert np.isfinite(gap[2])


def test_a_gap_does_not_depend_on_the_unit_of_the_weights_of_a_strategy() -> None:
    given = game(4)
    contexts, answers = given.draw(np.random.default_rng(5), 5), strategies(5, 4)
    found = given.gap(contexts, answers)
    for scale in (1e-290, 1e290):
        assert np.allclose(given.gap(contexts, scale * answers), found, atol=1e-12)


def test_what_is_not_finite_is_made_uniform() -> None:
    made = game(4).feasible(np.zeros((2, 4)), np.array([[np.nan, 1, 0, 0], [2.0, -1.0, 2.0, 0.0]]))
    assert np.array_equal(made, [[0.25] * 4, [0.5, 0.0, 0.5, 0.0]])


def test_without_payoffs_there_is_no_gap() -> None:
    unknown = MatrixGame(3, 2)
    assert not unknown.is_known
    assert np.isnan(unknown.gap(np.zeros((2, 2)), strategies(2, 3))).all()
    with pytest.raises(ValueError, match="not known"):
        unknown.continue_from(np.zeros((1, 2)), None, gap=1e-3)


@pytest.mark.parametrize("contexts", [[[1.0, 2.0]], [np.nan] * 4, "no", [[["a"]]], [1e7, 0, 0, 0], 3.0])
def test_a_context_that_is_not_of_the_game_is_refused(contexts: object) -> None:
    with pytest.raises(InvalidContext):
        game().check(contexts)


def test_a_single_context_is_one_of_a_batch() -> None:
    assert game().check([0.1, 0.2, 0.3, 0.4]).shape == (1, 4)


@pytest.mark.parametrize("sizes", [(1, 2), (2, 0)])
def test_a_game_without_a_choice_is_refused(sizes: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="two actions"):
        MatrixGame(*sizes)


def test_weights_of_another_shape_and_a_negative_regularization_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        MatrixGame(3, 2, np.zeros((3, 3)))
    with pytest.raises(ValueError, match="negative"):
        MatrixGame(3, 2, regularization=-0.1)
