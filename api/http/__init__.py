"""What the HTTP dialects share: answers, problems, forms, media types."""
