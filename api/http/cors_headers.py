"""Headers of CORS: pages of any origin may use an API, since its key is sent by hand and never by a cookie."""


def cors_headers(methods: str, request_headers: str, exposed: str) -> dict[str, str]:
    """Each parameter is a list with commas: the methods and the request's headers that a page may use, and the
    response's headers that it may read."""
    return {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": request_headers,
        "Access-Control-Expose-Headers": exposed,
        "Access-Control-Max-Age": "86400",  # seconds
    }
