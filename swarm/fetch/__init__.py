"""The metadata of one infohash, from the BitTorrent network."""
