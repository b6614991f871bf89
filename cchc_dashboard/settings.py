"""All settings, in one file, driven by the environment (docs/deploy.md lists every variable).

With debug off a missing or weak setting stops the start and is named (acceptance S20); nothing secret has a default.
"""

import os
import sys
from datetime import date
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from . import environment
from .environment import (
    base_url,
    flag,
    hosts,
    issuer,
    long_enough,
    names,
    read_dotenv,
    secret_key,
    whole_number,
)
from .monitoring import logs

BASE_DIR = Path(__file__).resolve().parent.parent
read_dotenv(BASE_DIR / ".env")

DEBUG = flag("CCHC_DEBUG")
DEMO = flag("CCHC_DEMO", DEBUG)
DEMO_TODAY = date.fromisoformat(os.environ.get("CCHC_TODAY") or "2022-08-12") if DEMO else None
PRODUCTION = not DEBUG and not DEMO

DATA_DIR = Path(os.environ.get("CCHC_DATA") or BASE_DIR / "var").resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

SECRET_KEY = secret_key(os.environ.get("CCHC_SECRET_KEY", ""), DATA_DIR, PRODUCTION)
# What second factors are sealed with (core.encryption): the first seals, each opens.
FACTOR_KEYS = names("CCHC_FACTOR_KEYS", "none") or [SECRET_KEY]
if PRODUCTION and min(map(len, FACTOR_KEYS)) < 50:
    raise ImproperlyConfigured("CCHC_FACTOR_KEYS có khóa ngắn hơn 50 ký tự.")

ALLOWED_HOSTS = hosts(os.environ.get("CCHC_ALLOWED_HOSTS", ""), PRODUCTION)
BASE_URL = base_url(
    os.environ.get("CCHC_BASE_URL", ""),
    f"https://{ALLOWED_HOSTS[0].lstrip('.')}"
    if PRODUCTION
    else f"http://127.0.0.1:{whole_number('PORT', 8000)}",
)

_mail = environment.email_settings(
    os.environ.get("CCHC_EMAIL_URL", ""), os.environ.get("CCHC_EMAIL_FROM", ""), production=PRODUCTION
)
globals().update(_mail)
# Who is told of faults by e-mail, and after how many minutes of the same one again (cchc_dashboard.monitoring.alarm).
ADMINS = environment.administrators(
    names("CCHC_ADMINS", "none"), reached="EMAIL_HOST" in _mail or not PRODUCTION
)
FAULT_MINUTES = whole_number("CCHC_FAULT_MINUTES", 60)
SERVER_EMAIL, EMAIL_SUBJECT_PREFIX = _mail["DEFAULT_FROM_EMAIL"], "[CCHC] "

INSTALLED_APPS = [
    "cchc_dashboard.apps.DashboardConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_tables2",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "ledger",
    "accounts",
    "units",
    "records",
    "reports",
]

MIDDLEWARE = [
    "cchc_dashboard.monitoring.request_logging.RequestLogging",
    "cchc_dashboard.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cchc_dashboard.middleware.Compression",
    "cchc_dashboard.middleware.ErrorPages",
    "cchc_dashboard.middleware.InputLimits",
    "cchc_dashboard.middleware.ReadableSessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cchc_dashboard.middleware.SessionExpiry",
    "cchc_dashboard.middleware.TokenAuthentication",
    "django.contrib.messages.middleware.MessageMiddleware",
    "cchc_dashboard.middleware.DeclaredRights",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "cchc_dashboard.urls"
WSGI_APPLICATION = "cchc_dashboard.wsgi.application"

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
                "cchc_dashboard.context_processors.page",
            ],
            "builtins": ["reports.templatetags.figures"],
        },
    }
]

REPLICA_URL = os.environ.get("CCHC_REPLICA_URL", "")
REPLICA_LAG_SECONDS = whole_number("CCHC_REPLICA_LAG_SECONDS", 60)
DATABASES = environment.database_settings(
    os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'cchc.sqlite3'}", REPLICA_URL
)
if REPLICA_URL:
    MIDDLEWARE.append("cchc_dashboard.replica.FiguresFromReplica")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.PasswordLengthValidator"},
    {"NAME": "accounts.passwords.PasswordKindsValidator"},
    {"NAME": "accounts.passwords.KnownPasswordValidator"},
    {"NAME": "accounts.passwords.PersonSimilarityValidator"},
    {"NAME": "units.people.validators.UnitNameValidator"},
]
PASSWORD_LENGTH = whole_number("CCHC_PASSWORD_LENGTH", 12)
ISSUED_PASSWORD_HOURS = whole_number("CCHC_ISSUED_PASSWORD_HOURS", 72)
RESET_MINUTES = whole_number("CCHC_RESET_MINUTES", 60)
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"

PROXIES = whole_number("CCHC_PROXIES", 0)  # how many stand in front
# A whole office shares one address: lock the name at that address, never the address (acceptance S8).
AXES_FAILURE_LIMIT = whole_number("CCHC_LOGIN_FAILURES", 5)
AXES_COOLOFF_TIME = whole_number("CCHC_LOGIN_LOCK_MINUTES", 15) / 60
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_HTTP_RESPONSE_CODE = 429
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_ENABLE_ACCESS_FAILURE_LOG = True  # kept when a later sign-in clears the counting of failures
AXES_CLIENT_IP_CALLABLE = "core.network.client_origin"
AXES_VERBOSE = False
# Sign-ins and tries of them are forgotten after so many days (accounts.sessions).
SIGN_IN_DAYS = whole_number("CCHC_SIGN_IN_DAYS", 365)

# Whose role this is must sign in with a second factor; the empty list asks nobody.
SECOND_FACTOR_ROLES = names("CCHC_SECOND_FACTOR_ROLES", "administrator,leader" if PRODUCTION else "")
OTP_TOTP_SYNC = False  # a phone whose clock is wrong is not followed: 120 s old is too old

# Single sign-on by OpenID Connect; off without an issuer.
OIDC_ISSUER = issuer(os.environ.get("CCHC_OIDC_ISSUER", ""), PRODUCTION)
OIDC_CLIENT_ID = os.environ.get("CCHC_OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = os.environ.get("CCHC_OIDC_CLIENT_SECRET", "")
OIDC_LABEL = os.environ.get("CCHC_OIDC_LABEL", "")
if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured("CCHC_OIDC_CLIENT_ID hoặc CCHC_OIDC_CLIENT_SECRET còn thiếu.")

SESSION_IDLE_SECONDS = whole_number("CCHC_SESSION_IDLE_MINUTES", 30) * 60
SESSION_ABSOLUTE_SECONDS = whole_number("CCHC_SESSION_HOURS", 10) * 3600
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "cchc_dashboard.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SESSION_COOKIE_NAME = "__Host-session"
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
if PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LANGUAGE_CODE = "vi"
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"
NUMBER_GROUPING = 3

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "build" / "collected"
STATICFILES_DIRS = [each for each in (BASE_DIR / "static", BASE_DIR / "build" / "static") if each.is_dir()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or "pytest" in sys.modules
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
# What drawing one PDF may take: bytes of addresses and seconds of the processor (acceptance R15).
PDF_MAX_BYTES = whole_number("CCHC_PDF_MB", 1024) * 1024 * 1024
PDF_SECONDS = whole_number("CCHC_PDF_SECONDS", 120)
PRINT_FONTS = BASE_DIR / "build" / "print-fonts"
# Official forms as data: ours, then those that an administrator adds (docs/forms.md).
FORM_DIRS = [BASE_DIR / "fixtures" / "forms", DATA_DIR / "forms"]
# Name and address of the licence that open data is given under, such as "CC-BY-4.0 https://…"; empty: none is named.
OPEN_LICENCE = os.environ.get("CCHC_OPEN_LICENCE", "").strip()
MEDIA_ROOT = DATA_DIR / "media"
FILE_UPLOAD_PERMISSIONS = 0o600

UPLOAD_MAX_BYTES = whole_number("CCHC_UPLOAD_MB", 5) * 1024 * 1024
# Lists of dossiers are bulk imports: streamed to the disk, read within bounded memory, for who is signed in.
CASES_UPLOAD_MAX_BYTES = whole_number("CCHC_CASES_UPLOAD_MB", 300) * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_MAX_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # the largest real form (units × fields × measures) has over 1,000
DISK_FREE_MIN_BYTES = whole_number("CCHC_DISK_FREE_MB", 500) * 1024 * 1024

# How long another system's token lives at most, and how many requests it may make in a minute.
TOKEN_DAYS = whole_number("CCHC_TOKEN_DAYS", 90)
API_LIMIT = whole_number("CCHC_API_LIMIT", 600)
# Hosts (with a port where it is not the usual one) that approved figures may be pushed to; only over TLS.
PUSH_HOSTS = frozenset(host for host in os.environ.get("CCHC_PUSH_HOSTS", "").lower().split(",") if host)
PUSH_SCHEMES = ("https",)

UNLOCK_HOURS = whole_number("CCHC_UNLOCK_HOURS", 48)
FIGURE_DECIMALS = whole_number("CCHC_DECIMALS", 1)
# Whether a QR code that leads to /verify/ is offered as already chosen when a review is frozen.
REVIEW_QR = flag("CCHC_REVIEW_QR")
# How often /verify/ may be asked from one address within ten minutes: an office shares one.
VERIFY_LIMIT = whole_number("CCHC_VERIFY_LIMIT", 60)
# The log is kept for so many months at least (acceptance S34); `purge_log` leaves what begins so: the history of
# documents and of the tree, which pages and `verify_review` read however old it is.
LOG_MONTHS = whole_number("CCHC_LOG_MONTHS", 12, least=12)
LEDGER_KEPT = ["review.", "unit."]

DJANGO_TABLES2_TEMPLATE = "parts/table.html"

# In production one JSON object a line, a line for each request; elsewhere text, of what went wrong.
LOG_LEVEL = os.environ.get("CCHC_LOG_LEVEL", "") or ("INFO" if PRODUCTION else "WARNING")
# What /metrics asks for; without it there is no such page.
METRICS_TOKEN = long_enough("CCHC_METRICS_TOKEN", 32)
LOGGING = logs.logging_settings(level=LOG_LEVEL, as_json=PRODUCTION)
