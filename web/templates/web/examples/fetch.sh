hash=$(curl -sS --form torrent=@my.torrent {{ base }}/upload)
curl -sS --fail -o fetched.torrent {{ base }}/torrent/$hash.torrent
