"""The methods of TorBox's API, a module each, with TorBox's own names."""
