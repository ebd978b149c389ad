"""How the API pages its lists. A module of its own: the framework loads it before its views can be imported."""

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    """`?page=2&page_size=100`; a page never holds more than `max_page_size` rows."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
