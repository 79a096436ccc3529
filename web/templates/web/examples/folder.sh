for torrent in *.torrent; do
    printf '%s\t' "$torrent"
    curl -sS --form "torrent=@\"$torrent\"" {{ base }}/upload
    echo
done
