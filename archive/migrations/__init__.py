"""The steps that build the index's tables. Each is frozen: it imports nothing of ours."""
