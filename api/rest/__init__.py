"""Our own dialect: REST under /api/v1/, described by its own OpenAPI at /api/v1/schema.

A new route is a class in a module of its own, and a line in `urls`. What it inherits from `resource.Resource`: the
caller's key, the limit of requests, parsers that bad input cannot hurt, and every refusal as a problem (RFC 9457).
Lists are paged by `paging`, and what an answer looks like is said by a serializer in `shapes` or beside its route.
"""
