"""The "Torrent API": peers of torrents by day and country, as JSON, for holders of an API key.

Its document names two statuses, 200 and 500. So an error too is a 200 unless it is ours: an object of just `error`
and `message`, by which clients know it. Infohashes are in lower case, times have milliseconds and an offset without a
colon, and what is not known is left out. `short=true` leaves the countries out.
"""
