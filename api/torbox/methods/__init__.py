"""The methods of TorBox's API, a module each."""
