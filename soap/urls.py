"""URLs of the SOAP door. The first of each dialect is its address in the WSDL."""

from django.urls import path

from soap.views import soap
from soap.wsdl import THETORRENT, TORRAGE

urlpatterns = [
    path("soap", soap, {"dialect": THETORRENT}, name="soap"),
    path("api/storetorrent.wsdl", soap, {"dialect": THETORRENT}),
    path("api/index.php", soap, {"dialect": TORRAGE}),
    path("api/torrage.wsdl", soap, {"dialect": TORRAGE}),
    path("torcache.wsdl", soap, {"dialect": TORRAGE}),
]
