"""One URL does both: GET is the WSDL, POST is a call (a .NET client posts to the WSDL's own URL)."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from soap.server import answer_all
from soap.wsdl import Dialect, wsdl


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def soap(request: HttpRequest, dialect: Dialect) -> HttpResponse:
    """Every URL takes the calls of either dialect; the WSDL is its own."""
    if request.method == "POST":
        [answer] = answer_all([request])
        return answer
    location = request.build_absolute_uri(dialect.path)
    return HttpResponse(wsdl(dialect, location), content_type="text/xml; charset=utf-8")
