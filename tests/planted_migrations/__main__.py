import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line

from . import MODULES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cchc_dashboard.settings")
settings.MIGRATION_MODULES = MODULES
execute_from_command_line(["manage.py", *sys.argv[1:]])
