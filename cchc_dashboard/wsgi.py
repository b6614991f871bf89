"""The WSGI entry point that gunicorn serves; in production it refuses to start where that would be unsafe."""

import os
import sys
from importlib import import_module

from django.core.wsgi import get_wsgi_application

from .charset import Utf8Request

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cchc_dashboard.settings")
application = get_wsgi_application()
application.request_class = Utf8Request

# Only now are the models loaded that the check reads.
if faults := import_module("cchc_dashboard.checks").start_faults():
    sys.exit("\n".join(faults))
