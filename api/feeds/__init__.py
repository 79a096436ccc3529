"""Lists of torrents that other programs subscribe to: RSS and Torznab."""
