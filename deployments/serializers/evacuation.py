"""Bodies of evacuate, restore and the break-glass sheet."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from deployments.serializers.plans import GuardSerializer, OverrideGuards
from regions.asked import Asked


class SwitchRequest(Asked):
    """What takes a region out of rotation or brings it back."""

    reason = serializers.CharField(max_length=300, help_text="Goes on the audit log, and into the switch's object.")
    override_guards = OverrideGuards(
        required=False, help_text="Needs the permission deployments.override_guards; each use is on the audit log."
    )


class RegionSwitchRequest(SwitchRequest):
    account = serializers.CharField(
        max_length=40, required=False, help_text="Where several accounts are registered: which."
    )


class ConcernedSerializer(serializers.Serializer[Any]):
    service = serializers.CharField()
    guards = GuardSerializer(many=True)


class SwitchPreviewSerializer(serializers.Serializer[Any]):
    """What it would mean; nothing is changed by looking."""

    region = serializers.CharField()
    account = serializers.CharField()
    evacuated = serializers.BooleanField(help_text="It is out already.")
    takes_effect_s = serializers.IntegerField(help_text="At most: the switch check's interval, its time-out, the TTL.")
    switches = serializers.ListField(child=serializers.CharField(), help_text="The objects that are written.")
    services = ConcernedSerializer(many=True)


class SheetSerializer(serializers.Serializer[Any]):
    account = serializers.CharField()
    of = serializers.CharField(allow_blank=True, help_text="The service; empty: all that share the region's switch.")
    evacuate = serializers.ListField(child=serializers.CharField())
    restore = serializers.ListField(child=serializers.CharField())
    look = serializers.ListField(child=serializers.CharField())


class BreakGlassSerializer(serializers.Serializer[Any]):
    region = serializers.CharField()
    sheets = SheetSerializer(many=True)
    text = serializers.CharField(help_text="The same as Markdown.")
