"""The old torrent caches' addresses: uploads and lists of infohashes."""
