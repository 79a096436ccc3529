"""The page that explains every API, and the reference of the REST API made from its OpenAPI document."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from web.page_response import allow_data_images, base_url, render_page


@require_safe
def api_page(request: HttpRequest) -> HttpResponse:
    base = base_url(request)
    context = {
        "base": base,
        "wsdl": f"{base}/api/storetorrent.wsdl",
        "max_bytes": settings.MAX_TORRENT_BYTES,
        "keys": settings.UPLOADS == "keys",
        "resolves": settings.RESOLVE,
        "resolve_timeout": f"{settings.RESOLVE_TIMEOUT:g}",
        "counts": settings.CENSUS,
    }
    return render_page("api.html", context)


@csrf_exempt  # it changes nothing; without this, Django's check answers other methods with 403 in place of 405
@require_safe
def rest_reference(request: HttpRequest) -> HttpResponse:
    """The REST API's OpenAPI document as a page on which requests can be tried out."""
    return allow_data_images(render_page("reference.html"))
