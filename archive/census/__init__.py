"""The census of peers: which torrents' peers are counted when, and the counts by day and country."""
