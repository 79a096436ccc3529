"""Figures about the archive, as JSON."""

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from archive.count import count
from archive.errors import Unavailable


@api_view(["GET"])
def stats(request: Request) -> Response:
    """`torrents`: how many are stored, exactly."""
    try:
        return Response({"torrents": count()}, headers={"Cache-Control": "no-store"})
    except Unavailable as refusal:
        return Response({"detail": str(refusal)}, status=503, headers={"Retry-After": "30"})
