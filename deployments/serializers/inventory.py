"""Bodies of the API about the inventory: adopting, retained data, taking names over, skipping steps."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from deployments.actions.reason import LONGEST
from deployments.plan.model import State
from deployments.serializers import DifferenceSerializer
from regions.asked import Asked


class Reason(serializers.CharField):
    """Why: it goes on the audit log."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST, help_text="Why: it goes on the audit log.", **options)


class ReasonRequest(Asked):
    reason = Reason()


class DestroyRetainedRequest(Asked):
    name = serializers.CharField(max_length=400, help_text="The name of what goes, typed once more.")


class AdoptRequest(Asked):
    kind = serializers.CharField(max_length=40)
    region = serializers.CharField(max_length=25, help_text="A region's code, or global.")
    name = serializers.CharField(max_length=400, help_text="As the plan names it.")
    physical_id = serializers.CharField(
        max_length=600, required=False, help_text="Needed where AWS finds it by its id alone; else a check."
    )
    from_installation = serializers.CharField(
        max_length=80, required=False, help_text="The other installation whose mark it carries: that one gives it up."
    )
    preview = serializers.BooleanField(required=False, help_text="Only say what adopting it would mean.")
    reason = Reason(required=False)


class AdoptedSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    region = serializers.CharField()
    name = serializers.CharField()
    physical_id = serializers.CharField()
    marked_by = serializers.CharField(allow_null=True, help_text="The installation whose mark it carries; null: none.")
    diff = DifferenceSerializer(many=True, help_text="What the next deploy changes, our mark included.")
    resource = serializers.IntegerField(allow_null=True, help_text="Its row of the inventory; null: a preview.")


class TakeOverRequest(Asked):
    preview = serializers.BooleanField(required=False, help_text="Only say whose it is.")
    reason = Reason(required=False)
    owner = serializers.CharField(
        max_length=80, required=False, help_text="The installation to take it from; 409 where it is another's by now."
    )
    generation = serializers.IntegerField(
        min_value=0, required=False, help_text="With `owner`: 409 where its owner record has moved on since."
    )


class OwnershipSerializer(serializers.Serializer[Any]):
    hostname = serializers.CharField()
    zone_id = serializers.CharField()
    owner = serializers.CharField(help_text="The installation that its owner record names.")
    generation = serializers.IntegerField()
    ours = serializers.BooleanField()


class KeepingSerializer(serializers.Serializer[Any]):
    monthly_usd = serializers.CharField(allow_null=True, help_text="Null where nobody knows; `basis` says why.")
    basis = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the answer's name, not DRF's option
    as_of = serializers.CharField()


class HeldResourceSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    service = serializers.CharField()
    service_gone = serializers.BooleanField(help_text="The service itself is no more.")
    account = serializers.CharField()
    kind = serializers.CharField()
    region = serializers.CharField(help_text="A region's code, or global.")
    name = serializers.CharField()
    state = serializers.ChoiceField([(state.value, state.value) for state in State])
    physical_id = serializers.CharField(allow_null=True)
    keeping = KeepingSerializer(allow_null=True, help_text="What keeping it costs a month, where it is retained.")
    holds = serializers.DictField(help_text="What it held when it was measured last: size_bytes, items.")
    measured_at = serializers.DateTimeField(allow_null=True)
    operation = serializers.IntegerField(allow_null=True, help_text="The open operation of its stack.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class MeasuredRowsSerializer(serializers.Serializer[Any]):
    measured = serializers.IntegerField()
