"""Every door, in the order in which they are asked."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("soap.urls")),
    path("", include("api.urls")),
    path("", include("web.urls")),
]

handler400 = "web.views.bad_request"
handler404 = "web.views.not_found"
handler500 = "web.views.server_error"
