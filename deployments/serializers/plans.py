"""Bodies about plans: asking for one, signing one, and how they are told. See `deployments/plans.py`."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from deployments.plan.guard import GUARDS
from deployments.serializers import DestroyData, DifferenceSerializer, SignedPlan
from deployments.serializers.preflight import PreflightSerializer
from regions.asked import Asked


class PlanRequest(Asked):
    manifest = serializers.JSONField(required=False, help_text="In place of the draft; not saved.")
    destroy_data = DestroyData()
    destroying = serializers.BooleanField(
        required=False, default=False, help_text="What a destroy would change, in place of a deploy."
    )


class OverrideGuards(Asked):
    guards = serializers.ListField(
        child=serializers.CharField(max_length=80), max_length=20, help_text=f"Among {', '.join(GUARDS)}."
    )
    reason = serializers.CharField(allow_blank=True, max_length=2000, help_text="Why; kept in the audit log.")


class DeployRequest(Asked):
    destroy_data = DestroyData()
    plan = SignedPlan()
    override_guards = OverrideGuards(
        required=False, help_text="Needs the permission deployments.override_guards; each use is on the audit log."
    )


class ChangeSerializer(serializers.Serializer[Any]):
    action = serializers.CharField()
    kind = serializers.CharField()
    region = serializers.CharField(help_text="A region's code, or global.")
    name = serializers.CharField()
    reason = serializers.CharField()
    diff = DifferenceSerializer(many=True)


class ResourceSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    region = serializers.CharField()
    name = serializers.CharField()


class WaitingSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    region = serializers.CharField()
    name = serializers.CharField()
    why = serializers.CharField()
    on = ResourceSerializer(many=True, help_text="The resources that it waits for.")


class PlanProblemSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    region = serializers.CharField()
    name = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    mend = serializers.CharField()


class GuardSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(GUARDS)
    refuses = serializers.BooleanField(help_text="A deploy is refused; else it is a warning.")
    message = serializers.CharField()
    numbers = serializers.DictField(help_text="What it judged by.")
    override = serializers.CharField(allow_blank=True, help_text="How to deploy all the same, and who may.")


# What every telling of a plan begins with. (A docstring would be inherited as the description of both.)
class PlanAboutSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="Deploying it signs it; for a day.")
    digest = serializers.CharField(
        help_text="Changes with anything that would be changed, and with desire and consent; not with time."
    )
    service = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(allow_null=True)
    destroy_data = serializers.ListField(child=serializers.CharField())
    destroying = serializers.BooleanField()
    candidate = serializers.BooleanField(help_text="Of a manifest that was not the draft: save it, then deploy.")


class PlanSummarySerializer(PlanAboutSerializer):
    summary = serializers.CharField(allow_blank=True)
    refused_by = serializers.ListField(child=serializers.CharField(), help_text="The guards that refuse it.")


class PlanSerializer(PlanAboutSerializer):
    changes = ChangeSerializer(many=True)
    waiting = WaitingSerializer(many=True)
    problems = PlanProblemSerializer(many=True)
    guards = GuardSerializer(many=True)
    preflight = PreflightSerializer(allow_null=True, help_text="Null: it was not looked at.")
    lines = serializers.ListField(child=serializers.CharField(), help_text="The plan for people.")
    wait_s = serializers.FloatField(help_text="What AWS's API rates alone will cost.")
