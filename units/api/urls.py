"""Addresses of units for other systems."""

from django.urls import path

from .views import unit_list

urlpatterns = [path("units", unit_list, name="api_units")]
