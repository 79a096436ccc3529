"""Finished files of torrent clients over HTTP: by a link that lasts a while, whole, in part, or all in one zip."""
