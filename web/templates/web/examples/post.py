import requests

with open("my.torrent", "rb") as torrent:
    form = {"torrent": torrent}
    answer = requests.post("{{ base }}/upload", files=form, timeout=60)

if answer.headers["X-Thetorrent-Result"] == "stored":
    print(answer.headers["X-Thetorrent-Hash"])
else:
    raise SystemExit(answer.headers["X-Thetorrent-Error"])
