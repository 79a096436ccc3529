"""The torrents themselves: in, out, checked, counted."""
