"""The routes /stats and /stats/days: how many torrents are stored, and what the census counted."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.query_parameters import int_parameter
from api.rest.view import RestView
from archive.browse.archive_statistics import Overview, read_overview
from archive.census.country_credit import read_country_credit
from archive.torrents.count import count_versions

_MAX_DAYS, _DEFAULT_DAYS = 366, 30  # days


class StatsSerializer(serializers.Serializer[Any]):
    torrents = serializers.IntegerField(help_text="How many are stored, exactly.")
    v1 = serializers.IntegerField(help_text="Of them, those with a v1 infohash alone.")
    v2 = serializers.IntegerField(help_text="Those with a v2 infohash alone.")
    hybrid = serializers.IntegerField(help_text="Those with both.")


class StatsView(RestView):
    @extend_schema(operation_id="stats", responses=StatsSerializer)
    def get(self, request: Request) -> Response:
        """How many torrents are stored."""
        versions = count_versions()
        return Response(
            {"torrents": sum(versions), **versions._asdict()},
            headers={"Cache-Control": "no-store"},
        )


class CensusSerializer(serializers.Serializer[Any]):
    looked = serializers.IntegerField(help_text="Torrents that were looked at.")
    alive = serializers.IntegerField(help_text="Those of them that had a peer.")
    peers = serializers.IntegerField(
        help_text="The sum of their peers; who was in two swarms is in it twice."
    )


class DaySerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    stored = serializers.IntegerField(help_text="Torrents that came on that day and are here.")
    census = CensusSerializer(allow_null=True, help_text="null: nothing was looked at.")


class MonthSerializer(serializers.Serializer[Any]):
    month = serializers.DateField(help_text="Its first day.")
    stored = serializers.IntegerField()


class CountrySerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="ISO 3166-1 alpha-2; ZZ: unknown.")
    peers = serializers.IntegerField()


class DaysSerializer(serializers.Serializer[Any]):
    days = DaySerializer(many=True, help_text="The oldest first, today last.")
    months = MonthSerializer(many=True, help_text="Two years, the oldest first.")
    countries_of = serializers.DateField(allow_null=True, help_text="The last whole day of the census.")
    countries = CountrySerializer(many=True, help_text="The sums of that day's peers, the largest first.")
    credit = serializers.CharField(help_text="Whom to name where countries are shown. May be empty.")


class DailyStatsView(RestView):
    @extend_schema(
        operation_id="stats_days",
        parameters=[
            OpenApiParameter(
                "days", {"type": "integer", "minimum": 1, "maximum": _MAX_DAYS, "default": _DEFAULT_DAYS}
            )
        ],
        responses=DaysSerializer,
    )
    def get(self, request: Request) -> Response:
        """What was stored and what the census counted, by day (UTC)."""
        return Response(
            _daily_fields(read_overview(int_parameter(request, "days", 1, _MAX_DAYS) or _DEFAULT_DAYS))
        )


def _daily_fields(overview: Overview) -> dict[str, Any]:
    census = {total.day: total._asdict() for total in overview.census}
    for total in census.values():
        del total["day"]
    named = read_country_credit()
    return {
        "days": [
            {"day": day, "stored": stored, "census": census.get(day)}
            for day, stored in overview.stored_by_day.items()
        ],
        "months": [{"month": month, "stored": stored} for month, stored in overview.stored_by_month.items()],
        "countries_of": overview.last_census.day if overview.last_census else None,
        "countries": [{"code": code, "peers": peers} for code, peers in overview.countries.items()],
        "credit": " ".join(named) if named else "",
    }
