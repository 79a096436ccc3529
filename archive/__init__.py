"""The core of the archive: what is stored, wanted, blocked, counted and found."""
