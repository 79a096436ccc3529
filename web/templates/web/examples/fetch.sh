hash=$(curl -sS --form torrent=@my.torrent {{ base }}/upload)
case $hash in Error*) echo "$hash" >&2; exit 1;; esac
curl -sSL --fail -o fetched.torrent "{{ base }}/torrent/$hash.torrent"
