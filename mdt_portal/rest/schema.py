"""What the schema says of every endpoint alike, so that no view repeats it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils.encoding import force_str

from mdt_portal import api
from mdt_portal.rest.reading import LARGEST_NUMBER

WITH_BODY = ("post", "put", "patch")


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A hook of drf-spectacular: adds servers, the refusals that all endpoints share, and limits of what is read."""
    here = request.build_absolute_uri("/") if request is not None else settings.MDT_PUBLIC_URL
    result["servers"] = [{"url": force_str(here).rstrip("/"), "description": "This portal"}]
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            _add_refusals(path, method, operation)
    for schema in result.get("components", {}).get("schemas", {}).values():
        for node in _nodes(schema):
            _limit(node)
    return result


def _add_refusals(path: str, method: str, operation: dict[str, Any]) -> None:
    """400: an unknown parameter; 401, 403 but where nobody has to sign in; 404: a row of the address, or a page."""
    answers = operation["responses"]
    guarded = operation.get("security") != [{}] and bool(operation.get("security"))
    wanted = {400: True, 401: guarded, 403: guarded}
    paged = any(one["name"] == "page" for one in operation.get("parameters", ()))
    body = "requestBody" in operation
    wanted |= {404: "{" in path or paged, 413: body, 415: body}
    for status, description in api.REFUSALS.items():
        if wanted.get(status) and str(status) not in answers:
            content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
            answers[str(status)] = {"content": content, "description": description}
    operation["responses"] = dict(sorted(answers.items()))


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from _nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _nodes(value)


def _limit(node: dict[str, Any]) -> None:
    """Unknown fields are refused, and so are numbers that no column holds."""
    if node.get("type") == "object" and "properties" in node:
        node.setdefault("additionalProperties", False)
    if node.get("type") in ("integer", "number"):
        node.setdefault("maximum", LARGEST_NUMBER)
        node.setdefault("minimum", -LARGEST_NUMBER)
