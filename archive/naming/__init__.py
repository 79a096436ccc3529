"""What a torrent's name says: words, kind, release."""
