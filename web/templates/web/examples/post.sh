curl --form torrent=@my.torrent {{ base }}/upload
