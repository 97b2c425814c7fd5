"""What services tell of the stop button and of drift, in bodies of their own and in others."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class PauseSerializer(serializers.Serializer[Any]):
    of = serializers.ChoiceField(["all", "service"])
    service = serializers.CharField(allow_null=True, help_text="Null where everything is paused.")
    by = serializers.CharField(allow_null=True, help_text="Null: a command.")
    since = serializers.DateTimeField()
    reason = serializers.CharField()


class DriftSummarySerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Resources that differ from the approved release.")
    since = serializers.DateTimeField(allow_null=True, help_text="When the oldest of them was found.")
    checked_at = serializers.DateTimeField(allow_null=True, help_text="When it was last looked at; null: never yet.")
    error = serializers.CharField(allow_null=True, help_text="Why the last look told nothing, or not all.")
