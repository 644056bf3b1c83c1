"""Layers defined by a fixed point z = f(z): how it is found, and how it is differentiated."""
