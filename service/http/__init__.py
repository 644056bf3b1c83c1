"""The HTTP API: what a request goes through, from the socket to a worker and back."""
