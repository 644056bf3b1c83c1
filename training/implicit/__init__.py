"""Training of implicit networks: one loop, a file a task."""
