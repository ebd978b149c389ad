"""All settings, in one file. Every difference between production, demo and tests is an environment variable.

Production is the default and demands its secrets; the native stack (`make run`) sets MDT_DEMO,
the test suite sets MDT_TESTING.
"""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from whitenoise.compress import Compressor

from mdt_portal.operations import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent

# Kinds of installation ---------------------------------------------------------------------------
MDT_TESTING = env.flag("MDT_TESTING")
MDT_DEMO = env.flag("MDT_DEMO")  # mails are kept and shown in the portal, none leaves it
LOCAL = MDT_TESTING or MDT_DEMO
# Which rules of the catalogue a second person must approve: those that make, or made, a discussion required; all; none.
MDT_CATALOGUE_APPROVAL = env.choice("MDT_CATALOGUE_APPROVAL", ("required", "all", "nobody"))
HTTPS = env.flag("MDT_HTTPS", default=not LOCAL)
DEBUG = env.flag("MDT_DEBUG")

# Secrets -----------------------------------------------------------------------------------------
SECRET_KEY = env.required("SECRET_KEY", "test-" * 12 if MDT_TESTING else None)
# 32 random bytes each, url-safe base64: patients' names are encrypted with the one, found by hashes under the other.
# Several encryption keys, comma-separated, rotate: the first writes, all read.
FIELD_ENCRYPTION_KEYS = [
    key.strip()
    for key in env.required(
        "FIELD_ENCRYPTION_KEY", "a2V5LW9mLXRlc3RzLXRvLWVuY3J5cHQtZmllbGRzISE=" if MDT_TESTING else None
    ).split(",")
]
SEARCH_HASH_KEY = env.required(
    "SEARCH_HASH_KEY", "a2V5LW9mLXRlc3RzLXRvLWZpbmQtdGhlLWZpZWxkcyE=" if MDT_TESTING else None
)

# Address -----------------------------------------------------------------------------------------
MDT_PUBLIC_URL = env.text("MDT_PUBLIC_URL", "http://localhost:8000").rstrip("/")  # begins the links in mails
ALLOWED_HOSTS = [
    *env.required("ALLOWED_HOSTS", "127.0.0.1,[::1]" if LOCAL else None).split(","),
    "localhost",  # under this name a container asks itself for /healthz
]
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# Applications ------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "mdt_portal",  # ours first: our templates win over those of the packages below
    "scheduling",
    "cases",
    "experts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "csp",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "mdt_portal.web.memory.RequestMemory",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "mdt_portal.web.kept_forms.KeepForms",
    "mdt_portal.rest.gate.Gate",
    "axes.middleware.AxesMiddleware",  # must be last: it answers when a login was locked out
]

ROOT_URLCONF = "mdt_portal.urls"
WSGI_APPLICATION = "mdt_portal.wsgi.application"
ASGI_APPLICATION = "mdt_portal.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mdt_portal.web.context_processors.portal",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # templates/django/forms/ may override a widget

# Database ----------------------------------------------------------------------------------------
# Commands that touch no database run without one; the fallback only gives them something to parse.
DATABASES = {
    "default": env.database(env.required("DATABASE_URL", "postgresql:///mdt" if LOCAL else None))
    | {
        "CONN_MAX_AGE": 0 if MDT_TESTING else env.number("CONN_MAX_AGE", 60),
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,  # each service opens its own transaction
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Broker, cache and Celery ------------------------------------------------------------------------
BROKER_URL = env.required("BROKER_URL", "redis://localhost:6379/0" if LOCAL else None)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.text("CACHE_URL") or BROKER_URL,
        "KEY_PREFIX": "mdt-cache",
    }
}
CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Must exceed the longest solve. Lost runs come back by the lease in the run's row, not by redelivery.
    "visibility_timeout": env.number("MDT_VISIBILITY_TIMEOUT_S", 3600),
    # With the defaults a killed worker's task came back after 95 s whatever the time-out; with these, at the time-out.
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    # In the order of a worker's --queues: a run that waits goes before help for those that run.
    "queue_order_strategy": "priority",
}
CELERY_IMPORTS = ["mdt_portal.operations.worker_signals"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True  # answers live in our own rows, but for those of a search's helpers
CELERY_RESULT_BACKEND = BROKER_URL
CELERY_RESULT_EXPIRES = 60
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"retry_policy": {"max_retries": 1, "timeout": 2}}  # nobody waits for them
CELERY_REDIS_SOCKET_TIMEOUT = 2
CELERY_REDIS_SOCKET_CONNECT_TIMEOUT = 2
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_ROUTES = {
    "scheduling.tasks.execute_run": {"queue": "solve"},
    "scheduling.tasks.improve": {"queue": "improve"},
}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    name: {"task": name, "schedule": timedelta(seconds=every_s), "options": {"expires": every_s}}
    for name, every_s in {
        "mdt_portal.tasks.deliver_outbox": 5,
        "mdt_portal.tasks.forget_kept_forms": 300,
        "scheduling.tasks.reap_runs": 10,
        "scheduling.tasks.expire_holds": 30,
        "scheduling.tasks.expire_invitations": 60,
        "scheduling.tasks.remind": 300,
    }.items()
}

# Users -------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "mdt_portal.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
if MDT_TESTING:  # the strong hasher costs 0.2 s for each user that a test makes
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AXES_ENABLED = not MDT_TESTING  # the lock-out's own test switches it on
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_VERBOSE = False

# Language and time -------------------------------------------------------------------------------
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LANGUAGE_CODE = env.text("MDT_LANGUAGE", "en")
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"  # stored; each page shows the zone of its hospital

# Static files ------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("MDT_STATIC_ROOT") or BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if LOCAL
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Locally nothing is collected: files are found where they are written, and an edit shows at once.
WHITENOISE_USE_FINDERS = LOCAL
WHITENOISE_AUTOREFRESH = LOCAL
# Source maps are half of all that is collected, and no page asks for them.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

# Mail --------------------------------------------------------------------------------------------
if MDT_DEMO:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "MDT Portal <mdt-portal@localhost>")

# What is sent ------------------------------------------------------------------------------------
# A table that was tried comes back as text when it is confirmed: at most `reading.LARGEST` characters, in Chinese.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16_000_000

# Security ----------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # the container's own check speaks plain HTTP
SECURE_HSTS_SECONDS = env.number("MDT_HSTS_S", 31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 12 * 3600  # one working day
X_FRAME_OPTIONS = "DENY"
if env.flag("MDT_BEHIND_PROXY"):  # only true where a proxy sets the header itself
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

# API ---------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],  # people read the docs page instead
    "DEFAULT_PARSER_CLASSES": ["mdt_portal.rest.reading.JsonParser"],
    "DEFAULT_FILTER_BACKENDS": ["mdt_portal.rest.filters.Filters"],
    "DEFAULT_PAGINATION_CLASS": "mdt_portal.rest.pages.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,  # the schema describes the endpoints; OPTIONS is refused like other methods
    "URL_FORMAT_OVERRIDE": None,  # a parameter `format` would be one that the schema does not name
    "EXCEPTION_HANDLER": "mdt_portal.api.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "MDT Portal",
    "DESCRIPTION": "Referrals, planning and invitations of multidisciplinary-team consultations.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "mdt_portal.rest.schema.complete",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {  # fields called status, kind or tier share a name, not their values
        "Tier": "cases.models.Tier",
        "CaseStatus": "cases.states.CaseStatus",
        "MaterialStatus": "cases.states.MaterialStatus",
        "SessionStatus": "scheduling.states.SessionStatus",
        "InvitationStatus": "scheduling.states.InvitationStatus",
        "RunStatus": "scheduling.states.RunStatus",
        "ExceptionKind": "experts.models.ExceptionKind",
        "ProposalKind": "scheduling.models.ProposalKind",
        "RareClass": "cases.models.RareClass",
        "IdentityDecision": "cases.models.Decision",
        "ApprovalDecision": "cases.models.ApprovalDecision",
        "PlacementConstraintKind": "scheduling.models.PlacementConstraintKind",
        "TimeRequestStatus": "scheduling.states.TimeRequestStatus",
        "ChangeKind": "scheduling.problem.core.plan_diff.ChangeKind",
        "MoveKind": "scheduling.models.MoveKind",
        "Severity": "scheduling.board.core.severity.Severity",
        "Outcome": "cases.models.Outcome",
        "FollowUpOutcome": "cases.models.FollowUpOutcome",
    },
}

# Log ---------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("MDT_LOG_LEVEL", "INFO")},
    "loggers": {"django": {"handlers": [], "propagate": True}},
}
