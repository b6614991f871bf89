"""The one place in templates where a number is written."""

from django import template

register = template.Library()
