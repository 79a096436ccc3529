"""Every setting: a line each, read from the environment or a `.env` file beside manage.py.

The table in docs/running.md explains them; tests/hashkeep/test_settings.py compares the two.
"""

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from environs import Env, EnvValidationError, validate

from clients import ClientAddress
from hashkeep.compound_settings import parse_clients, parse_folders, validate_each
from hashkeep.settings_errors import explain_errors, find_malformed_line

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env(eager=False)  # so that seal() reports all wrong values together
if wrong_line := find_malformed_line(BASE_DIR / ".env"):
    raise SystemExit(wrong_line)
env.read_env(str(BASE_DIR / ".env"), recurse=False)

_CONTACT_HELP = "It begins with mailto:, https: or tel: (RFC 9116)."
_SERVER_HELP = "It is http:// or https:// and a name, without a path."

env.add_parser(name="clients", func=parse_clients)
env.add_parser(name="folders", func=parse_folders)

# What operators set ------------------------------------------------------------------------------

HOST = env.str("HOST", "127.0.0.1")
PORT = env.int("PORT", 8000, validate=validate.Range(1, 65535))
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).resolve()
DATABASE_URL = env.str(
    "DATABASE_URL", "", validate=validate.Regexp("postgres(ql)?://|$", error="It begins with postgres://.")
)
CACHE_URL = env.str(
    "CACHE_URL", "", validate=validate.Regexp("((rediss?|unix)://.+)?$", error="It begins with redis://.")
)
STORAGE_URL = env.str("STORAGE_URL", f"file://{DATA_DIR}/torrents")
PUBLIC_URL = env.str("PUBLIC_URL", "", validate=validate.Regexp("(https?://[^/?#]+/?)?$", error=_SERVER_HELP))
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
DEBUG = env.bool("DEBUG", False)
UPLOADS = env.str("UPLOADS", "open", validate=validate.OneOf(["open", "keys"]))
RATE_ADDRESS = env.int("RATE_ADDRESS", 1_200, validate=validate.Range(0))
RATE_KEY = env.int("RATE_KEY", 6_000, validate=validate.Range(0))
PRIVATE_TORRENTS = env.str("PRIVATE_TORRENTS", "refuse", validate=validate.OneOf(["refuse", "keep"]))
LISTING = env.bool("LISTING", True)
SEARCH_FILES = env.bool("SEARCH_FILES", False)
SECURITY_CONTACT = env.str(
    "SECURITY_CONTACT", "", validate=validate.Regexp("((mailto|https|tel):[^\\s]+)?$", error=_CONTACT_HELP)
)
MAX_TORRENT_BYTES = env.int("MAX_TORRENT_BYTES", 10_000_000, validate=validate.Range(1, 256_000_000))
MEMORY_FOR_DOWNLOADS = env.int("MEMORY_FOR_DOWNLOADS", 100_000_000, validate=validate.Range(0))
THREADS = env.int("THREADS", 16, validate=validate.Range(1, 4096))
WAITING_MAX = env.int("WAITING_MAX", 10_000, validate=validate.Range(1))

BLOCKLISTS: list[str] = env.list("BLOCKLISTS", [])
LOG_FORMAT = env.str("LOG_FORMAT", "text", validate=validate.OneOf(["text", "json"]))

RESOLVE = env.bool("RESOLVE", True)
RESOLVE_TIMEOUT = env.float("RESOLVE_TIMEOUT", 10.0, validate=validate.Range(0, 60))
WANTED_MAX = env.int("WANTED_MAX", 100_000, validate=validate.Range(1))
DHT_BOOTSTRAP = env.list(
    "DHT_BOOTSTRAP",
    [
        "dht.libtorrent.org:25401",
        "router.bittorrent.com:6881",
        "router.utorrent.com:6881",
        "dht.transmissionbt.com:6881",
    ],
    validate=validate_each(r".+:\d+", "Each is host:port."),
)
TRACKERS = env.list(
    "TRACKERS",
    [
        "udp://tracker.opentrackr.org:1337/announce",
        "udp://open.demonii.com:1337/announce",
        "udp://open.stealth.si:80/announce",
        "udp://tracker.torrent.eu.org:451/announce",
        "udp://exodus.desync.com:6969/announce",
    ],
    validate=validate_each("(udp|https?)://.+", "Each begins with udp://, http:// or https://."),
)
BT_LISTEN = env.str(
    "BT_LISTEN", "0.0.0.0:6881", validate=validate.Regexp(r".+:\d+$", error="It is address:port.")
)
BT_ALLOW_PRIVATE = env.bool("BT_ALLOW_PRIVATE", False)

CLIENTS: dict[str, ClientAddress] = env.clients("CLIENTS", "")
CLIENT_FILES: dict[str, Path] = env.folders("CLIENT_FILES", "")
FILES_BY_NGINX = env.bool("FILES_BY_NGINX", False)
CENSUS = env.bool("CENSUS", False)
COUNTRY_DB = Path(env.str("COUNTRY_DB", str(DATA_DIR / "country.mmdb")))

_SECRET_KEY = env.str("SECRET_KEY", "")

try:
    env.seal()
except EnvValidationError as wrong:
    raise SystemExit(explain_errors(wrong)) from None


def _read_or_make_secret_key() -> str:
    """Made on the first start and kept beside the data, so that the operator need not set it."""
    path = DATA_DIR / "secret_key"
    try:
        return path.read_text()
    except FileNotFoundError:
        DATA_DIR.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(key := secrets.token_urlsafe(50))
    return key


def _secret_key_in_data_dir() -> str:
    try:
        return _read_or_make_secret_key()
    except OSError as error:
        raise SystemExit(f"DATA_DIR cannot be used: {error.filename}: {error.strerror}.") from None


SECRET_KEY = _SECRET_KEY or _secret_key_in_data_dir()

# What follows from them --------------------------------------------------------------------------

if PUBLIC_URL:
    ALLOWED_HOSTS += filter(None, [urlsplit(PUBLIC_URL).hostname])

if BEHIND_PROXY:
    USE_X_FORWARDED_HOST = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def _database_settings() -> dict[str, Any]:
    if DATABASE_URL:
        return dict(dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True))
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "hashkeep.sqlite3",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # A transaction that will write takes the write lock at its beginning, so that it never fails half-way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            # FULL: a commit is on the disk before it is acknowledged, also in WAL mode.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=268435456;",
        },
    }


DATABASES = {"default": _database_settings()}


def _cache_settings() -> dict[str, Any]:
    if CACHE_URL:
        timeouts = {"socket_connect_timeout": 1, "socket_timeout": 1}  # seconds
        return {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": CACHE_URL,
            "KEY_PREFIX": "hashkeep",
            "OPTIONS": timeouts,
        }
    return {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }


CACHES = {"default": _cache_settings()}

# Django ------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "hashkeep",
    "archive",
    "web",
    "rest_framework",
    "drf_spectacular_sidecar",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "server.wait_middleware.WaitMiddleware",
    "server.public_url_middleware.at_public_url",
    "api.rest.middleware.add_cors_and_problems",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "URL_FORMAT_OVERRIDE": None,  # `format` is a parameter of other protocols
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Hashkeep",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.rest.openapi.complete_schema",
    ],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}
ROOT_URLCONF = "hashkeep.urls"
WSGI_APPLICATION = "hashkeep.wsgi.application"
CSRF_FAILURE_VIEW = "web.errors.csrf_failure"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False
FORMAT_MODULE_PATH = "hashkeep.formats"
APPEND_SLASH = False
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 60  # seconds: an upgrade changes the files but not their names
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": ["asctime", "levelname", "name", "message"],
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # spyne logs every client's mistake with a traceback and the whole message.
        "spyne": {"level": "CRITICAL"},
        # Below ERROR are 4xx responses, which need no log line; errors of the server itself stay.
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "CRITICAL"},
    },
}
