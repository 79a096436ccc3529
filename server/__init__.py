"""HTTP server plumbing that knows no dialect and no table: bodies, responses, threads, batches, connections."""
