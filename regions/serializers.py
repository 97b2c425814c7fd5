"""Regions as JSON: what operators decide (enabled), what accounts may (opt-in), what the catalogue knows.

Queries nothing beyond what `queries.regions()` has fetched.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from regions import catalogue
from regions.asked import Asked, OnlyItsFields
from regions.models import Region


class AccountRegionSerializer(serializers.Serializer[Any]):
    account = serializers.CharField(source="account.name")
    opt_in = serializers.CharField(help_text="As DescribeRegions says it; unknown: not read yet.")
    usable = serializers.BooleanField(help_text="Services of this account can be placed here.")


class RegionSerializer(serializers.ModelSerializer[Region]):
    name = serializers.SerializerMethodField(help_text="AWS's own name.")
    place = serializers.SerializerMethodField()
    country = serializers.SerializerMethodField()
    group = serializers.SerializerMethodField()
    latitude = serializers.SerializerMethodField(help_text="Degrees, of the town that it is named for.")
    longitude = serializers.SerializerMethodField()
    zones = serializers.SerializerMethodField(help_text="Ids of its availability zones, as the last sync read them.")
    accounts = AccountRegionSerializer(source="account_regions", many=True, read_only=True)

    class Meta:
        model = Region
        fields = [
            "code",
            "enabled",
            "name",
            "place",
            "country",
            "group",
            "latitude",
            "longitude",
            "zones",
            "accounts",
        ]

    def get_name(self, region: Region) -> str | None:
        facts = catalogue.regions().get(region.code)
        return facts.name if facts else None

    def get_place(self, region: Region) -> str | None:
        facts = catalogue.regions().get(region.code)
        return facts.place if facts else None

    def get_country(self, region: Region) -> str | None:
        facts = catalogue.regions().get(region.code)
        return facts.country if facts else None

    def get_group(self, region: Region) -> str | None:
        facts = catalogue.regions().get(region.code)
        return facts.group if facts else None

    def get_latitude(self, region: Region) -> float | None:
        facts = catalogue.regions().get(region.code)
        return facts.latitude if facts else None

    def get_longitude(self, region: Region) -> float | None:
        facts = catalogue.regions().get(region.code)
        return facts.longitude if facts else None

    def get_zones(self, region: Region) -> list[str]:
        return [zone.zone_id for zone in region.zones.all() if zone.gone_at is None]


class NewRegionSerializer(OnlyItsFields, serializers.ModelSerializer[Region]):
    """`{"code": "eu-central-1"}`"""

    class Meta:
        model = Region
        fields = ["code", "enabled"]

    def validate_code(self, code: str) -> str:
        if code not in catalogue.regions():
            raise serializers.ValidationError(
                f'"{code}" is not a region of AWS that the catalogue knows; write its code, such as eu-central-1',
                "unknown_region",
            )
        return code


class RegionChangeSerializer(OnlyItsFields, serializers.ModelSerializer[Region]):
    """`{"enabled": false}`"""

    class Meta:
        model = Region
        fields = ["enabled"]


class SyncSerializer(Asked):
    """`{}`: every account; `{"account": "demo"}`: one."""

    account = serializers.CharField(required=False, max_length=40, help_text="Its name; without: every account.")


class AccountReportSerializer(serializers.Serializer[Any]):
    account = serializers.CharField()
    new_regions = serializers.ListField(child=serializers.CharField())
    gone_regions = serializers.ListField(child=serializers.CharField(), help_text="AWS lists them no more.")
    not_opted_in = serializers.ListField(child=serializers.CharField(), help_text="Regions to opt in to first.")
    new_zones = serializers.ListField(child=serializers.CharField(), help_text="Ids of availability zones.")
    gone_zones = serializers.ListField(child=serializers.CharField())
    new_hosted_zones = serializers.ListField(child=serializers.CharField())
    gone_hosted_zones = serializers.ListField(child=serializers.CharField())
    unanswered = serializers.ListField(
        child=serializers.CharField(), help_text="Regions that did not answer; their zones are as they were."
    )
    uncatalogued = serializers.ListField(
        child=serializers.CharField(), help_text="Regions that the catalogue does not know, skipped."
    )
    error = serializers.CharField(allow_null=True, help_text="Why this account could not be read; nothing changed.")
    mend = serializers.CharField(allow_null=True)


class SyncReportSerializer(serializers.Serializer[Any]):
    accounts = AccountReportSerializer(many=True)


class LatencyRowSerializer(serializers.Serializer[Any]):
    region = serializers.CharField(help_text="From here.")
    to_ms = serializers.DictField(
        child=serializers.FloatField(allow_null=True), help_text="Round trip to each region, ms; null: not measured."
    )


class LatenciesSerializer(serializers.Serializer[Any]):
    source = serializers.CharField()  # type: ignore[assignment]  # the answer's name, not DRF's option
    as_of = serializers.CharField(help_text="The month in which it was read.")
    statistic = serializers.CharField()
    regions = LatencyRowSerializer(many=True)


class ForRegionsSerializer(serializers.Serializer[Any]):
    regions = serializers.IntegerField()
    availability = serializers.CharField(help_text="Per cent.")
    downtime_s_per_year = serializers.CharField(help_text="Seconds of a year of 365 days.")


class CalculationSerializer(serializers.Serializer[Any]):
    region = serializers.CharField(help_text="One region alone, in per cent.")
    by_regions = ForRegionsSerializer(many=True)
