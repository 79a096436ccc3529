"""The URLs of every protocol, in the order in which they are matched, and the views of errors."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("", include("soap.urls")),
    path("", include("api.urls")),
    path("", include("web.urls")),
]

handler400 = "web.errors.bad_request"
handler404 = "web.errors.not_found"
handler500 = "web.errors.server_error"
