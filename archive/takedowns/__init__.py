"""What must not be held or served."""
