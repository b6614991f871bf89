"""Addresses of what drafts are made of: outlines and phrases."""

from django.urls import path

from reports.views import outlines, phrases

urlpatterns = [
    path("reports/outline/", outlines.outline, name="outline"),
    path("reports/phrases/", phrases.phrase_list, name="phrases"),
    path("reports/phrases/new/", phrases.phrase_new, name="phrase_new"),
    path("reports/phrases/<slug:key>/", phrases.phrase, name="phrase"),
]
