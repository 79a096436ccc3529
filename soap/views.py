"""The view of every SOAP URL: GET is the WSDL, POST is a call. (A .NET client posts to the WSDL's own URL.)"""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from soap.answer_calls import answer_calls, read_request
from soap.wsdl import SoapDialect, render_wsdl

CONTENT_TYPE = "text/xml; charset=utf-8"


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def soap_endpoint(request: HttpRequest, dialect: SoapDialect) -> HttpResponse:
    """Takes the calls of both dialects; `dialect` is the one whose WSDL it answers."""
    if request.method == "POST":
        # Not request.body: that would have Django's one limit for all views, and be in memory as a whole.
        [call_response] = answer_calls([read_request(request.META, request)])
        response = HttpResponse(call_response.body, CONTENT_TYPE, call_response.status)
        # Django logs a status of 500 as an error of ours unless this is set; it has no public way to say so.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response
    location = request.build_absolute_uri(dialect.path)
    return HttpResponse(render_wsdl(dialect, location), CONTENT_TYPE)
