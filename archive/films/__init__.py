"""Which film or series a torrent is, by its id at IMDb."""
