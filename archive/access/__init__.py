"""Who may do what: API keys, the torrents in each key's list, and the limit on requests a minute."""
