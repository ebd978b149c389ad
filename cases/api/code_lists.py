"""The hospital's code lists over the API: a file after a dry run, and the codes that no map holds."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.diagnoses import code_files, code_maps
from cases.models import UnmappedCode
from mdt_portal import access, api
from mdt_portal.rest.filters import Ordering
from mdt_portal.tables.core import reading

TAGS = ["catalogue"]


@api.example(
    {"kind": "names", "text": "code,name_en,name_zh\nC34.900x001,Cancer of the lung,肺恶性肿瘤", "confirm": False},
    "A list of names, tried",
)
class CodeFileSerializer(serializers.Serializer):
    kind = serializers.ChoiceField([*code_files.KINDS], help_text="names: of diagnoses; map: of other codes to ICD-10")
    text = serializers.CharField(max_length=reading.LARGEST, trim_whitespace=False, help_text="CSV")
    confirm = serializers.BooleanField(default=False, help_text="false: a dry run; true: write it")


class CodeMistakeSerializer(serializers.Serializer):
    line = serializers.IntegerField(help_text="0: the whole file")
    column = serializers.CharField()
    text = serializers.CharField()


class CodeFieldChangeSerializer(serializers.Serializer):
    label = serializers.CharField()  # type: ignore[assignment]
    before = serializers.CharField()
    after = serializers.CharField()


class CodeChangeSerializer(serializers.Serializer):
    line = serializers.IntegerField()
    code = serializers.CharField()
    new = serializers.BooleanField()
    changes = CodeFieldChangeSerializer(many=True)


class CodeFileReadSerializer(serializers.Serializer):
    """What a file would do, or did; nothing is written while there are mistakes."""

    written = serializers.BooleanField()
    mistakes = CodeMistakeSerializer(many=True)
    changes = CodeChangeSerializer(many=True)
    unchanged = serializers.IntegerField()


class CodeListImportView(APIView):
    @extend_schema(
        summary="A code list: all its mistakes, or what it would change; with `confirm` it is written",
        tags=TAGS,
        request=CodeFileSerializer,
        responses={200: CodeFileReadSerializer, **api.errors(400, 403)},
    )
    def post(self, request: api.SignedIn) -> Response:
        access.require(request.user, "catalogue.edit")
        given = api.checked(CodeFileSerializer, self)
        found = code_files.read(code_files.KINDS[given["kind"]], given["text"])
        write = given["confirm"] and not found.mistakes
        if write:
            code_files.take_in(found, by=request.user)
        mistakes = [{"line": one.line, "column": one.column, "text": one.sentence} for one in found.refused]
        data = {"written": write, "mistakes": mistakes, "changes": found.changes, "unchanged": found.unchanged}
        return Response(CodeFileReadSerializer(data).data)


class UnmappedCodeSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="pk")
    system = serializers.CharField(help_text="As it was sent; empty where none was named.")
    code = serializers.CharField()
    display = serializers.CharField()
    times = serializers.IntegerField()
    last_seen_at = serializers.DateTimeField()


@api.example({"who_code": "C34.9", "display": "Malignant tumour of lung", "source": "Our coders, 2026"})
class MapSerializer(serializers.Serializer):
    who_code = serializers.CharField(max_length=8, allow_blank=True, help_text="Empty: it is no diagnosis.")
    display = serializers.CharField(max_length=240, allow_blank=True, default="")
    source = serializers.CharField(max_length=240)  # type: ignore[assignment]


class MappedCodeSerializer(serializers.Serializer):
    system = serializers.CharField()
    code = serializers.CharField()
    who_code = serializers.CharField()
    display = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]


class UnmappedFilter(FilterSet):
    ordering = Ordering(code_maps.UNMAPPED, changed=False)


NUMBER = OpenApiParameter("id", OpenApiTypes.INT, OpenApiParameter.PATH)


@extend_schema_view(list=extend_schema(summary="Codes that no map holds, the most frequent first", tags=TAGS))
class UnmappedCodeViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    queryset = UnmappedCode.objects.none()
    serializer_class = UnmappedCodeSerializer
    filterset_class = UnmappedFilter
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9]{1,9}"

    def get_queryset(self) -> QuerySet[UnmappedCode]:
        access.require(self.request.user, "catalogue.edit")
        return UnmappedCode.objects.order_by("-times", "-pk")

    @extend_schema(
        summary="Say in which code of ICD-10 it lies, or that it is no diagnosis",
        tags=TAGS,
        parameters=[NUMBER],
        request=MapSerializer,
        responses={200: MappedCodeSerializer, **api.errors(400, 403, 404)},
    )
    @action(methods=["post"], detail=True, filterset_class=None, pagination_class=None)
    def map(self, request: api.SignedIn, **_: Any) -> Response:
        row: UnmappedCode = self.get_object()
        given = api.checked(MapSerializer, self)
        return Response(MappedCodeSerializer(code_maps.map_by_hand(row, **given, by=request.user)).data)
