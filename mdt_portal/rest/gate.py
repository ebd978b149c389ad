"""What is refused before an endpoint is asked: addresses that cannot be read, and parameters that are not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock
from typing import Any
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiParameter

from mdt_portal import api
from mdt_portal.rest.reading import readable

ROOT, VERSION = "/api/", "/api/v1/"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_reading = Lock()
"""The first requests of an endpoint may come at once, and what reads the schema is not made for several threads."""


class Gate:
    """Middleware. A query parameter that the schema does not name is refused, so that a misspelt filter is noticed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, given: Mapping[str, Any]) -> HttpResponse | None:
        if not request.path_info.startswith(ROOT):
            return None
        if not all(readable(str(part)) for part in given.values()):
            return nothing_here(request)
        if not _is_text(request.META.get("QUERY_STRING", "")):
            return _refused({"": [_("The address contains a sign that cannot be read.")]})
        known = known_parameters(view, request.method or "") if request.path_info.startswith(VERSION) else None
        if known is not None and (unknown := sorted(set(request.GET) - known)):
            return _refused({name: [_("This parameter is not known.")] for name in unknown})
        return None


def _is_text(query: str) -> bool:
    try:
        return readable(unquote_to_bytes(query).decode())
    except UnicodeDecodeError:
        return False


def _refused(fields: Mapping[str, list[str]]) -> JsonResponse:
    return JsonResponse(api.shape("invalid", next(iter(fields.values()))[0], fields), status=400)


def known_parameters(view: Any, method: str) -> frozenset[str] | None:
    """The names of the query parameters of this endpoint; None where the schema does not have it."""
    method = "GET" if method == "HEAD" else method
    actions = getattr(view, "actions", None)
    answers = method.lower() in actions if actions else hasattr(getattr(view, "cls", None), method.lower())
    if method not in METHODS or not answers:
        return None
    return _named(view, method)


@cache  # as many as there are endpoints
def _named(view: Any, method: str) -> frozenset[str] | None:
    """What this endpoint declares in `@extend_schema`, and how its list is narrowed down and paged. The schema itself
    would say the same (a test compares them), but its first reading takes a second."""
    with _reading:
        generator = SchemaGenerator()  # keeps the schema alive of the endpoint that it makes
        endpoint = generator.create_view(view, method)
        schema = endpoint.schema
        if schema is None:
            return None
        schema.method, schema.path = method, "/"
        return frozenset(_of_list(schema).union(*map(_declared, schema.get_override_parameters())))


def _of_list(schema: Any) -> set[str]:
    """How a list is narrowed down and paged; nothing of what is no list."""
    filters = getattr(schema.view, "filterset_class", None) if schema.get_filter_backends() else None
    pages = getattr(schema.view, "paginator", None) if schema._is_list_view() else None
    found = set(filters.base_filters) if filters else set()
    return found | {pages.page_query_param, pages.page_size_query_param} if pages else found


def _declared(parameter: Any) -> set[str]:
    """The names of one entry of `parameters`: one of them, or a serializer whose fields they are."""
    if isinstance(parameter, OpenApiParameter):
        return {parameter.name} if parameter.location == OpenApiParameter.QUERY else set()
    return {name for name, field in parameter().fields.items() if not field.read_only}


# Addresses that there are not, and bugs -------------------------------------------------------------------------------


@csrf_exempt  # there is nothing to protect, and the refusal would be a page
def nothing_here(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    """404 in the API's own shape; whoever only forgot the slash at the end is sent on, or told so."""
    slashed = f"{request.path_info}/"
    try:
        known = resolve(slashed).func is not nothing_here and not request.path_info.endswith("/")
    except Resolver404:
        known = False
    if known and request.method in ("GET", "HEAD"):
        query = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(f"{request.path}/{'?' if query else ''}{query}")
    if known:
        return JsonResponse(api.shape("not_found", _("Addresses of the API end with a slash.")), status=404)
    return JsonResponse(api.shape("not_found", api.NOTHING), status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path_info.startswith(ROOT):
        return defaults.bad_request(request, exception)
    return JsonResponse(api.shape("invalid", _("The request cannot be read.")), status=400)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path_info.startswith(ROOT):
        return defaults.page_not_found(request, exception)
    return nothing_here(request)


def server_error(request: HttpRequest) -> HttpResponse:
    if not request.path_info.startswith(ROOT):
        return defaults.server_error(request)
    message = _("Something went wrong on our side. It was written down; please try again later.")
    return JsonResponse(api.shape("server_error", message), status=500)
