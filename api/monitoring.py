"""For whoever runs the archive and the programs that watch it: is it well, and how much does it do."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from archive.monitoring.health import can_serve, check_health
from archive.monitoring.prometheus import render_metrics


@csrf_exempt  # Django's check would answer other methods with a page of HTML
@require_safe
def health_view(request: HttpRequest) -> HttpResponse:
    """503 where torrents cannot be stored. `age`: seconds since the part was last seen well, null if never."""
    states = check_health()
    told = {
        part: {"ok": state.well, "age": None if state.age is None else round(state.age, 1)}
        for part, state in states.items()
    }
    serves = can_serve(states)
    answer = JsonResponse({"ok": serves} | told, status=200 if serves else 503)
    answer["Cache-Control"] = "no-store"
    return answer


@csrf_exempt
@require_safe
def metrics_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        render_metrics(), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
    )
