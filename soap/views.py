"""One URL does both: GET is the WSDL, POST is a call (a .NET client posts to the WSDL's own URL)."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from soap.spyne_server import answer_all, sent
from soap.wsdl import Dialect, wsdl

KIND = "text/xml; charset=utf-8"


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def soap(request: HttpRequest, dialect: Dialect) -> HttpResponse:
    """Every URL takes the calls of either dialect; the WSDL is its own."""
    if request.method == "POST":
        # Not request.body: Django's limit for it is the same for all views, and it would be in memory at once.
        [answer] = answer_all([sent(request.META, request)])
        response = HttpResponse(answer.body, KIND, answer.status)
        # Django would log a fault as an error of ours.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response
    location = request.build_absolute_uri(dialect.path)
    return HttpResponse(wsdl(dialect, location), KIND)
