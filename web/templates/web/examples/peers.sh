infohash=c12fe1c06bba254a9dc9f519b335aa7c1367a88a
curl -sS "{{ base }}/torrent/peers/$infohash?day=2026-11-20&key=$KEY"
