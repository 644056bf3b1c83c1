"""Bilevel problems: parameters of a minimisation, chosen by a loss of its minimiser."""
