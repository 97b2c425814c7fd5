"""Bodies of the stop button's addresses."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from deployments.serializers.state import PauseSerializer
from regions.asked import Asked


class PauseRequest(Asked):
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=300, default="", help_text="Shown wherever it holds something up."
    )


class PausesSerializer(serializers.Serializer[Any]):
    paused = serializers.BooleanField(help_text="Everything is.")
    pause = PauseSerializer(allow_null=True)
    services = PauseSerializer(many=True, help_text="Services that are paused by themselves.")


class PausedServiceSerializer(serializers.Serializer[Any]):
    service = serializers.CharField()
    paused = serializers.BooleanField(help_text="No change of it is begun: by its own pause or by that of all.")
    pause = PauseSerializer(allow_null=True)
