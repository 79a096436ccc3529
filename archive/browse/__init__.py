"""Ways to find stored torrents and to show them: search, lists of infohashes, a torrent's description, statistics."""
