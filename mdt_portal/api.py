"""What every endpoint shares: one shape of errors, public ids, Idempotency-Key, and the token.

An endpoint parses, asks `access`, calls one service and renders. Whatever goes wrong is answered as
`{"code": ..., "message": ..., "fields": {...}}`: the code is for programs, the message for people, in their language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import authenticate
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, models
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
    inline_serializer,
)
from rest_framework import exceptions, serializers
from rest_framework.authtoken.models import Token
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback
from rest_framework.views import exception_handler as standard_handler

from mdt_portal import access, audit, strictness
from mdt_portal.errors import Conflict, DomainError, RuleError
from mdt_portal.models import User

LONGEST_KEY = 80
NOTHING = gettext_lazy("There is no such thing here, or you may not see it.")
LOST_RACES = {
    "40001": "serialization failure",
    "40P01": "deadlock",
    "55P03": "lock not available",
    "23P01": "exclusion constraint",
    "23505": "unique constraint",
}
"""PostgreSQL's codes for what a rival causes. Any other error of the database is a bug and stays one."""


# Errors ---------------------------------------------------------------------------------------------------------------


class ErrorSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="Stable, for programs: `stale_plan`, `not_allowed`, `invalid` ...")
    message = serializers.CharField(help_text="For people, in the language of Accept-Language.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()), help_text="Messages by field of the request."
    )


REFUSALS = {
    400: "What was sent is not valid, or a rule forbids it.",
    401: "Nobody is signed in, or the token is not valid.",
    403: "The reader may see this but not do that.",
    404: "There is no such thing, or the reader may not see it.",
    409: "Somebody else was faster, or the world has moved on: `code` says which. Look again, then decide.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too many failed attempts; wait a while.",
}


def errors(*statuses: int) -> dict[int, Any]:
    """The error answers of an endpoint, for its schema; `mdt_portal.rest.schema` adds those that all have in common."""
    return {status: OpenApiResponse(ErrorSerializer, description=REFUSALS[status]) for status in statuses}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal in one shape. None leaves a bug to Django, which answers 500 and logs it."""
    if isinstance(error, DatabaseError):
        if getattr(error.__cause__, "pgcode", None) not in LOST_RACES:
            return None
        error = Conflict(_("Somebody else changed the same thing at the same moment. Please look again."))
    if isinstance(error, DomainError):
        set_rollback()
        return Response(shape(error.code, error.message, error.fields), status=error.status)
    response = standard_handler(error, context)
    if response is not None:
        response.data = _standard(error)
    return response


def shape(code: str, message: Any, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"code": code, "message": str(message), "fields": dict(fields or {})}


def _standard(error: Exception) -> dict[str, Any]:
    """An error of Django or of the framework, in our shape."""
    if isinstance(error, exceptions.NotFound) and error.detail != exceptions.NotFound.default_detail:
        return shape("not_found", error.detail)
    if isinstance(error, Http404 | exceptions.NotFound):
        return shape("not_found", NOTHING)
    if isinstance(error, PermissionDenied):
        return shape("not_allowed", _("You may not do this."))
    if isinstance(error, exceptions.ValidationError):
        fields = _fields(error.detail)
        message = next(iter(fields.values()))[0] if fields else _("What was sent is not valid.")
        return shape("invalid", message, fields)
    assert isinstance(error, exceptions.APIException)
    code = error.get_codes()
    return shape(code if isinstance(code, str) else error.default_code, error.detail)


def _fields(detail: Any, place: str = "") -> dict[str, list[str]]:
    """Nested messages as flat places: `seats.0.discipline`. What concerns no single field stands under ""."""
    if isinstance(detail, Mapping):
        pairs = [("" if key == "non_field_errors" else str(key), value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(one, Mapping | list) for one in detail):
        pairs = [(str(number), value) for number, value in enumerate(detail)]
    else:
        messages = detail if isinstance(detail, list) else [detail]
        return {place: [str(one) for one in messages]} if messages else {}
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found |= _fields(value, ".".join(part for part in (place, key) if part))
    return found


class SignedIn(Request):
    """The request of somebody who is signed in; endpoints get no other, as the settings demand it."""

    user: User  # type: ignore[assignment]


# Ids, keys -----------------------------------------------------------------------------------------------------------


class PublicIdMixin:
    """Rows are found by their public id, among those that the reader may see; all others do not exist for them."""

    lookup_field = "public_id"
    lookup_url_kwarg: str | None = "id"
    lookup_value_regex = "[A-Za-z0-9_-]{16}"

    def visible(self, rows: models.QuerySet) -> models.QuerySet:
        return access.visible(self.request.user, rows)  # type: ignore[attr-defined]


class PublicId(serializers.SlugRelatedField):
    """A row named by its public id. One that the reader may not see is as unknown as one that does not exist."""

    default_error_messages = {"does_not_exist": gettext_lazy("There is no “{value}” here, or you may not see it.")}
    PATTERN = "^[A-Za-z0-9_-]{16}$"

    def __init__(self, model: type[models.Model], *, slug: str = "public_id", **keywords: Any) -> None:
        self.model = model
        super().__init__(slug_field=slug, queryset=model._default_manager.all(), **keywords)

    def get_queryset(self) -> models.QuerySet:
        rows = self.model._default_manager.all()
        return access.visible(self.context["request"].user, rows)


class NamedSerializer(serializers.Serializer):
    """What is enough to name a row: its public id and its name in the reader's language."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField(source="__str__")


class KeyedSerializer(serializers.Serializer):
    """The same for reference data that has a key of its own, such as a discipline."""

    key = serializers.CharField()
    name = serializers.CharField()


ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="public id")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description=f"At most {LONGEST_KEY} characters. The same key of the same user gives the same row again, with 200.",
)


def idempotency_key(request: Request) -> str:
    """The request's Idempotency-Key, empty if there is none."""
    key: str = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > LONGEST_KEY or not key.isascii():
        message = _("The Idempotency-Key must be plain text of at most %(most)s characters.") % {"most": LONGEST_KEY}
        raise RuleError(message, code="invalid_key", fields={"Idempotency-Key": [message]})
    return key


def checked(serializer: type[serializers.Serializer], view: APIView, data: Any = None) -> dict[str, Any]:
    """What was sent, read strictly by `serializer` (mdt_portal.strictness): nothing is guessed or left out.

    `data` are query parameters, which are all text; without, the body is read.
    """
    request: Request = view.request
    raw = request.data if data is None else data
    reader = serializer(data=raw, context={"request": request, "view": view})
    if data is None:
        strictness.refuse_other_types(reader, raw)
    reader.is_valid(raise_exception=True)
    strictness.refuse_unknown(reader, raw)
    given = dict(reader.validated_data)
    strictness.refuse_far_days(given)
    return given


def parameters(serializer: type[serializers.Serializer], view: APIView) -> dict[str, Any]:
    """The query parameters, read by `serializer`, which stands in the schema as the endpoint's `parameters`."""
    given: dict[str, str] = view.request.query_params.dict()
    return checked(serializer, view, {name: given[name] for name in given if name in serializer().fields})


def example(value: Any, name: str = "Example") -> Any:
    """A decorator that puts an example of a request's body into the schema."""
    return extend_schema_serializer(examples=[OpenApiExample(name, value=value, request_only=True)])


# Token ----------------------------------------------------------------------------------------------------------------


class LockedOut(DomainError):
    """Too many failed attempts at this login."""

    code = "locked_out"
    status = 429


class CredentialsSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=400, trim_whitespace=False, style={"input_type": "password"})


TokenSerializer = inline_serializer("Token", {"token": serializers.CharField()})


class TokenView(APIView):
    """The key that programs send as `Authorization: Token ...`."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    @extend_schema(
        summary="Sign in: a token for a username and password",
        request=CredentialsSerializer,
        responses={200: TokenSerializer, **errors(400, 429)},
        auth=[],
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        given = checked(CredentialsSerializer, self)
        user = authenticate(request=request, **given)  # type: ignore[arg-type]
        if getattr(request, "axes_locked_out", False):
            raise LockedOut(_("Too many failed attempts. Please wait a quarter of an hour."))
        if user is None:
            raise RuleError(_("Username or password is wrong."), code="wrong_credentials")
        token, created = Token.objects.get_or_create(user=user)
        audit.record("token.issued", by=user, new=created)  # type: ignore[arg-type]
        return Response({"token": token.key})
