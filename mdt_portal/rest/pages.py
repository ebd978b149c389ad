"""How the API pages its lists."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request


class Pages(PageNumberPagination):
    """`?page=2&page_size=100`; a page never holds more than `max_page_size` rows."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    LAST = 1_000_000

    def get_page_number(self, request: Request, paginator: Any) -> int:
        """Raises ValidationError for what is no number, NotFound for a page beyond the last."""
        number = self._number(request, self.page_query_param, 1, self.LAST)
        if number > paginator.num_pages:
            raise exceptions.NotFound(
                _("There is no page %(page)d: the last one is %(last)d.")
                % {"page": number, "last": paginator.num_pages}
            )
        return number

    def get_page_size(self, request: Request) -> int:
        return self._number(request, "page_size", self.page_size, self.max_page_size)

    @staticmethod
    def _number(request: Request, name: str, default: int, most: int) -> int:
        text = request.query_params.get(name, str(default))
        if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most:
            return int(text)
        message = _("Write a number from 1 to %(most)d.") % {"most": most}
        raise exceptions.ValidationError({name: [message]})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for one, most in zip(parameters, (self.LAST, self.max_page_size), strict=True):
            one["schema"] = {"type": "integer", "minimum": 1, "maximum": most}
        return parameters
