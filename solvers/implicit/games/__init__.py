"""Equilibria of games, predicted from a context by a fixed point and proved by a gap function."""
