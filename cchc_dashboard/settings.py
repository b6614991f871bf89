"""All settings, in one file, driven by the environment (docs/deploy.md lists every variable).

With debug off a missing or weak setting stops the start and is named (acceptance S20); nothing secret has a default.
"""

import os
import sys
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from . import logs

BASE_DIR = Path(__file__).resolve().parent.parent


def _read_dotenv(path: Path) -> None:
    """Take NAME=value lines of a .env file; the real environment wins."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, sign, value = line.strip().partition("=")
        if sign and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


def _flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, "")
    return value.lower() in ("1", "true", "yes", "on") if value else default


def _whole(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    if value and not value.isascii() or value and not value.isdigit():
        raise ImproperlyConfigured(f"{name} phải là số nguyên.")
    return int(value) if value else default


def _named(name: str, default: str) -> list[str]:
    """Names separated by commas; "none" is the empty list."""
    value = os.environ.get(name) or default
    return [] if value == "none" else [one.strip() for one in value.split(",") if one.strip()]


_read_dotenv(BASE_DIR / ".env")

DEBUG = _flag("CCHC_DEBUG")
DEMO = _flag("CCHC_DEMO", DEBUG)
DEMO_TODAY = date.fromisoformat(os.environ.get("CCHC_TODAY") or "2022-08-12") if DEMO else None
PRODUCTION = not DEBUG and not DEMO

DATA_DIR = Path(os.environ.get("CCHC_DATA") or BASE_DIR / "var").resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

SECRET_KEY = os.environ.get("CCHC_SECRET_KEY", "")
if not SECRET_KEY and not PRODUCTION:
    key_file = DATA_DIR / "secret-key"
    if not key_file.exists():
        from django.core.management.utils import get_random_secret_key

        key_file.touch(mode=0o600)
        key_file.write_text(get_random_secret_key() + get_random_secret_key())
    SECRET_KEY = key_file.read_text()
if PRODUCTION and len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("CCHC_SECRET_KEY thiếu hoặc ngắn hơn 50 ký tự.")
# What second factors are sealed with (units.sealing): the first seals, each opens.
FACTOR_KEYS = _named("CCHC_FACTOR_KEYS", "none") or [SECRET_KEY]
if PRODUCTION and min(map(len, FACTOR_KEYS)) < 50:
    raise ImproperlyConfigured("CCHC_FACTOR_KEYS có khóa ngắn hơn 50 ký tự.")

ALLOWED_HOSTS = [host for host in os.environ.get("CCHC_ALLOWED_HOSTS", "").split(",") if host]
if not ALLOWED_HOSTS and not PRODUCTION:
    ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
if PRODUCTION and (not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS):
    raise ImproperlyConfigured("CCHC_ALLOWED_HOSTS thiếu hoặc là *; hãy ghi tên miền thật.")

# Links in e-mails: no request is at hand that would tell the address.
BASE_URL = os.environ.get("CCHC_BASE_URL", "").rstrip("/") or (
    f"https://{ALLOWED_HOSTS[0].lstrip('.')}" if PRODUCTION else f"http://127.0.0.1:{_whole('PORT', 8000)}"
)
if urlsplit(BASE_URL).scheme not in ("http", "https") or not urlsplit(BASE_URL).netloc:
    raise ImproperlyConfigured("CCHC_BASE_URL phải có dạng https://ten-mien.")


# smtps:// is encrypted from the first byte, smtp:// by STARTTLS unless ?tls=0. Without an address e-mails are printed,
# but in production they go nowhere: a link that sets a password must not stand in the journal.
EMAIL_URL = urlsplit(os.environ.get("CCHC_EMAIL_URL", ""))
EMAIL_BACKEND = f"django.core.mail.backends.{'dummy' if PRODUCTION else 'console'}.EmailBackend"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("CCHC_EMAIL_FROM", "") or "cchc@localhost"
if EMAIL_URL.scheme:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    try:
        EMAIL_HOST, EMAIL_PORT = EMAIL_URL.hostname, EMAIL_URL.port
    except ValueError as fault:
        raise ImproperlyConfigured("CCHC_EMAIL_URL: cổng không đúng.") from fault
    if EMAIL_URL.scheme not in ("smtp", "smtps") or not EMAIL_HOST:
        raise ImproperlyConfigured("CCHC_EMAIL_URL phải có dạng smtp://tên:mật-khẩu@máy-chủ:cổng.")
    if "@" not in os.environ.get("CCHC_EMAIL_FROM", ""):
        raise ImproperlyConfigured("CCHC_EMAIL_FROM thiếu hoặc không phải địa chỉ thư điện tử.")
    EMAIL_USE_SSL = EMAIL_URL.scheme == "smtps"
    EMAIL_USE_TLS = not EMAIL_USE_SSL and parse_qs(EMAIL_URL.query).get("tls") != ["0"]
    EMAIL_PORT = EMAIL_PORT or (465 if EMAIL_USE_SSL else 587)
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = (
        unquote(EMAIL_URL.username or ""),
        unquote(EMAIL_URL.password or ""),
    )

# Who is told of faults by e-mail, and after how many minutes of the same one again (cchc_dashboard.alarm).
ADMINS = [("", address) for address in _named("CCHC_ADMINS", "none")]
FAULT_MINUTES = _whole("CCHC_FAULT_MINUTES", 60)
SERVER_EMAIL, EMAIL_SUBJECT_PREFIX = DEFAULT_FROM_EMAIL, "[CCHC] "
if any("@" not in address for _, address in ADMINS):
    raise ImproperlyConfigured("CCHC_ADMINS có địa chỉ không phải thư điện tử.")
if ADMINS and PRODUCTION and not EMAIL_URL.scheme:
    raise ImproperlyConfigured("CCHC_ADMINS cần máy chủ thư: CCHC_EMAIL_URL còn thiếu.")

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
    "units",
    "records",
    "reports",
]

MIDDLEWARE = [
    "cchc_dashboard.seen.Seen",
    "cchc_dashboard.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cchc_dashboard.middleware.Worded",
    "cchc_dashboard.middleware.PlainInput",
    "cchc_dashboard.middleware.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cchc_dashboard.middleware.SessionLife",
    "cchc_dashboard.middleware.Bearer",
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
                "cchc_dashboard.context.page",
            ],
            "builtins": ["reports.templatetags.figures"],
        },
    }
]

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'cchc.sqlite3'}", conn_max_age=60
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Django's own with a queue for writers.
    DATABASES["default"]["ENGINE"] = "cchc_dashboard.sqlite3"
    # Tests that run side by side tell a database in memory by its name where they do not know the engine.
    DATABASES["default"]["TEST"] = {"NAME": ":memory:"}
    # BEGIN IMMEDIATE: without it 73% of concurrent writes failed in the trial; FULL survives a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Compiling a question at run time pays for minutes of scanning; of a list of a country's silent it took two thirds.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")

# Figures are read from a replica where there is one (cchc_dashboard.replica). It is never written to.
REPLICA_URL = os.environ.get("CCHC_REPLICA_URL", "")
REPLICA_LAG_SECONDS = _whole("CCHC_REPLICA_LAG_SECONDS", 60)
if REPLICA_URL:
    DATABASES["replica"] = dj_database_url.parse(REPLICA_URL, conn_max_age=60)
    if {one["ENGINE"] for one in DATABASES.values()} != {"django.db.backends.postgresql"}:
        raise ImproperlyConfigured("CCHC_REPLICA_URL chỉ dùng được khi cả hai cơ sở dữ liệu là PostgreSQL.")
    # Two seconds: a replica that does not answer must not keep a reader waiting.
    DATABASES["replica"]["OPTIONS"] = {
        "connect_timeout": 2,
        "options": "-c default_transaction_read_only=on -c jit=off",
    }
    MIDDLEWARE.append("cchc_dashboard.replica.FiguresFromReplica")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "units.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "units.passwords.LongEnough"},
    {"NAME": "units.passwords.FourKinds"},
    {"NAME": "units.passwords.NotCommon"},
    {"NAME": "units.passwords.NotLikeThePerson"},
    {"NAME": "units.passwords.NotTheUnitName"},
]
PASSWORD_LENGTH = _whole("CCHC_PASSWORD_LENGTH", 12)
ISSUED_PASSWORD_HOURS = _whole("CCHC_ISSUED_PASSWORD_HOURS", 72)
RESET_MINUTES = _whole("CCHC_RESET_MINUTES", 60)
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"

PROXIES = _whole("CCHC_PROXIES", 0)  # how many stand in front
# A whole office shares one address: lock the name at that address, never the address (acceptance S8).
AXES_FAILURE_LIMIT = _whole("CCHC_LOGIN_FAILURES", 5)
AXES_COOLOFF_TIME = _whole("CCHC_LOGIN_LOCK_MINUTES", 15) / 60
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_HTTP_RESPONSE_CODE = 429
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_ENABLE_ACCESS_FAILURE_LOG = True  # kept when a later sign-in clears the counting of failures
AXES_CLIENT_IP_CALLABLE = "units.pace.address_of"
AXES_VERBOSE = False
# Sign-ins and tries of them are forgotten after so many days (units.visits).
SIGN_IN_DAYS = _whole("CCHC_SIGN_IN_DAYS", 365)

# Whose role this is must sign in with a second factor; the empty list asks nobody.
SECOND_FACTOR_ROLES = _named("CCHC_SECOND_FACTOR_ROLES", "administrator,leader" if PRODUCTION else "")
OTP_TOTP_SYNC = False  # a phone whose clock is wrong is not followed: 120 s old is too old

# Single sign-on by OpenID Connect; off without an issuer.
OIDC_ISSUER = os.environ.get("CCHC_OIDC_ISSUER", "")
OIDC_CLIENT_ID = os.environ.get("CCHC_OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = os.environ.get("CCHC_OIDC_CLIENT_SECRET", "")
OIDC_LABEL = os.environ.get("CCHC_OIDC_LABEL", "")
if OIDC_ISSUER and (
    urlsplit(OIDC_ISSUER).scheme != "https" and PRODUCTION or not urlsplit(OIDC_ISSUER).netloc
):
    raise ImproperlyConfigured("CCHC_OIDC_ISSUER phải có dạng https://may-chu-dang-nhap.")
if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured("CCHC_OIDC_CLIENT_ID hoặc CCHC_OIDC_CLIENT_SECRET còn thiếu.")

SESSION_IDLE_SECONDS = _whole("CCHC_SESSION_IDLE_MINUTES", 30) * 60
SESSION_ABSOLUTE_SECONDS = _whole("CCHC_SESSION_HOURS", 10) * 3600
SESSION_ENGINE = "cchc_dashboard.sessions"
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
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"
NUMBER_GROUPING = 3

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "build" / "collected"
STATICFILES_DIRS = [BASE_DIR / "static", BASE_DIR / "build" / "static"]
STATICFILES_DIRS = [folder for folder in STATICFILES_DIRS if folder.is_dir()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or "pytest" in sys.modules
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
PRINT_FONTS = BASE_DIR / "build" / "print-fonts"
# Official forms as data: ours, then those that an administrator adds (docs/forms.md).
FORM_DIRS = [BASE_DIR / "fixtures" / "forms", DATA_DIR / "forms"]
# Name and address of the licence that open data is given under, such as "CC-BY-4.0 https://…"; empty: none is named.
OPEN_LICENCE = os.environ.get("CCHC_OPEN_LICENCE", "").strip()
MEDIA_ROOT = DATA_DIR / "media"
FILE_UPLOAD_PERMISSIONS = 0o600

UPLOAD_MAX_BYTES = _whole("CCHC_UPLOAD_MB", 5) * 1024 * 1024
# Lists of dossiers are bulk imports: streamed to the disk, read within bounded memory, for who is signed in.
CASES_UPLOAD_MAX_BYTES = _whole("CCHC_CASES_UPLOAD_MB", 300) * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_MAX_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # the largest real form (units × fields × measures) has over 1,000
DISK_FREE_MIN_BYTES = _whole("CCHC_DISK_FREE_MB", 500) * 1024 * 1024

# How long another system's token lives at most, and how many requests it may make in a minute.
TOKEN_DAYS = _whole("CCHC_TOKEN_DAYS", 90)
API_LIMIT = _whole("CCHC_API_LIMIT", 600)
# Hosts (with a port where it is not the usual one) that approved figures may be pushed to; only over TLS.
PUSH_HOSTS = frozenset(host for host in os.environ.get("CCHC_PUSH_HOSTS", "").lower().split(",") if host)
PUSH_SCHEMES = ("https",)

UNLOCK_HOURS = _whole("CCHC_UNLOCK_HOURS", 48)
FIGURE_DECIMALS = _whole("CCHC_DECIMALS", 1)
# Whether a QR code that leads to /verify/ is offered as already chosen when a review is frozen.
REVIEW_QR = _flag("CCHC_REVIEW_QR")
# How often /verify/ may be asked from one address within ten minutes: an office shares one.
VERIFY_LIMIT = _whole("CCHC_VERIFY_LIMIT", 60)
LEDGER_ANCHORS = "reports.queries.log_anchors"
# The log is kept for so many months at least (acceptance S34); `purge_log` leaves what begins so: the history of
# documents and of the tree, which pages and `verify_review` read however old it is.
LOG_MONTHS = _whole("CCHC_LOG_MONTHS", 12)
if LOG_MONTHS < 12:
    raise ImproperlyConfigured("CCHC_LOG_MONTHS phải từ 12 trở lên.")
LEDGER_KEPT = ["review.", "unit."]
# What rooms above add to the work list: (request) → template and context, or None.
WORKLIST_PARTS = ["reports.views.contributing.worklist_part"]
# Kinds of long work, done outside requests by ledger.jobs.
JOBS = ["reports.outlets.queue.DRAWINGS", "records.imports.cases.job.CASES"]
# What `deliver` calls for what was kept for long enough, with the moment.
FORGETTING = [
    "ledger.outbox.forget", "ledger.keys.forget", "units.visits.forget",
    "records.actions.forget_forms", "records.actions.case_files.forget_left",
]  # fmt: skip
# What rooms above remind of in the same run.
MORE_REMINDERS = ["reports.actions.asked_reminding"]

DJANGO_TABLES2_TEMPLATE = "parts/table.html"

# In production one JSON object a line, a line for each request; elsewhere text, of what went wrong.
LOG_LEVEL = os.environ.get("CCHC_LOG_LEVEL", "") or ("INFO" if PRODUCTION else "WARNING")
if LOG_LEVEL not in logs.LEVELS:
    raise ImproperlyConfigured(f"CCHC_LOG_LEVEL phải là một trong {', '.join(logs.LEVELS)}.")
# What /metrics asks for; without it there is no such page.
METRICS_TOKEN = os.environ.get("CCHC_METRICS_TOKEN", "")
if METRICS_TOKEN and len(METRICS_TOKEN) < 32:
    raise ImproperlyConfigured("CCHC_METRICS_TOKEN ngắn hơn 32 ký tự.")
LOGGING = logs.configured(level=LOG_LEVEL, as_json=PRODUCTION)
