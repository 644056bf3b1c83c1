"""What is checked of the container where there is no container engine."""
