"""Addresses of units for other systems."""

from django.urls import path

from .views import api

urlpatterns = [path("units", api.units, name="api_units")]
