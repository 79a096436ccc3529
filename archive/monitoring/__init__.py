"""What an operator watches: health, metrics, heartbeats."""
