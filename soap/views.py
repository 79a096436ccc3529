"""One URL does both: GET is the WSDL, POST is a call (a .NET client posts to the WSDL's own URL)."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from soap.spyne_server import answer_calls, read_request
from soap.wsdl import SoapDialect, render_wsdl

CONTENT_TYPE = "text/xml; charset=utf-8"


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def soap_endpoint(request: HttpRequest, dialect: SoapDialect) -> HttpResponse:
    """Every URL takes the calls of either dialect; the WSDL is its own."""
    if request.method == "POST":
        # Not request.body: Django's limit for it is the same for all views, and it would be in memory at once.
        [answer] = answer_calls([read_request(request.META, request)])
        response = HttpResponse(answer.body, CONTENT_TYPE, answer.status)
        # Django would log a fault as an error of ours.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response
    location = request.build_absolute_uri(dialect.path)
    return HttpResponse(render_wsdl(dialect, location), CONTENT_TYPE)
