"""Assets by layer."""
