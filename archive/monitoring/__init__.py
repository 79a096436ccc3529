"""What an operator watches: the health of the archive's parts, metrics for Prometheus, heartbeats of processes."""
