"""What games share: contexts drawn and checked, rounding factors."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.implicit.errors import InvalidContext
from solvers.implicit.games.cities import draw_city
from solvers.implicit.games.game import Game, rounding
from solvers.implicit.games.matrix_game import MatrixGame

GAMES = (MatrixGame.draw_game(3, 4, 0), draw_city(3, 2, 1, 0))


@pytest.mark.parametrize("game", GAMES)
def test_contexts_are_drawn_in_the_box_and_valid(game: Game) -> None:
    drawn = game.draw(np.random.default_rng(0), 50)
    assert drawn.shape == (50, game.context_size)
    assert (drawn >= game.context_lower).all()
    assert (drawn <= game.context_upper).all()
    assert np.array_equal(game.check(drawn.tolist()), drawn)


@pytest.mark.parametrize("game", GAMES)
def test_a_wrong_number_of_numbers_is_said_with_their_names(game: Game) -> None:
    with pytest.raises(InvalidContext) as caught:
        game.check(np.ones((2, game.context_size + 1)))
    assert str(game.context_size) in str(caught.value.hint)
    assert game.context_names[0] in str(caught.value.hint)


def test_a_checked_context_is_a_copy() -> None:
    given = np.full((1, 4), 0.5)
    GAMES[0].check(given)[0, 0] = 9.0
    assert given[0, 0] == 0.5


def test_rounding_factors_cover_a_sum_of_so_many_terms() -> None:
    assert rounding(10) >= 10 * 2.0**-53
    assert rounding(1000) > rounding(10)
