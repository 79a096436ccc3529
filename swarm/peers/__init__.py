"""Counting the peers of a swarm."""
