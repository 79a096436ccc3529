"""Feeds that other programs subscribe to or search: RSS and Torznab."""
