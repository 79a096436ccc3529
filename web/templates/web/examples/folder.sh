for torrent in *.torrent; do
    answer=$(curl -sS --form 'torrent=@-;filename=it.torrent' {{ base }}/upload < "$torrent")
    printf '%s\t%s\n' "$torrent" "$answer"
done
