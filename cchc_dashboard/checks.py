"""What must hold before a production server starts (acceptance S20)."""

from django.conf import settings
from django.core.checks import Error, Tags, register


@register(Tags.security, deploy=True)
def debug_is_off(app_configs, **kwargs):
    """`check --deploy` fails where the pages could show code."""
    if settings.DEBUG:
        return [Error("CCHC_DEBUG đang bật.", id="cchc.E001")]
    return []
