"""The WSGI entry point of gunicorn; exits in production if a check fails."""

import os
import sys
from importlib import import_module

from django.core.wsgi import get_wsgi_application

from .charset import Utf8Request

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cchc_dashboard.settings")
application = get_wsgi_application()
application.request_class = Utf8Request

# The check needs the models, which are loaded only now.
if faults := import_module("cchc_dashboard.checks").start_faults():
    sys.exit("\n".join(faults))
