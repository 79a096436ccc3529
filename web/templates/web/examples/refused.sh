curl -sS "{{ base }}/torrent/list/imdb/63350?key=$KEY"
