"""Sparse codes: min ½‖Ax − b‖² + λ‖x‖₁, and a sparse x from b = Ax + noise."""
