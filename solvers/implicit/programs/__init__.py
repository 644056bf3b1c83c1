"""Linear and convex quadratic programs as differentiable layers."""
