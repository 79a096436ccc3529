"""Takedowns: what must not be held or served."""
