"""Bodies of the addresses about drift."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from deployments.models.safety import DriftState
from deployments.serializers import DifferenceSerializer
from deployments.serializers.state import DriftSummarySerializer


class DriftRowSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    region = serializers.CharField(help_text="A region's code, or global.")
    name = serializers.CharField()
    action = serializers.CharField(allow_null=True, help_text="What mends it; null: only a person can.")
    reason = serializers.CharField()
    diff = DifferenceSerializer(many=True)
    waits_for = serializers.CharField(allow_null=True, help_text="Why it is not mended by itself; null: it is.")
    state = serializers.ChoiceField(DriftState.choices)
    found_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    operation = serializers.IntegerField(allow_null=True, help_text="That repaired it.")


class DriftSerializer(DriftSummarySerializer):
    service = serializers.CharField()
    repair = serializers.IntegerField(allow_null=True, help_text="The unfinished operation that mends it.")
    resources = DriftRowSerializer(many=True, help_text="What differs now, the oldest first.")
    ended = DriftRowSerializer(many=True, help_text="What differed and no longer does, the newest first.")
