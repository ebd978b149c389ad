"""Lists to pick from: institutions, teams, experts, disciplines."""

from __future__ import annotations

import django_filters
from django.db.models import Prefetch, Q, QuerySet
from drf_spectacular.utils import (
    extend_schema,
    extend_schema_view,
)
from rest_framework import mixins, serializers, viewsets

from experts.models import (
    Affiliation,
    Discipline,
    Expert,
    Institution,
    Level,
    Qualification,
    Team,
)
from experts.roster import list_orders
from mdt_portal import api
from mdt_portal.rest.filters import Changed, Ordering


class InstitutionSerializer(api.NamedSerializer):
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    level = serializers.ChoiceField(Level.choices)
    beds = serializers.IntegerField()
    zone = serializers.CharField(help_text="The hospital's time zone, such as Asia/Shanghai.")


class TeamSerializer(api.NamedSerializer):
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    institution = api.NamedSerializer()
    disease_group = api.KeyedSerializer()
    lead_discipline = api.KeyedSerializer()
    active = serializers.BooleanField()


class AffiliationSerializer(serializers.Serializer):
    institution = api.NamedSerializer()
    title = serializers.CharField(source="title.name")
    rank = serializers.IntegerField(source="title.rank", help_text="4 is the highest (chief), 0 the lowest.")
    home = serializers.BooleanField(help_text="The main employer.")


class QualificationSerializer(serializers.Serializer):
    discipline = serializers.CharField(source="discipline.key")
    name = serializers.CharField(source="discipline.name")
    sub_specialty = serializers.CharField()


class ExpertSerializer(api.NamedSerializer):
    """A colleague. How to reach them by phone or mail is no part of the list."""

    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    remote = serializers.BooleanField(help_text="Can attend by video.")
    affiliations = AffiliationSerializer(many=True)
    qualifications = QualificationSerializer(many=True)


class DisciplineSerializer(api.KeyedSerializer):
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    core = serializers.BooleanField()


class InstitutionFilter(Changed):
    ordering = Ordering(list_orders.INSTITUTIONS)
    level = django_filters.ChoiceFilter(choices=Level.choices)
    search = django_filters.CharFilter(method="named")

    def named(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(Q(name_en__icontains=value) | Q(name_zh__icontains=value))


class TeamFilter(Changed):
    ordering = Ordering(list_orders.TEAMS)
    institution = django_filters.CharFilter("institution__public_id")
    disease_group = django_filters.CharFilter("disease_group__key")
    active = django_filters.BooleanFilter()


class ExpertFilter(InstitutionFilter):
    ordering = Ordering(list_orders.EXPERTS)
    level = None
    institution = django_filters.CharFilter(method="employed")
    discipline = django_filters.CharFilter(method="qualified")
    team = django_filters.CharFilter(method="in_team")

    def employed(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=Affiliation.objects.filter(institution__public_id=value).values("expert"))

    def qualified(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=Qualification.objects.filter(discipline__key=value).values("expert"))

    def in_team(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=Team.core_members.through.objects.filter(team__public_id=value).values("expert"))


class DisciplineFilter(InstitutionFilter):
    ordering = Ordering(list_orders.DISCIPLINES)
    level = None
    core = django_filters.BooleanFilter()


class Lists(api.PublicIdMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Read-only lists of what the reader may see."""

    def get_queryset(self) -> QuerySet:
        return self.visible(super().get_queryset())


@extend_schema_view(
    list=extend_schema(summary="Hospitals of one's own alliance", tags=["lists"]),
    retrieve=extend_schema(
        summary="One hospital", tags=["lists"], responses={200: InstitutionSerializer, **api.errors(404)}
    ),
)
class InstitutionViewSet(Lists):
    queryset = Institution.objects.order_by("pk")
    serializer_class = InstitutionSerializer
    filterset_class = InstitutionFilter


@extend_schema_view(
    list=extend_schema(summary="Teams", tags=["lists"]),
    retrieve=extend_schema(summary="One team", tags=["lists"], responses={200: TeamSerializer, **api.errors(404)}),
)
class TeamViewSet(Lists):
    queryset = Team.objects.select_related("institution", "disease_group", "lead_discipline").order_by("pk")
    serializer_class = TeamSerializer
    filterset_class = TeamFilter


@extend_schema_view(
    list=extend_schema(summary="Experts with their titles and disciplines", tags=["lists"]),
    retrieve=extend_schema(summary="One expert", tags=["lists"], responses={200: ExpertSerializer, **api.errors(404)}),
)
class ExpertViewSet(Lists):
    queryset = (
        Expert.objects.filter(active=True)
        .prefetch_related(
            Prefetch("affiliations", Affiliation.objects.select_related("institution", "title")),
            Prefetch("qualifications", Qualification.objects.select_related("discipline").order_by("pk")),
        )
        .order_by("name_en", "pk")
    )
    serializer_class = ExpertSerializer
    filterset_class = ExpertFilter


@extend_schema_view(list=extend_schema(summary="Disciplines", tags=["lists"]))
class DisciplineViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    queryset = Discipline.objects.order_by("key")
    serializer_class = DisciplineSerializer
    filterset_class = DisciplineFilter
