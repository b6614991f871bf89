"""A bare Django page served alone: the memory of Django and gunicorn without the product."""

import os
from collections.abc import Callable
from typing import Any

PAGE = """<!doctype html><title>Bare</title><p>{{ visits }}</p><table>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>"""


def site() -> Callable:
    """A WSGI application with one page: a cookie session, a query of thirty rows, a template."""
    import dj_database_url
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.urls import path

    settings.configure(
        SECRET_KEY="c" * 50,
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=(path("", page),),
        DATABASES={"default": dj_database_url.parse(os.environ["DATABASE_URL"])},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
        ],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    )
    return get_wsgi_application()


def page(request: Any) -> Any:
    from django.db import connection
    from django.http import HttpResponse
    from django.template import engines

    request.session["visits"] = request.session.get("visits", 0) + 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, name, tier, path FROM units_unit ORDER BY id LIMIT 30")
        rows = cursor.fetchall()
    drawn = engines["django"].from_string(PAGE).render({"rows": rows, "visits": request.session["visits"]})
    return HttpResponse(drawn)
