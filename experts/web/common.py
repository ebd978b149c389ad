"""What the pages of the pools share: finding a hospital that one sees or keeps."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from experts.models import Institution
from mdt_portal import access, shell


def hospitals(request: HttpRequest) -> list[Institution]:
    """All that the reader sees, their own first."""
    own = getattr(shell.home(request.user), "pk", None)
    rows = access.visible(request.user, Institution.objects.all())
    return sorted(rows, key=lambda one: (one.pk != own, one.pk))


def chosen(request: HttpRequest, known: list[Institution], name: str = "hospital") -> Institution:
    """The one that the address names, else the first."""
    wanted = request.GET.get(name, "")
    for one in known:
        if wanted in ("", one.public_id):
            return one
    raise Http404


def kept(request: HttpRequest) -> list[Institution]:
    """Those whose pools the reader keeps."""
    return [one for one in hospitals(request) if access.can(request.user, "pool.edit", one)]


def hospital(request: HttpRequest, public_id: str) -> Institution:
    return get_object_or_404(access.visible(request.user, Institution.objects.all()), public_id=public_id)
