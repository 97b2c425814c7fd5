"""Where services can live, and how the endpoints there are. Rows only: `verdict.py` judges, `probe.py` does the I/O."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

ROLE_ARN = RegexValidator(
    r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}$",
    "give a role's ARN: arn:aws:iam::111122223333:role/antipode",
)


class Account(models.Model):
    """One AWS account that we may work in. Holds no keys: the role is taken by STS from the ambient credentials."""

    name = models.SlugField(max_length=40, unique=True)
    account_id = models.CharField(
        max_length=12, unique=True, validators=[RegexValidator(r"^\d{12}$", "an account id has twelve digits")]
    )
    role_arn = models.CharField(
        max_length=600,
        blank=True,
        validators=[ROLE_ARN],
        help_text="The role to assume there; empty: the ambient credentials are this account's own.",
    )
    external_id = models.CharField(
        max_length=1224,
        blank=True,
        validators=[RegexValidator(r"^[\w+=,.@:/-]{2,1224}$", "2 or more letters, digits and +=,.@:/-")],
        help_text="What the role's trust policy asks for.",
    )
    endpoint_url = models.URLField(
        blank=True, help_text="Only for a local cloud: every AWS call of this account goes to this address."
    )
    obey_api_rates = models.BooleanField(
        default=True, help_text="Keep to AWS's published API rates before AWS has to say so."
    )
    synced_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Region(models.Model):
    """One AWS region that operators may place services in; what is known of it stands in the catalogue."""

    code = models.CharField(max_length=25, unique=True)
    enabled = models.BooleanField(default=True, help_text="Services may be placed here.")

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class OptIn(models.TextChoices):
    """What DescribeRegions says of a region in an account."""

    DEFAULT = "opt-in-not-required", "enabled by default"
    OPTED_IN = "opted-in", "opted in"
    NOT_OPTED_IN = "not-opted-in", "not opted in"
    UNKNOWN = "unknown", "not read yet"


class AccountRegion(models.Model):
    """A region as one account sees it: opted in or not, and where its traffic enters if no DNS tells."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="account_regions")
    region = models.ForeignKey(Region, models.CASCADE, related_name="account_regions")
    opt_in = models.CharField(max_length=25, choices=OptIn.choices, default=OptIn.UNKNOWN)
    https_address = models.CharField(
        max_length=255, blank=True, help_text="host:port that probes connect to instead of asking DNS (a local cloud)."
    )
    http_url = models.URLField(
        blank=True,
        help_text="A prefix under which this region's host names open from the operator's machine (a local cloud).",
    )
    gone_at = models.DateTimeField(null=True, blank=True, help_text="AWS no longer lists it for this account.")

    class Meta:
        ordering = ["account__name", "region__code"]
        constraints = [models.UniqueConstraint(fields=["account", "region"], name="account_region_once")]

    def __str__(self) -> str:
        return f"{self.account} {self.region}"

    @property
    def usable(self) -> bool:
        return self.gone_at is None and self.opt_in in {OptIn.DEFAULT, OptIn.OPTED_IN}


class Zone(models.Model):
    """One availability zone, by zone id: the names a, b, c differ from account to account, the id does not."""

    region = models.ForeignKey(Region, models.CASCADE, related_name="zones")
    zone_id = models.CharField(max_length=25, unique=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["zone_id"]

    def __str__(self) -> str:
        return self.zone_id


class HostedZone(models.Model):
    """One public hosted zone of an account, as the last sync read it."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="hosted_zones")
    name = models.CharField(max_length=255, help_text="Without the last dot, lower case.")
    zone_id = models.CharField(max_length=40, unique=True, help_text="Without /hostedzone/.")
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "zone_id"]

    def __str__(self) -> str:
        return self.name


class Status(models.TextChoices):
    """A verdict on health. Unknown is neither up nor down."""

    UP = "up", "up"
    DEGRADED = "degraded", "degraded"
    DOWN = "down", "down"
    UNKNOWN = "unknown", "unknown"


class Endpoint(models.Model):
    """A URL watched in a region: a replica's, or one that a person adds; with its last verdict.

    `next_probe_at` is when a round should take it; a round claims it by moving that on, so nothing is probed twice.
    `recent` holds the last results that the verdict rests on: [[epoch s, ok, ms, error], …], newest last.
    `last_known` is the status before it became unknown: who was down must be well three times to be up again.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="endpoints")
    account = models.ForeignKey(Account, models.CASCADE, related_name="endpoints", null=True, blank=True)
    name = models.CharField(max_length=120, help_text="What it is, for people: the service's name for a replica.")
    url = models.URLField(max_length=500)
    connect_to = models.CharField(
        max_length=255, blank=True, help_text="host:port to connect to instead of asking DNS."
    )
    interval_s = models.PositiveSmallIntegerField(default=10)
    failure_threshold = models.PositiveSmallIntegerField(default=3)
    timeout_s = models.FloatField(default=3.0)
    latency_objective_ms = models.PositiveIntegerField(null=True, blank=True)
    enabled = models.BooleanField(default=True)

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.UNKNOWN, editable=False)
    last_known = models.CharField(max_length=10, choices=Status.choices, blank=True, editable=False)
    since = models.DateTimeField(null=True, editable=False)
    why = models.CharField(max_length=500, blank=True, editable=False)
    latency_ms = models.FloatField(null=True, editable=False)
    error = models.CharField(max_length=500, blank=True, editable=False)
    probed_at = models.DateTimeField(null=True, editable=False)
    next_probe_at = models.DateTimeField(null=True, blank=True, editable=False)
    recent: models.JSONField[list[list[Any]], list[list[Any]]] = models.JSONField(default=list, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "region__code"]
        constraints = [models.UniqueConstraint(fields=["region", "url"], name="endpoint_once_a_region")]
        # each round asks which enabled endpoints are due
        indexes = [models.Index(fields=["next_probe_at"], condition=Q(enabled=True), name="endpoint_due")]

    def __str__(self) -> str:
        return f"{self.name} {self.region}"


class Flip(models.Model):
    """A verdict that turned; the time between two flips of an endpoint has the status of the first."""

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="flips")
    at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices)
    why = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["at", "id"]
        # uptime reads the flips of an endpoint in a window, in order
        indexes = [models.Index(fields=["endpoint", "at"], name="flip_by_endpoint")]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.status} {self.at:%Y-%m-%d %H:%M:%S}"
