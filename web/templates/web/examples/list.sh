curl -sS "{{ base }}/torrent/list/imdb/tt0063350?key=$KEY"
