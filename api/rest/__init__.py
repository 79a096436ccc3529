"""Our own dialect: REST under /api/v1/, described by its own OpenAPI at /api/v1/schema.

A new route is a class in a module of `routes`, and a line in `urls`. It inherits from `view.RestView`: the caller's
key, the limit of requests, parsers that bad input cannot hurt, and every refusal as problem details (RFC 9457). Lists
come in pages (`paging`). A serializer, in `serializers` or beside its route, describes what an answer looks like.
"""
