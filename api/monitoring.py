"""For monitoring programs: /health says whether torrents can be stored, /metrics has figures for Prometheus."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from archive.monitoring.health import can_serve, check_health
from archive.monitoring.prometheus import render_metrics

_UNCACHED = {"Cache-Control": "no-store"}


@csrf_exempt  # Django's check would answer other methods with a page of HTML
@require_safe
def health_view(request: HttpRequest) -> HttpResponse:
    """Status 503 where torrents cannot be stored. `age`: seconds since the part was last seen well, null if never."""
    states = check_health()
    parts = {
        part: {"ok": state.usable, "age": None if state.age is None else round(state.age, 1)}
        for part, state in states.items()
    }
    is_serving = can_serve(states)
    return JsonResponse({"ok": is_serving} | parts, status=200 if is_serving else 503, headers=_UNCACHED)


@csrf_exempt
@require_safe
def metrics_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST, headers=_UNCACHED)
