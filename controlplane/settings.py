"""Django's settings, all from the environment (see docs/configuration.md); safe production values are the defaults."""

from __future__ import annotations

from datetime import timedelta

import dj_database_url
import structlog
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from controlplane import environment as env

BASE_DIR = env.ROOT
env.load_file(BASE_DIR / (env.text("STATE_DIR", ".local") or ".local") / "env")

SECRET_KEY = env.text("SECRET_KEY")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY is too short; use at least 50 random characters")
DEBUG = env.boolean("DEBUG", False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# Where the local cloud stands in for AWS (demo and tests only); empty in production.
LOCALCLOUD = env.boolean("LOCALCLOUD", False)
LOCALCLOUD_URL = env.text("LOCALCLOUD_URL", "http://127.0.0.1:4566")

# Touched by a worker or beat as long as it is well; a container's health check looks at its age.
ALIVE_FILE = env.text("ALIVE_FILE", "")
BREAK_GLASS_DIR = env.text("BREAK_GLASS_DIR", "")

# How often each service is compared with its release; what was changed behind our back is mended within one.
DRIFT_INTERVAL_S = env.integer("DRIFT_INTERVAL_S", 300, at_least=10)

# The certificate authorities that probes trust beside the system's own (the local cloud's).
CA_FILE = env.text("CA_FILE", "")

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "csp",
    "django_filters",
    "axes",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "audit",
    "regions",
    "deployments",
    "controlplane",
]
if LOCALCLOUD:
    INSTALLED_APPS.append("localcloud")

MIDDLEWARE = [
    "controlplane.who_asks.WhoAsksMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "controlplane.static_files.StaticFilesMiddleware",
    "controlplane.admin_csp.PolicyMiddleware",
    "controlplane.permissions_policy.PermissionsPolicyMiddleware",
    "controlplane.rates.RateHeadersMiddleware",
    "controlplane.refuse_nul.RefuseNulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "controlplane.doors.KnownPeopleMiddleware",
    "controlplane.idempotency.KeepAnswerMiddleware",
    "controlplane.representation.RepresentationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "controlplane.urls"
WSGI_APPLICATION = "controlplane.wsgi.application"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {"default": dj_database_url.parse(env.text("DATABASE_URL"), conn_max_age=60, conn_health_checks=True)}
if "postgresql" not in str(DATABASES["default"].get("ENGINE")):
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database: postgres://user:password@host/name")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL")

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "controlplane.backends.ScopedBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Logins: five failures lock a name from one address for a quarter of an hour (controlplane/login_throttle.py).
BEHIND_TLS_PROXY = env.boolean("BEHIND_TLS_PROXY", False)
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "controlplane.login_throttle.address"
AXES_LOCKOUT_CALLABLE = "controlplane.login_throttle.locked"
AXES_ENABLE_ADMIN = False  # three tables of no use to anybody here
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

# How often one token or user may ask the API; nothing: as often as it likes.
API_RATE = env.rate("API_RATE", "")

LANGUAGE_CODE = "en-gb"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "controlplane.assets.HashedWhereCollected"},
}
MEDIA_ROOT = env.text("ARTIFACTS_DIR", str(BASE_DIR / ".local" / "artifacts"))
WHITENOISE_USE_FINDERS = True  # no collectstatic needed beside a checkout
WHITENOISE_MANIFEST_STRICT = False

# Behind plain HTTP (the demo on loopback) secure cookies would never come back.
INSECURE_HTTP = env.boolean("INSECURE_HTTP", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not INSECURE_HTTP
# Browsers take a cookie of this name from this host alone, over TLS, for every path: no neighbour can plant one.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = (
    ("sessionid", "csrftoken") if INSECURE_HTTP else ("__Host-sessionid", "__Host-csrftoken")
)
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = not INSECURE_HTTP
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SECURE_HSTS_SECONDS = 0 if INSECURE_HTTP else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not INSECURE_HTTP
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    # the admin has a policy of its own: controlplane/admin_csp.py
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # a manifest is at most 1 MB; files stream to disk
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # the admin's form of a service with 100 components
ARTIFACT_MAX_BYTES = 50 * 1024 * 1024  # what Lambda takes directly

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "controlplane.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["controlplane.permissions.RolePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "controlplane.parsers.StrictJSONParser",
        "controlplane.parsers.MergePatchParser",
        "controlplane.parsers.YAMLParser",
    ],
    "DEFAULT_FILTER_BACKENDS": ["controlplane.filtering.StrictFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "controlplane.pagination.Cursor",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS is 405: the OpenAPI document describes the API
    "EXCEPTION_HANDLER": "controlplane.problems.handler",
    "PAGE_SIZE": 50,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.MultiPartRenderer",
    ],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Antipode",
    "DESCRIPTION": "A control plane for global, active-active serverless services.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_PERMISSIONS": ["controlplane.permissions.RolePermission"],
    "PREPROCESSING_HOOKS": ["controlplane.schema.only_the_api"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "controlplane.schema.add_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "HealthStatus": "regions.models.Status",
        "OperationStatus": "deployments.models.record.OperationStatus",
        "StepStatus": "deployments.models.record.StepStatus",
    },
    "TAGS": [
        {"name": "regions", "description": "Where services can live."},
        {"name": "services", "description": "What should be, how it is planned and deployed, and how it is."},
        {"name": "operations", "description": "What was asked for, followed until it is done."},
        {"name": "inventory", "description": "What is in AWS by us; what is retained and what that costs."},
        {"name": "audit", "description": "Who changed what, when and from where."},
        {"name": "availability", "description": "The calculator."},
    ],
}

UNFOLD = {
    "SITE_TITLE": "Antipode",
    "SITE_HEADER": "Antipode",
    "SITE_SYMBOL": "public",
    "ENVIRONMENT": "controlplane.admin_banner.paused",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "controlplane.admin.favicon"}],
    "SIDEBAR": {"show_search": True, "navigation": "controlplane.admin.navigation"},
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A lost message changes nothing: beat finds the work again in PostgreSQL. So nothing is acknowledged late.
CELERY_TASK_ACKS_LATE = False

LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
LOG_RENDERER = (
    structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    if env.text("LOG_FORMAT", "json") == "console"
    else structlog.processors.JSONRenderer()
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "events": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,  # of our own events and of others' records alike
                LOG_RENDERER,
            ],
            "foreign_pre_chain": [
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "events"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "axes": {"level": "WARNING"},
        "botocore": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        "django.server": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
