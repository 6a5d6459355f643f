"""All addresses of the web process."""

from django.urls import URLPattern, URLResolver

handler404 = "backend.common.http.not_found"
handler500 = "backend.common.http.server_error"

urlpatterns: list[URLPattern | URLResolver] = []
