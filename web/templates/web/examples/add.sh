infohash=c12fe1c06bba254a9dc9f519b335aa7c1367a88a
curl -sS -d "infohash=$infohash" -d imdbId=tt0063350 -d "title=Night of the Living Dead" -d "key=$KEY" {{ base }}/torrent/add
