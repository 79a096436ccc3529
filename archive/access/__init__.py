"""Who may do what, and how often: keys, accounts, rate limits."""
