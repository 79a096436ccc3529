"""Finding torrents and telling about them: search, lists, totals."""
