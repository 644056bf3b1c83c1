"""Training of the sparse-recovery variants: networks of layers, and HyperLISTA's three numbers."""
