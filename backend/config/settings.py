"""Django's settings, made from the environment alone: embedded services and foreign ones look the same here."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from agents.workflow.limits import RunLimits
from backend.config.environment import environment_read, secrets_read

ENVIRONMENT = environment_read()
SECRETS = secrets_read(ENVIRONMENT.home)
if ENVIRONMENT.metrics_dir:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = ENVIRONMENT.metrics_dir  # before anything imports prometheus_client
VERSION = "0.1.0"

SECRET_KEY = SECRETS.secret_key
DEBUG = False
HTTPS = ENVIRONMENT.public_url.startswith("https://")
# On loopback only loopback's names are answered, so that no foreign page reaches us by rebinding its name.
LOOPBACK = ENVIRONMENT.bind_host in ("127.0.0.1", "localhost", "::1")
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts) or (["127.0.0.1", "localhost", "[::1]"] if LOOPBACK else ["*"])

LOCAL_APPS = [
    "accounts",
    "files",
    "providers",
    "prompts",
    "datasets",
    "tools",
    "runs",
    "logs",
    "local_models",
    "quantization",
    "analytics",
    "annotations",
    "limits",
    "apps",
    "evaluations",
    "alerts",
    "batches",
    "service_api",
    "published",
]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "backend.config",
    *[f"backend.{app}" for app in LOCAL_APPS],
]
MIGRATION_MODULES = {app: f"migrations.{app}" for app in LOCAL_APPS}

MIDDLEWARE = [
    "backend.common.request_metrics.request_metrics",
    "django.middleware.security.SecurityMiddleware",
    "backend.common.middleware.security_headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
# What a request with an app's key passes: no sessions, no cookies (see backend.config.handlers).
SERVICE_MIDDLEWARE = [
    "backend.common.request_metrics.request_metrics",
    "backend.common.middleware.security_headers",
]
ROOT_URLCONF = "backend.config.urls"
ASGI_APPLICATION = "backend.config.asgi.application"
TEMPLATES: list[dict[str, object]] = []


def database_settings(url: str, pool_size: int) -> dict[str, object]:
    """Return Django's settings for `postgresql://user:password@host:port/name?host=/socket/folder`."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/") or "atelier",
        "USER": unquote(parts.username or "postgres"),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": {"pool": {"min_size": 1, "max_size": pool_size, "timeout": 20}, **query},
    }


DATABASES = {"default": database_settings(ENVIRONMENT.database_url, ENVIRONMENT.db_pool_size)}
REDIS_URL = ENVIRONMENT.redis_url
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]

EMAIL_HOST = ENVIRONMENT.smtp_host
EMAIL_PORT = ENVIRONMENT.smtp_port
EMAIL_HOST_USER = ENVIRONMENT.smtp_user
EMAIL_HOST_PASSWORD = ENVIRONMENT.smtp_password
EMAIL_USE_TLS = ENVIRONMENT.smtp_security == "starttls"
EMAIL_USE_SSL = ENVIRONMENT.smtp_security == "tls"
DEFAULT_FROM_EMAIL = ENVIRONMENT.smtp_from

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 30 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "backend.common.http.csrf_failure"
CSRF_TRUSTED_ORIGINS = list(ENVIRONMENT.trusted_origins)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # backend.common.middleware sends X-Frame-Options and frame-ancestors on every answer
    "security.W005",  # whether the subdomains of the owner's domain all speak HTTPS is not ours to promise
    "security.W008",  # the proxy that ends TLS redirects; we ourselves must answer our own health check on loopback
    "security.W021",  # the preload list is the domain owner's decision, and hard to undo
]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
APPEND_SLASH = False

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"

MAX_UPLOAD_BYTES = ENVIRONMENT.max_upload_bytes
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILES_ROOT = ENVIRONMENT.home / "files"
FILE_UPLOAD_TEMP_DIR = str(FILES_ROOT) if FILES_ROOT.is_dir() else None
FRONTEND_DIST = Path(__file__).resolve().parents[2] / "frontend" / "dist"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["backend.accounts.authentication.ConsoleAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["backend.accounts.permissions.RoleAllows"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "backend.common.pagination.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "backend.common.http.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Atelier console API",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": ["backend.accounts.authentication.ConsoleAuthentication"],
    "SERVE_PERMISSIONS": ["backend.accounts.permissions.RoleAllows"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "backend.accounts.models.Role.choices",
        "ModelKindEnum": "backend.providers.models.ModelKind.choices",
        "FileKindEnum": ["image", "document", "other"],
        "AppModeEnum": "backend.apps.models.AppMode.choices",
        "RetrievalModeEnum": ["semantic", "full_text", "hybrid"],
        "RunStatusEnum": "backend.runs.models.RunStatus.choices",
        "BatchStatusEnum": "backend.batches.models.BatchStatus.choices",
        "BatchRowStatusEnum": "backend.batches.serializers.ROW_STATES",
        "ExperimentStatusEnum": "backend.evaluations.models.ExperimentStatus.choices",
        "ExperimentRowStatusEnum": "backend.evaluations.models.ExperimentRowStatus.choices",
        "EvaluatorKindEnum": "backend.evaluations.models.EvaluatorKind.choices",
        "OutcomeEnum": ["mapped", "degraded", "unsupported"],
        "ComparisonOutcomeEnum": "backend.evaluations.api.serializers.OUTCOMES",
        "ReviewEnum": "backend.evaluations.models.Review.choices",
        "DocumentStatusEnum": "backend.datasets.models.DocumentStatus.choices",
        "JobStatusEnum": [(name, name.title()) for name in ("queued", "running", "finished", "failed", "cancelled")],
        "AlertStateEnum": "backend.alerts.models.AlertState.choices",
        "AlertEventKindEnum": "backend.alerts.models.EventKind.choices",
        "AlertDeliveryEnum": "backend.alerts.models.Delivery.choices",
        "AlertChannelEnum": "backend.alerts.models.Channel.choices",
        "LimitPeriodEnum": "backend.limits.models.LimitPeriod.choices",
        "UsagePeriodEnum": ["day", "month"],
        "EvaluationStatusEnum": ["queued", "running", "finished", "failed"],
        "PromptRoleEnum": ["system", "user", "assistant"],
    },
}

RUN_LEASE_S = 15
RUN_HEARTBEAT_S = 5
RUN_SWEEP_S = 5
RUN_MAX_S = 1200
# The time is bounded above, over all attempts; an attempt's own bound only backs it.
RUN_LIMITS = RunLimits(
    max_steps=ENVIRONMENT.run_max_steps,
    max_run_s=RUN_MAX_S + 60,
    max_tokens=ENVIRONMENT.run_max_tokens,
    max_parallel=ENVIRONMENT.run_max_parallel,
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"secrets": {"()": "backend.common.logging.SecretFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django.request": {"level": "ERROR"}, "httpx": {"level": "WARNING"}, "celery": {"level": "INFO"}},
}
