"""Addresses of reviews and of their verification."""

urlpatterns: list = []
