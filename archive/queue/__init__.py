"""The queue of wishes, that is, of requests for torrents that are not held; and the requests that wait for them."""
