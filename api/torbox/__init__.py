"""TorBox's torrents API, for an account that is one key of ours. docs/torbox.md says what its methods mean here."""
