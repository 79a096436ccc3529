"""Requests for torrents that are not held, and who waits for them."""
