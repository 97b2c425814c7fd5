"""Bodies of the API: what requests may hold (validated here, unknown fields refused), and the shapes of answers.

The answers themselves are made in `queries.py`; a test holds them to these shapes. Manifests are validated by
`deployments.manifest` alone.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from deployments.models.record import OperationStatus, StepStatus
from deployments.serializers.state import DriftSummarySerializer, PauseSerializer
from regions.asked import Asked
from regions.models import Status


class DestroyData(serializers.ListField):
    """Consent to lose data."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            child=serializers.CharField(max_length=40),
            required=False,
            max_length=100,
            help_text="Components whose data may be lost; the data of all others is retained.",
            **options,
        )


class SignedPlan(serializers.IntegerField):
    """The id of a saved plan."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            min_value=1,
            max_value=2**63 - 1,
            help_text="The plan that is signed: refused where it is not what would be done now.",
            **options,
        )


class DestroyRequest(Asked):
    destroy_data = DestroyData()
    plan = SignedPlan()


class NoFields(Asked):
    """`{}`"""


class ManifestField(serializers.JSONField):
    """A manifest: an object."""


class EvacuatedSerializer(serializers.Serializer[Any]):
    of = serializers.ChoiceField(["service", "region"], help_text="The service's own switch, or that of all there.")
    since = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    restoring = serializers.BooleanField(help_text="It is being brought back.")
    incomplete = serializers.IntegerField(help_text="Objects that are tried again: not written, or not gone yet.")


class ReplicaSerializer(serializers.Serializer[Any]):
    region = serializers.CharField()
    url = serializers.CharField(
        allow_null=True, help_text="Opens as it is on the machine that asks; null where nothing has routes."
    )
    hostname = serializers.CharField(allow_null=True)
    in_rotation = serializers.BooleanField(help_text="Its routing record stands, as last seen, and no switch is set.")
    evacuated = EvacuatedSerializer(allow_null=True, help_text="Which switch takes it out of rotation.")
    status = serializers.ChoiceField(Status.choices)
    release = serializers.IntegerField(allow_null=True, help_text="The release that it runs.")


class HealthSummarySerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(Status.choices, help_text="The worst of the replicas.")
    up = serializers.IntegerField()
    degraded = serializers.IntegerField()
    down = serializers.IntegerField()
    unknown = serializers.IntegerField()


class FailoverSerializer(serializers.Serializer[Any]):
    worst_s = serializers.IntegerField(help_text="From when a replica dies until no user is led there, at most.")
    evacuation_s = serializers.IntegerField(help_text="The same from when an evacuation's switch is set.")
    formula = serializers.CharField(help_text="How worst_s comes about.")


class ServiceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    account = serializers.CharField()
    manifest = ManifestField(help_text="The draft, every default written out.")
    pending = serializers.BooleanField(help_text="The draft says something that is not released.")
    release = serializers.IntegerField(allow_null=True, help_text="The approved release; null: none.")
    paused = serializers.BooleanField(help_text="No change of it is begun: by its own pause or by that of all.")
    pause = PauseSerializer(allow_null=True)
    drift = DriftSummarySerializer()
    operation = serializers.IntegerField(allow_null=True, help_text="The unfinished operation.")
    health = HealthSummarySerializer()
    replicas = ReplicaSerializer(many=True)
    failover = FailoverSerializer(
        allow_null=True, help_text="As released; null where users can't be led to another region."
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ArtifactUpload(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="A zip, 50 MB at most.")


class ArtifactSerializer(serializers.Serializer[Any]):
    sha256 = serializers.CharField(help_text="A manifest names it as sha256:<this>.")
    size_bytes = serializers.IntegerField()
    uploaded_at = serializers.DateTimeField()


class DifferenceSerializer(serializers.Serializer[Any]):
    path = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()


class RegionHealthSerializer(serializers.Serializer[Any]):
    region = serializers.CharField()
    status = serializers.ChoiceField(Status.choices)
    since = serializers.DateTimeField(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    why = serializers.CharField()


class HealthSerializer(serializers.Serializer[Any]):
    regions = RegionHealthSerializer(many=True)


class PartSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    service = serializers.CharField()
    percent = serializers.CharField()
    as_of = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the answer's name, not DRF's option


class ComparedSerializer(serializers.Serializer[Any]):
    regions = serializers.IntegerField()
    availability = serializers.CharField(help_text="Per cent; regions fail independently.")
    downtime_s_per_year = serializers.CharField()
    availability_with_shared_cause = serializers.CharField(
        help_text="With the share `shared_cause` of failures common."
    )


class ComputedSerializer(serializers.Serializer[Any]):
    regions = serializers.IntegerField()
    availability = serializers.CharField()
    downtime_s_per_year = serializers.CharField()
    components = PartSerializer(many=True)
    by_regions = ComparedSerializer(many=True)
    shared_cause = serializers.CharField(help_text="Per cent: an assumption.")


class MeasuredTimeSerializer(serializers.Serializer[Any]):
    availability = serializers.CharField(allow_null=True, help_text="Per cent of the known time; null: nothing known.")
    up_s = serializers.FloatField()
    degraded_s = serializers.FloatField()
    down_s = serializers.FloatField()
    unknown_s = serializers.FloatField()


class MeasuredRegionSerializer(MeasuredTimeSerializer):
    region = serializers.CharField()


class MeasuredSerializer(serializers.Serializer[Any]):
    window_s = serializers.FloatField()
    service = MeasuredTimeSerializer(allow_null=True, help_text="Any one replica is enough.")
    regions = MeasuredRegionSerializer(many=True)


class BudgetSerializer(serializers.Serializer[Any]):
    objective = serializers.CharField()
    window_s = serializers.FloatField()
    allowed_s = serializers.FloatField()
    spent_s = serializers.FloatField()
    left_s = serializers.FloatField()
    burn_rate = serializers.FloatField(allow_null=True)


class AvailabilitySerializer(serializers.Serializer[Any]):
    computed = ComputedSerializer(allow_null=True)
    measured = MeasuredSerializer()
    error_budget = BudgetSerializer(allow_null=True, help_text="Null without an objective (slo.availability).")


class ProgressSerializer(serializers.Serializer[Any]):
    done = serializers.IntegerField()
    total = serializers.IntegerField()


class SkipSerializer(serializers.Serializer[Any]):
    ref = serializers.CharField()
    action = serializers.CharField()
    reason = serializers.CharField()
    by = serializers.CharField()


class StepSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    region = serializers.CharField()
    name = serializers.CharField()
    action = serializers.CharField()
    reason = serializers.CharField()
    diff = DifferenceSerializer(many=True)
    status = serializers.ChoiceField(StepStatus.choices)
    waiting_for = serializers.CharField(allow_null=True)
    attempts = serializers.IntegerField()
    error_code = serializers.CharField(allow_null=True, help_text="AWS's own.")
    error = serializers.CharField(allow_null=True)
    mend = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class OperationSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    service = serializers.CharField()
    verb = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(OperationStatus.choices)
    release = serializers.IntegerField(allow_null=True)
    destroy_data = serializers.ListField(child=serializers.CharField())
    skips = SkipSerializer(many=True, help_text="Steps that a person left out, and why.")
    cancel_requested = serializers.BooleanField()
    paused = serializers.BooleanField(help_text="It is open, and a pause holds it up.")
    progress = ProgressSerializer()
    error = serializers.CharField(allow_null=True)
    mend = serializers.CharField(allow_null=True)
    requested_by = serializers.CharField(allow_null=True)
    requested_via = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    steps = StepSerializer(many=True)
