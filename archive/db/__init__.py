"""How the database is used: locks, batches, notifications, outages."""
