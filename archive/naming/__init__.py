"""What a torrent's name says: its search words, its kind, the film or series that it is a release of."""
