"""Stored torrents: depositing, retrieving, checking and counting them."""
