"""Games made again from their descriptions."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.implicit.games.cities import draw_city
from solvers.implicit.games.game import Game
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.stored_game import make_game


@pytest.mark.parametrize("game", [MatrixGame.draw_game(3, 2, 0, regularization=0.5), draw_city(3, 2, 2, 0)])
def test_a_game_made_again_has_the_same_gaps(game: Game) -> None:
    again = make_game(game.description(), game.tensors())
    contexts = game.draw(np.random.default_rng(0), 3)
    answers = game.feasible(contexts, np.ones((3, game.equilibrium_size)))
    assert np.array_equal(again.gap(contexts, answers), game.gap(contexts, answers))
    assert again.context_names == game.context_names


def test_a_game_without_its_numbers_is_refused() -> None:
    game = MatrixGame.draw_game(3, 2, 0)
    with pytest.raises(KeyError):
        make_game(game.description(), {})
    with pytest.raises(ValueError, match="chess"):
        make_game({"name": "chess"}, {})
