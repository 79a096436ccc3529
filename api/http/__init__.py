"""Parts that the HTTP dialects share: responses, problem details, forms, media types."""
