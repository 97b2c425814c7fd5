"""Bodies of the routing answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class UserSerializer(serializers.Serializer[Any]):
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()
    country = serializers.CharField(allow_null=True)
    continent = serializers.CharField(allow_null=True)
    subdivision = serializers.CharField(allow_null=True)
    address = serializers.CharField(allow_null=True)


class ChanceSerializer(serializers.Serializer[Any]):
    share = serializers.FloatField(help_text="How probable it is; all add up to 1.")
    region = serializers.CharField(allow_null=True)
    answers = serializers.ListField(child=serializers.CharField())


class LatencyErrorSerializer(serializers.Serializer[Any]):
    median = serializers.FloatField(help_text="Half of the estimates are off by less: 0.05 is 5 %.")
    p90 = serializers.FloatField()


class ResolvedSerializer(serializers.Serializer[Any]):
    """What Route 53 would answer a user, and why."""

    outcome = serializers.ChoiceField(["answer", "nodata", "nxdomain"])
    region = serializers.CharField(allow_null=True, help_text="Where the answer serves from.")
    answers = serializers.ListField(child=serializers.CharField(), help_text="Values; of an alias to AWS, its target.")
    ttl_s = serializers.IntegerField(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True, help_text="Estimated round trip to the region.")
    latency_error = LatencyErrorSerializer()
    why = serializers.ListField(child=serializers.CharField(), help_text="A sentence for each step.")
    user = UserSerializer()
    out = serializers.DictField(
        child=serializers.CharField(), help_text="Regions whose checks count as unhealthy: down, evacuated, asked for."
    )
    chances = ChanceSerializer(many=True)


class BeforeAfterSerializer(serializers.Serializer[Any]):
    before = serializers.FloatField(allow_null=True)
    after = serializers.FloatField(allow_null=True)


class MoveSerializer(serializers.Serializer[Any]):
    to = serializers.CharField(allow_null=True, help_text="Null: they get no answer.")
    share = serializers.FloatField()
    cities = serializers.ListField(child=serializers.CharField(), help_text="The largest of them, at most ten.")
    median_ms = BeforeAfterSerializer()
    worst = serializers.CharField(help_text="The city from which the new way is longest.")
    worst_ms = serializers.FloatField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        left = serializers.CharField(allow_null=True, help_text="Null: they got no answer.")
        return {"from": left, **super().get_fields()}


class EffectSerializer(serializers.Serializer[Any]):
    """Shares are of all users and add up to 1; latencies are estimates."""

    users = serializers.CharField(help_text="Who stands for the users.")
    before = serializers.DictField(child=serializers.FloatField())
    after = serializers.DictField(child=serializers.FloatField())
    moved = serializers.FloatField()
    unserved = serializers.FloatField(help_text="They get no answer afterwards.")
    median_ms = BeforeAfterSerializer()
    p95_ms = BeforeAfterSerializer()
    latency_error = LatencyErrorSerializer()
    moves = MoveSerializer(many=True)
