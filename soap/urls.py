"""URLs of SOAP: each takes the calls of both dialects; the first URL of a dialect is its address in the WSDL."""

from django.urls import path

from soap.views import soap_endpoint
from soap.wsdl import THETORRENT, TORRAGE

urlpatterns = [
    path("soap", soap_endpoint, {"dialect": THETORRENT}, name="soap"),
    path("api/storetorrent.wsdl", soap_endpoint, {"dialect": THETORRENT}),
    path("api/index.php", soap_endpoint, {"dialect": TORRAGE}),
    path("api/torrage.wsdl", soap_endpoint, {"dialect": TORRAGE}),
    path("torcache.wsdl", soap_endpoint, {"dialect": TORRAGE}),
]
