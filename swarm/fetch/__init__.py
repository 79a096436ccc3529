"""Finds the metadata of a torrent by its infohash: info dictionary and piece layers."""
