"""What a plan tells beforehand: quotas, monthly cost, waits. See `deployments/plan/preflight.py`."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class QuotaSerializer(serializers.Serializer[Any]):
    service = serializers.CharField()
    name = serializers.CharField()
    what = serializers.CharField()
    region = serializers.CharField(help_text="A region's code, or global.")
    of = serializers.CharField(help_text='What it counts in, such as a zone; "" for the account.')
    used = serializers.IntegerField(allow_null=True, help_text="Null: not known.")
    adds = serializers.IntegerField()
    limit = serializers.IntegerField()
    exceeded = serializers.BooleanField(allow_null=True, help_text="Null: not known.")
    read = serializers.BooleanField(help_text="Read from AWS; else the default of `as_of`.")
    as_of = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the answer's name, not DRF's option
    why = serializers.CharField(help_text="Why it could not be read.")
    mend = serializers.CharField()


class CostLineSerializer(serializers.Serializer[Any]):
    what = serializers.CharField()
    region = serializers.CharField()
    quantity = serializers.CharField(allow_null=True, help_text="A month; null: it depends on the data.")
    unit = serializers.CharField()
    unit_price_usd = serializers.CharField()
    monthly_usd = serializers.CharField(allow_null=True)
    basis = serializers.CharField(help_text="What the estimate assumes.")
    source = serializers.CharField()  # type: ignore[assignment]
    as_of = serializers.CharField()


class CostSerializer(serializers.Serializer[Any]):
    monthly_usd = serializers.CharField(help_text="What the plan adds to the bill of a month; it may be negative.")
    depends_on_data = serializers.BooleanField(help_text="And more, by what is stored and written.")
    lines = CostLineSerializer(many=True)


class WaitSerializer(serializers.Serializer[Any]):
    what = serializers.CharField()
    seconds = serializers.IntegerField(help_text="About.")
    why = serializers.CharField()


class PreflightSerializer(serializers.Serializer[Any]):
    warnings = serializers.ListField(child=serializers.CharField(), help_text="Quotas that it would exceed.")
    quotas = QuotaSerializer(many=True)
    cost = CostSerializer()
    waits = WaitSerializer(many=True)
    about_s = serializers.IntegerField(help_text="About how long all of it takes.")
