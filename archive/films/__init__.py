"""Which film a torrent is of, by IMDb number."""
