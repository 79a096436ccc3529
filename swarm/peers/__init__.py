"""Counts the peers of a swarm from outside, without joining it: by the DHT and by trackers."""
